/**
 * The reading side of the concentrator in virtual time with its uplinks cut, until it is killed. Standard output says how far it has
 * come (`at MS`) and when it begins to write to its disk (`commit`). Argument: a `ReadingJob` as JSON.
 */
import { writeSync } from 'node:fs';
import { sleep, VirtualClock } from '../../src/base/clock.ts';
import { DcuError, toDcuError } from '../../src/base/errors.ts';
import { silentLog } from '../../src/base/log.ts';
import type { TaskType } from '../../src/base/model.ts';
import { SeededRandom } from '../../src/base/random.ts';
import { type Core, startCore } from '../../src/concentrator/core.ts';
import { Uplinks } from '../../src/concentrator/uplink.ts';
import { openSealer } from '../concentrator/open-sealer.ts';
import { archiveRow, secretsOf, setUp } from '../days/archive.ts';
import { houseOf, type StreetPlan, sceneryOf } from './house.ts';
import { Journal } from './journal.ts';

export interface ReadingJob {
  readonly plan: StreetPlan;
  readonly directory: string;
  readonly journal: string;
  /** UTC ms at which this process begins, and at which it has nothing left to do. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** Attributes of the uplink's channel. */
  readonly channel: string;
  readonly attributes: Readonly<Record<string, string>>;
}

const SLOWEST_COMMIT_MS = 40;
const STEP_MS = 60_000;

const {
  plan,
  directory,
  journal: path,
  fromMs,
  untilMs,
  channel,
  attributes,
} = JSON.parse(process.argv[2] ?? '') as ReadingJob;
const clock = new VirtualClock(fromMs);
const random = new SeededRandom(plan.seed).fork(`from ${fromMs}`);
const disk = random.fork('disk');
const journal = new Journal(path);
const say = (text: string): void => void writeSync(1, `${text}\n`);

/** Lets time pass until it has settled. */
async function meanwhile<Result>(promise: Promise<Result>): Promise<Result> {
  const state = { settled: false };
  const mark = (): void => {
    state.settled = true;
  };
  promise.then(mark, mark);
  while (!state.settled) await clock.advance(10);
  return promise;
}

async function begin(): Promise<Core> {
  const { street, transports } = houseOf(plan, clock);
  const core = await startCore({
    directory,
    version: '0.0.0',
    bootedAt: clock.now(),
    clock,
    random,
    log: silentLog,
    transports,
    thread: 'same',
    sealer: openSealer,
    defer: (commit) => {
      clock.after(disk.next() ** 3 * SLOWEST_COMMIT_MS, () => {
        say('commit');
        commit();
      });
    },
    onAcknowledged: (stored) => journal.write({ stored }),
  });
  const { store, collector } = core;
  const uplinks = new Uplinks({
    directory,
    store,
    collector,
    profiles: core.profiles,
    serialNumber: core.identity.serialNumber,
    systemTitle: core.systemTitle,
    version: core.identity.firmwareVersion,
    zone: core.zone,
    clock,
    random,
    log: silentLog,
    connect: async () => {
      await sleep(clock, 1000);
      throw new DcuError('channel-open-failed', 'the uplink is cut');
    },
  });
  await uplinks.start();
  core.onChannelsChanged(() => uplinks.reload());
  core.onMetersChanged(() => uplinks.metersChanged());
  if (fromMs === plan.startMs) {
    await switchOn(core);
    await setUp(core, sceneryOf(plan));
    for (const item of await store.configuration.taskItems('single_phase')) {
      // What is done to a meter would be gone with this process.
      if (item.type === 'Meter Clock') await store.configuration.saveTaskItem({ ...item, enabled: false });
    }
  }
  const known = new Set((await store.archive.list({ limit: 10_000 })).rows.map(({ meterNo }) => meterNo));
  for (const { meter, where } of street.places) {
    if (!known.has(meter.plan.meterNo))
      await store.archive.create(archiveRow(meter.plan, where), secretsOf(meter.plan));
  }
  return core;
}

async function switchOn({ store: { configuration } }: Core): Promise<void> {
  for (const attribute of await configuration.channelAttributes(channel)) {
    const value = attributes[attribute.key];
    if (value !== undefined) await configuration.saveChannelAttribute({ ...attribute, value });
  }
  const row = (await configuration.channels()).find(({ name }) => name === channel);
  if (row === undefined) throw new Error(`there is no channel ${channel}`);
  await configuration.saveChannel({ ...row, enabled: true });
}

const core = await meanwhile(begin());
const started = new Map<string, number>();
core.collector.bus.on('job-started', ({ jobId }) => started.set(jobId, clock.now()));
core.collector.bus.on('job-finished', ({ jobId, meterId, type, outcome, error }) => {
  const startMs = started.get(jobId);
  started.delete(jobId);
  if (outcome === 'done' && startMs !== undefined)
    journal.write({ read: { meterId, type: type as TaskType, startMs } });
  if (error?.code === 'internal') throw toDcuError(error);
});
await meanwhile(core.collector.start());
while (clock.now() < untilMs) {
  await clock.advance(STEP_MS);
  say(`at ${clock.now()}`);
}
say('end');
