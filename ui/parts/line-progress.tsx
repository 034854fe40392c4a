import { Collapse, Group, Progress, Stack, Text, UnstyledButton } from '@mantine/core';
import { IconChevronRight } from '@tabler/icons-react';
import { useState } from 'react';
import type { CollectorSnapshot } from '../../src/api/contract.ts';
import { durationText } from '../format.ts';

type LineView = CollectorSnapshot['lines'][number];

const SHOWN = 12;

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

/** How far the round has come: serial lines one by one, the lines of single meters as one that opens. */
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
  const serial = lines.filter((line) => line.shared).toSorted(busyFirst);
  const single = lines.filter((line) => !line.shared).toSorted(busyFirst);
  return (
    <Stack gap="sm">
      {lines.length > 1 && <LineProgress line={{ ...summed(`All ${lines.length} lines`, lines), etaMs }} />}
      {serial.map((line) => (
        <LineProgress key={line.line} line={line} />
      ))}
      {single.length > 0 && <SingleProgress lines={single} />}
    </Stack>
  );
}

function SingleProgress({ lines }: { readonly lines: readonly LineView[] }) {
  const [opened, setOpened] = useState(false);
  const name = `Single meters (${lines.length} ${lines.length === 1 ? 'channel' : 'channels'})`;
  return (
    <div>
      <UnstyledButton w="100%" aria-expanded={opened} onClick={() => setOpened(!opened)}>
        <Group gap={4} wrap="nowrap" align="flex-start">
          <IconChevronRight
            size={16}
            aria-hidden
            style={{ marginTop: 3, flexShrink: 0, transform: opened ? 'rotate(90deg)' : 'none' }}
          />
          <div style={{ flex: 1, minWidth: 0 }}>
            <LineProgress line={summed(name, lines)} />
          </div>
        </Group>
      </UnstyledButton>
      <Collapse expanded={opened}>
        <Stack gap="sm" pl="lg" pt="sm">
          {opened && lines.slice(0, SHOWN).map((line) => <LineProgress key={line.line} line={line} />)}
          {lines.length > SHOWN && (
            <Text size="xs" c="dimmed">
              and {lines.length - SHOWN} more, all of them in Operating → Lines
            </Text>
          )}
        </Stack>
      </Collapse>
    </div>
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
