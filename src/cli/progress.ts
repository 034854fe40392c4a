import { Listr } from 'listr2';
import type { Collector } from '../tasks/collector.ts';
import type { CollectorSnapshot } from '../tasks/events.ts';
import type { CliIo } from './command.ts';

const BAR_CELLS = 24;
const PLAIN_EVERY_MS = 2000;

interface Bar {
  readonly name: string;
  readonly total: number;
  readonly done: number;
  readonly failed: number;
}

/**
 * A bar for each serial line, one for the meters behind the module, one for those with an IP address, and one for all; without a terminal a line of text now and
 * then. Everything goes to stderr. Returns what ends it.
 */
export function showProgress(collector: Collector, io: CliIo): () => Promise<void> {
  return process.stderr.isTTY ? bars(collector) : lines(collector, io);
}

function lines(collector: Collector, io: CliIo): () => Promise<void> {
  let saidMs = Number.NEGATIVE_INFINITY;
  const say = (snapshot: CollectorSnapshot): void => {
    io.err(barsOf(snapshot).map(inText).join(' | '));
  };
  const off = collector.bus.on('progress', (snapshot) => {
    const nowMs = performance.now();
    if (nowMs - saidMs < PLAIN_EVERY_MS) return;
    saidMs = nowMs;
    say(snapshot);
  });
  return async () => {
    off();
    say(collector.snapshot());
  };
}

function bars(collector: Collector): () => Promise<void> {
  const ended = Promise.withResolvers<void>();
  const titles = new Map<string, (text: string) => void>();
  const show = (snapshot: CollectorSnapshot): void => {
    for (const bar of barsOf(snapshot)) titles.get(bar.name)?.(`${inText(bar)} ${drawn(bar)}`);
  };
  const off = collector.bus.on('progress', show);
  const tasks = barsOf(collector.snapshot()).map(({ name }) => name);
  const names = tasks.length > 1 ? tasks : ['PLC module', '485_1', '485_2', 'IP meters', 'all'];
  const list = new Listr(
    names.map((name) => ({
      title: name,
      task: (_: unknown, task: { title: string | undefined }): Promise<void> => {
        titles.set(name, (text) => {
          task.title = text;
        });
        return ended.promise;
      },
    })),
    { concurrent: true },
  );
  const running = list.run();
  return async () => {
    off();
    show(collector.snapshot());
    ended.resolve();
    await running;
  };
}

/** Meters behind the module, and those with an IP address, are lines of their own each. */
function groupOf(line: string): string {
  if (line.startsWith('plc:')) return 'PLC module';
  return line.includes(':') ? 'IP meters' : line;
}

/** Lines of single meters are shown as one. */
function barsOf({ lines: views }: CollectorSnapshot): Bar[] {
  const groups = new Map<string, Bar>();
  const add = (name: string, total: number, done: number, failed: number): void => {
    const before = groups.get(name) ?? { name, total: 0, done: 0, failed: 0 };
    groups.set(name, {
      name,
      total: before.total + total,
      done: before.done + done,
      failed: before.failed + failed,
    });
  };
  for (const { line, total, done, failed } of views) add(groupOf(line), total, done, failed);
  for (const { total, done, failed } of views) add('all', total, done, failed);
  return [...groups.values()];
}

function inText({ name, total, done, failed }: Bar): string {
  return `${name}: ${done}/${total}${failed === 0 ? '' : ` (${failed} failed)`}`;
}

function drawn({ total, done }: Bar): string {
  const cells = total === 0 ? 0 : Math.round((done / total) * BAR_CELLS);
  return `${'█'.repeat(cells)}${'░'.repeat(BAR_CELLS - cells)}`;
}
