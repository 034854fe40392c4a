import { Group, Progress, Stack, Text } from '@mantine/core';
import type { CollectorSnapshot } from '../../src/api/contract.ts';
import { durationText } from '../format.ts';

type LineView = CollectorSnapshot['lines'][number];

const busyFirst = (a: LineView, b: LineView): number => b.running - a.running || b.queued - a.queued;

function summed(name: string, lines: readonly LineView[]): LineView {
  const sum = (pick: (line: LineView) => number): number =>
    lines.reduce((total, line) => total + pick(line), 0);
  return {
    line: name,
    shared: false,
    total: sum((line) => line.total),
    done: sum((line) => line.done),
    failed: sum((line) => line.failed),
    queued: sum((line) => line.queued),
    running: sum((line) => line.running),
    current: null,
    chunksLeft: null,
    etaMs: null,
  };
}

/** How far the round has come, channel by channel; the busy ones first. */
export function LineProgressList({
  lines,
  etaMs,
}: {
  readonly lines: CollectorSnapshot['lines'];
  /** Until all of them are done. */
  readonly etaMs: number | null;
}) {
  if (lines.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        Nothing is being collected now. Reads start by the schedule in Setting → Task Item.
      </Text>
    );
  }
  return (
    <Stack gap="sm">
      {lines.length > 1 && (
        <LineProgress line={{ ...summed(`All ${lines.length} channels`, lines), etaMs }} />
      )}
      {lines.toSorted(busyFirst).map((line) => (
        <LineProgress key={line.line} line={line} />
      ))}
    </Stack>
  );
}

/** A guess needs no seconds. */
const leftText = (ms: number): string =>
  ms < 60_000 ? 'a minute' : durationText(Math.ceil(ms / 60_000) * 60);

function LineProgress({ line }: { readonly line: LineView }) {
  const { total, done, failed, current, queued, running, etaMs } = line;
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
          {!idle && etaMs !== null && ` · about ${leftText(etaMs)} left`}
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
