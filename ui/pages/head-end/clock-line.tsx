import { Badge, Group, Text } from '@mantine/core';
import { messageOf } from '../../parts/problem.tsx';
import { Time } from '../../parts/time.tsx';
import { useClock } from './queries.ts';

/** Whether the concentrator's clock can be trusted, and who has set it. */
export function ClockLine() {
  const clock = useClock().data;
  if (clock === undefined) return null;
  const { synchronised, lost, last, ntpError } = clock;
  return (
    <Group gap="sm" component="section" aria-label="Clock">
      <Badge
        color={synchronised ? 'teal' : lost ? 'red' : 'yellow'}
        variant="light"
        tt="none"
        fw={500}
        miw="max-content"
      >
        {synchronised ? 'Clock synchronised' : lost ? 'Clock has lost its time' : 'Clock not synchronised'}
      </Badge>
      <Text size="sm" component="div">
        {last === null ? (
          'No head-end or time server has set it yet.'
        ) : (
          <>
            Set by {last.who}, <Time ms={last.at} minutes />.
          </>
        )}
        {ntpError !== null && ` Time server: ${messageOf(new Error(ntpError.message))}`}
      </Text>
    </Group>
  );
}
