import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import type { OutboxState } from '../../src/base/outbox.ts';
import { SeededRandom, systemRandom } from '../../src/base/random.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../src/simulator/calendar.ts';
import { openStore } from '../../src/store/index.ts';
import type { Store } from '../../src/store/types.ts';
import { openSealer } from '../concentrator/open-sealer.ts';
import { audit } from './audit.ts';
import { distinct, type HeadEnd } from './head-end.ts';
import type { StreetPlan } from './house.ts';
import { readJournal } from './journal.ts';
import type { Balance } from './ledger.ts';
import { Child } from './process.ts';
import type { ReadingJob } from './reading-child.ts';
import type { SendingJob } from './sending-child.ts';

export interface OutageOptions {
  readonly uplink: string;
  readonly seed: number;
  readonly days: number;
  readonly meters: number;
  /** With SIGKILL while the uplink is cut. */
  readonly kills: number;
  readonly headEnd: () => Promise<HeadEnd>;
  readonly tell: (text: string) => void;
}

export interface OutageRun extends Balance {
  readonly uplink: string;
  readonly seed: number;
  readonly days: number;
  readonly meters: number;
  /** While the uplink was cut, and while it was used. */
  readonly kills: number;
  readonly killsWhileSending: number;
  /** How often the far end went away while it was sent to. */
  readonly restarts: number;
  /** Items of the outbox that waited when the uplink came back. */
  readonly waited: number;
}

/** Daylight saving begins two days later, and a month ends. */
const START_MS = Date.UTC(2026, 2, 27, 12);
const LONGEST_DOWN_MS = 20 * MINUTE_MS;
/** What is still under way at the end of the last day. */
const END_MS = 30 * MINUTE_MS;
const KILLS_WHILE_SENDING = 2;
const RESTARTS = 2;
/** The child has gone on a little when its death reaches it. */
const MOST_DELAY_MS = 40;
/** Something is wrong where nothing comes for so long, and nothing more comes behind the last. */
const STILL_MS = 60_000;
const LAST_MS = 10_000;

/** One concentrator without an uplink for days, and what the head-end gets when it is back. */
export async function runOutage(options: OutageOptions): Promise<OutageRun> {
  const { uplink, seed, days, meters, kills, tell } = options;
  const scratch = mkdtempSync(join(tmpdir(), 'opendcu-outage-'));
  const plan: StreetPlan = { seed, meters, startMs: START_MS };
  const endMs = START_MS + days * DAY_MS + END_MS;
  const place = { directory: join(scratch, 'data'), journal: join(scratch, 'journal') };
  const random = new SeededRandom(seed).fork('outage');
  const headEnd = await options.headEnd();
  try {
    const { channel, attributes } = headEnd;
    await read(
      { plan, ...place, fromMs: START_MS, untilMs: endMs, channel, attributes },
      kills,
      random,
      tell,
    );
    const waited = await withStore(
      place.directory,
      async (store) => (await outboxState(store, channel)).waiting,
    );
    tell(`${waited} items wait for the head-end`);
    await headEnd.open();
    await send({ ...place, fromMs: endMs + HOUR_MS }, headEnd, waited, random, tell);
    const result = await withStore(place.directory, async (store) => {
      const state = await outboxState(store, channel);
      const { acknowledged } = state;
      // What is acknowledged may be under way from the broker still; what never comes is lost.
      await becomes(
        () => distinct(headEnd),
        (count) => count >= acknowledged,
        LAST_MS,
      );
      return audit({ store, state, plan, endMs, notes: readJournal(place.journal), headEnd });
    });
    return {
      uplink,
      seed,
      days,
      meters,
      kills,
      killsWhileSending: KILLS_WHILE_SENDING,
      restarts: RESTARTS,
      waited,
      ...result,
    };
  } finally {
    await headEnd.close();
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Days without an uplink: killed at moments of virtual time, every other time when it has just begun to write. */
async function read(
  job: ReadingJob,
  kills: number,
  random: SeededRandom,
  tell: (text: string) => void,
): Promise<void> {
  const spanMs = job.untilMs - job.fromMs;
  const moments = Array.from({ length: kills }, () => job.fromMs + random.next() * spanMs).sort(
    (a, b) => a - b,
  );
  let { fromMs } = job;
  for (const [index, momentMs] of [...moments, Number.POSITIVE_INFINITY].entries()) {
    const inWrite = index % 2 === 0;
    const delayMs = inWrite ? 0 : random.next() * MOST_DELAY_MS;
    const reachedMs = await readUntilKilled({ ...job, fromMs }, momentMs, inWrite, delayMs);
    tell(`killed at ${new Date(reachedMs).toISOString()}${inWrite ? ', about to write' : ''}`);
    // One step further than it has told, so that its clock does not go back.
    fromMs = reachedMs + MINUTE_MS + Math.floor(random.next() * LONGEST_DOWN_MS);
  }
}

/** One process from its start to its death; the time that it has reached. */
async function readUntilKilled(
  job: ReadingJob,
  momentMs: number,
  inWrite: boolean,
  delayMs: number,
): Promise<number> {
  const child = new Child('reading-child.ts', job);
  let reachedMs = job.fromMs;
  let killed: Promise<void> | undefined;
  const kill = async (): Promise<void> => {
    if (delayMs > 0) await Bun.sleep(delayMs);
    await child.kill();
  };
  // What it has said until it is dead counts.
  for await (const line of child.lines) {
    const [what, at] = line.split(' ');
    if (what === 'at') reachedMs = Number(at);
    if (what === 'end' || (reachedMs >= momentMs && (!inWrite || what === 'commit'))) killed ??= kill();
  }
  if (killed === undefined) throw new Error('the concentrator ended by itself');
  await killed;
  return reachedMs;
}

/** The uplink is back: in between, the concentrator is killed and the far end goes away. */
async function send(
  job: SendingJob,
  headEnd: HeadEnd,
  waiting: number,
  random: SeededRandom,
  tell: (text: string) => void,
): Promise<void> {
  const steps = [
    ...Array.from({ length: KILLS_WHILE_SENDING }, () => 'kill' as const),
    ...Array.from({ length: RESTARTS }, () => 'restart' as const),
  ]
    .map((what) => ({ what, share: 0.05 + 0.8 * random.next() }))
    .sort((a, b) => a.share - b.share);
  let child = new Child('sending-child.ts', job);
  const came = (): number => {
    if (child.ended) throw new Error('the concentrator ended by itself');
    return headEnd.deliveries.length;
  };
  try {
    for (const { what, share } of steps) {
      await progress('what waits comes', came, (count) => count >= share * waiting);
      tell(`${came()} messages came; ${what === 'kill' ? 'killed' : 'the far end goes away'}`);
      if (what === 'restart') await headEnd.disturb();
      else {
        await child.kill();
        child = new Child('sending-child.ts', job);
      }
    }
    let empty = false;
    const end = (async () => {
      for await (const line of child.lines) if (line === 'empty') break;
      empty = true;
    })();
    await progress('nothing is owed any more', came, () => empty);
    await end;
  } finally {
    await child.kill();
  }
}

/** Waits until a count is enough; it may take as long as it grows. */
async function progress(
  what: string,
  count: () => number,
  isEnough: (count: number) => boolean,
): Promise<void> {
  if (!(await becomes(count, isEnough, STILL_MS)))
    throw new Error(`it did not come to pass that ${what}: ${count()}`);
}

/** False when it has not changed for so long. */
async function becomes(
  count: () => number,
  isEnough: (count: number) => boolean,
  stillMs: number,
): Promise<boolean> {
  let last = -1;
  let sinceMs = systemClock.monotonicMs();
  for (;;) {
    const now = count();
    if (isEnough(now)) return true;
    if (now !== last) sinceMs = systemClock.monotonicMs();
    last = now;
    if (systemClock.monotonicMs() - sinceMs > stillMs) return false;
    await Bun.sleep(20);
  }
}

async function outboxState(store: Store, channel: string): Promise<OutboxState> {
  const state = (await store.outbox.state()).find(({ destination }) => destination === channel);
  if (state === undefined) throw new Error(`nothing was ever owed to ${channel}`);
  return state;
}

async function withStore<Result>(directory: string, use: (store: Store) => Promise<Result>): Promise<Result> {
  const store = await openStore({
    directory,
    clock: systemClock,
    log: silentLog,
    random: systemRandom,
    sealer: openSealer,
    validateCron: () => {},
  });
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}
