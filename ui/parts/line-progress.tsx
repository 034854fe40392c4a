import { Group, Progress, Stack, Text } from '@mantine/core';
import type { CollectorSnapshot } from '../../src/api/contract.ts';

const SHOWN = 8;

/** How far the round has come, per line; the busy ones first. */
export function LineProgressList({ lines }: { readonly lines: CollectorSnapshot['lines'] }) {
  if (lines.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        Nothing is being collected now. Reads start by the schedule in Setting → Task Item.
      </Text>
    );
  }
  const sum = (pick: (line: CollectorSnapshot['lines'][number]) => number): number =>
    lines.reduce((total, line) => total + pick(line), 0);
  const all = {
    line: `All ${lines.length} lines`,
    total: sum((line) => line.total),
    done: sum((line) => line.done),
    failed: sum((line) => line.failed),
    queued: sum((line) => line.queued),
    running: sum((line) => line.running),
    current: null,
  };
  const busy = [...lines].sort((a, b) => b.running - a.running || b.queued - a.queued);
  return (
    <Stack gap="sm">
      {lines.length > 1 && <LineProgress line={all} />}
      {busy.slice(0, SHOWN).map((line) => (
        <LineProgress key={line.line} line={line} />
      ))}
      {busy.length > SHOWN && (
        <Text size="xs" c="dimmed">
          and {busy.length - SHOWN} more lines
        </Text>
      )}
    </Stack>
  );
}

function LineProgress({ line }: { readonly line: CollectorSnapshot['lines'][number] }) {
  const { total, done, failed, current, queued, running } = line;
  const share = (count: number): number => (total === 0 ? 0 : (count / total) * 100);
  const idle = running === 0 && queued === 0;
  return (
    <div>
      <Group justify="space-between" gap="xs" mb={4} wrap="nowrap">
        <Text size="sm" truncate>
          {line.line}
          {current !== null && (
            <Text span inherit c="dimmed">
              {' '}
              · {current}
            </Text>
          )}
        </Text>
        <Text size="sm" c="dimmed" className="numbers" style={{ whiteSpace: 'nowrap' }}>
          {done} of {total}
          {failed > 0 && (
            <Text span inherit c="red">
              {' '}
              · {failed} failed
            </Text>
          )}
        </Text>
      </Group>
      <Progress.Root size="sm">
        <Progress.Section
          value={share(done)}
          color="tide"
          animated={!idle}
          aria-label={`${line.line}: ${done} of ${total} read`}
        />
        <Progress.Section value={share(failed)} color="red" aria-label={`${failed} failed`} />
      </Progress.Root>
    </div>
  );
}
