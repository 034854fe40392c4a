import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../base/clock.ts';
import { DcuError } from '../../base/errors.ts';
import { silentLog } from '../../base/log.ts';
import type { NewMeter, TaskItem } from '../../base/model.ts';
import { systemRandom } from '../../base/random.ts';
import { serialOpener } from '../../channels/serial.ts';
import { warmUp } from '../../kernels/index.ts';
import type { LineUse } from '../../meters/line-job.ts';
import { openStore } from '../../store/index.ts';
import type { SecretSealer, Store } from '../../store/types.ts';
import { createCollector } from '../../tasks/collector.ts';
import { BAUD_RATE, type LineFarEnd } from './line-far-end.ts';
import type { LineRead } from './line-figures.ts';

const DAY_S = 86_400;
/** A row may be written, and another fall out of the day, while the line is read. */
const EDGE_MS = 900_000;
const TASK = 'single_phase';
const PROTOCOL = 'bench_line';

/** The secrets of simulated meters need no vault. */
const sealer: SecretSealer = {
  seal: async (plain) => Buffer.from(plain).toString('base64'),
  open: async (sealed) => new Uint8Array(Buffer.from(sealed, 'base64')),
};

const item: TaskItem = {
  id: 1,
  name: 'energy profile',
  task: TASK,
  intervalS: 0,
  offsetS: 0,
  maxRecallS: DAY_S,
  enabled: true,
  priority: 3,
  type: 'Energy profile',
  cron: '0 0 * * *',
};

/** Reads a day of every meter with the product's own collector, sessions and store. @throws DcuError what went wrong */
export async function readLine(farEnd: LineFarEnd, maxBytes: number, signal: AbortSignal): Promise<LineRead> {
  warmUp();
  const directory = mkdtempSync(join(tmpdir(), 'dcu-bench-'));
  const clock = systemClock;
  const store = await openStore({
    directory,
    clock,
    log: silentLog,
    random: systemRandom,
    sealer,
    validateCron: () => {},
    thread: 'own',
  });
  const attributes = { 'max.bytes': String(maxBytes), 'send.timeout': '10', 'send.retry': '3' };
  const port = { path: farEnd.path, baudRate: BAUD_RATE, dataBits: 8, parity: 'none', stopBits: 1 } as const;
  const opener = serialOpener(port, clock);
  const ids: number[] = [];
  for (const meter of farEnd.meters) {
    const password = new TextEncoder().encode(meter.password);
    ids.push((await store.archive.create(archived(meter), { password })).id);
  }
  const collector = createCollector({
    store: {
      ...store.collection,
      taskGroups: async () => [{ id: 1, name: TASK, enabled: true }],
      taskItems: async () => [item],
      protocolAttributes: async () => attributes,
    },
    clock,
    random: systemRandom,
    log: silentLog,
    zone: () => 'UTC',
    systemTitle: new TextEncoder().encode('ODCBENCH'),
    openLine: () => ({ lineName: 'line', opener, protocol: PROTOCOL, shared: true }),
  });
  try {
    const startedMs = clock.monotonicMs();
    const startedAt = clock.now();
    const { failures } = await collector.round({}, signal);
    const seconds = (clock.monotonicMs() - startedMs) / 1000;
    const [failure] = failures;
    if (failure !== undefined) throw new DcuError('internal', `${failure.meterNo}: ${failure.message}`);
    const rows = await compare(store, ids, farEnd, startedAt);
    const use = collector.accounting()[0]?.use;
    if (use === undefined) throw new DcuError('internal', 'the line was not used');
    mustBeClean(use);
    return { seconds, rows, bytes: use.bytes, meters: ids.length };
  } finally {
    await collector.stop();
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Number of rows read; the day of each meter must be there row by row. */
async function compare(
  store: Store,
  ids: readonly number[],
  farEnd: LineFarEnd,
  startedAt: number,
): Promise<number> {
  let rows = 0;
  for (const [index, id] of ids.entries()) {
    const meter = farEnd.meters[index];
    const sure = { fromMs: startedAt - DAY_S * 1000 + EDGE_MS, toMs: startedAt - EDGE_MS };
    const wanted = (meter?.stamps ?? []).filter((time) => time >= sure.fromMs && time < sure.toMs);
    const read = await store.readings.profile(id, 'energy', sure);
    if (wanted.length === 0 || !Bun.deepEquals([...(read?.times ?? [])], wanted)) {
      throw new DcuError('internal', `${meter?.meterNo}: not the rows that the meter has written`);
    }
    const all = await store.readings.profile(id, 'energy', { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER });
    rows += all?.times.length ?? 0;
  }
  return rows;
}

/** What is sent twice is no useful time. */
function mustBeClean({ retransmissions, timeouts, badFcs, rejectedHeaders }: LineUse): void {
  const trouble = { retransmissions, timeouts, badFcs, rejectedHeaders };
  for (const [what, count] of Object.entries(trouble)) {
    if (count > 0) throw new DcuError('internal', `the line had trouble: ${count} ${what}`);
  }
}

function archived(meter: LineFarEnd['meters'][number]): NewMeter {
  return {
    meterNo: meter.meterNo,
    enabled: true,
    mac: -1,
    channel: '485_1',
    meterType: 1,
    phase: 1,
    credit: 1,
    task: TASK,
    prepaid: 255,
    wiring: 0,
    profile: 'generic',
    address: {
      framing: 'hdlc',
      clientAddress: meter.client,
      serverAddress: meter.server,
      physicalAddress: meter.physicalAddress,
      addressBytes: meter.addressBytes,
    },
    security: { auth: 'lls', policy: 'none' },
  };
}
