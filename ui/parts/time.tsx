import { Text, Tooltip } from '@mantine/core';
import { useZone } from '../api/queries.ts';
import { agoText, dateMinute, dateTime, zoneName } from '../format.ts';

/** An instant in the concentrator's zone, which stands beside it; its UTC form on hover. */
export function Time({ ms, minutes = false }: { readonly ms: number | null; readonly minutes?: boolean }) {
  const zone = useZone();
  if (ms === null)
    return (
      <Text span inherit c="dimmed">
        —
      </Text>
    );
  return (
    <Tooltip label={`${new Date(ms).toISOString()} (shown in ${zone})`}>
      <time dateTime={new Date(ms).toISOString()} className="numbers" style={{ whiteSpace: 'nowrap' }}>
        {minutes ? dateMinute(ms, zone) : dateTime(ms, zone)}{' '}
        <Text span size="xs" c="dimmed">
          {zoneName(ms, zone)}
        </Text>
      </time>
    </Tooltip>
  );
}

/** The instant, and how long ago that is. */
export function TimeAgo({ ms }: { readonly ms: number | null }) {
  if (ms === null) return <Time ms={ms} />;
  return (
    <span style={{ whiteSpace: 'nowrap' }}>
      <Time ms={ms} minutes /> · {agoText(ms, Date.now())}
    </span>
  );
}
