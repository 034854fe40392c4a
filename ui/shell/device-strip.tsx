import { Group, Text } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useDevice } from '../api/queries.ts';
import { dateTime } from '../format.ts';

/** Serial number, the concentrator's own time and the version (Figure 6). */
export function DeviceStrip() {
  const device = useDevice();
  const { data, dataUpdatedAt } = device;
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  // The time is the concentrator's, carried on by this computer's seconds, not by its clock.
  const time = data === undefined ? undefined : data.now + Math.max(0, now - dataUpdatedAt);
  return (
    <Group className="header-strip numbers" h={40} px="md" gap="lg" justify="space-between" wrap="nowrap">
      <Text size="sm" truncate>
        <Text span inherit visibleFrom="xs">
          DC Serial No.:{' '}
        </Text>
        {data?.serialNumber ?? '…'}
      </Text>
      <Text size="sm" truncate>
        <Text span inherit visibleFrom="sm">
          DCU Time:{' '}
        </Text>
        {data === undefined || time === undefined ? '…' : dateTime(time, data.zone)}
        <Text span inherit visibleFrom="xs" opacity={0.75}>
          {' '}
          {data?.zone}
        </Text>
      </Text>
      <Text size="sm" truncate visibleFrom="xs">
        {data === undefined ? '…' : `Version ${data.version}`}
      </Text>
    </Group>
  );
}
