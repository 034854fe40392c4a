import { afterEach, beforeEach, expect, test } from 'bun:test';
import { gapFacts } from '../../src/api/gap-facts.ts';
import { periodOf } from '../../src/api/profile-view.ts';
import type { Interval } from '../../src/base/model.ts';
import { BUILT_IN_PROFILES } from '../../src/meters/profiles/index.ts';
import type { MeterRow, Store } from '../../src/store/types.ts';
import { namedGaps } from '../../src/tasks/gaps.ts';
import {
  createMeter,
  openTestStore,
  profileRows,
  removeDirectory,
  temporaryDirectory,
} from '../store/fixture.ts';

const HOUR_MS = 3_600_000;
const PERIOD_MS = 900_000;
const START = Date.parse('2026-06-10T00:00:00Z');
const NOW = START + 24 * HOUR_MS;
const day: Interval = { fromMs: START, toMs: NOW };

let directory = '';
let store: Store;
let meter: MeterRow;
beforeEach(async () => {
  directory = temporaryDirectory();
  store = await openTestStore(directory);
  meter = await createMeter(store, '000000000001');
});
afterEach(async () => {
  await store.close();
  removeDirectory(directory);
});

/** Rows of the quarter hours of the day for which `keep` holds, and what they settle. */
async function captured(keep: (hour: number) => boolean, covered: Interval): Promise<void> {
  const times = Array.from({ length: 96 }, (_, index) => START + index * PERIOD_MS).filter((time) =>
    keep((time - START) / HOUR_MS),
  );
  const values = [{ kind: 'number', values: Float64Array.from(times, (_, index) => index) }] as const;
  const rows = profileRows(times, values);
  await store.collection.appendProfile(meter.id, 'energy', rows, covered);
}

async function gaps(blacklisted = false): Promise<unknown[]> {
  const now = await store.archive.get(meter.id);
  if (now === undefined) throw new Error('no meter');
  const rows = await store.readings.profile(meter.id, 'energy', day);
  const sources = {
    store,
    profiles: BUILT_IN_PROFILES,
    blacklist: { match: () => (blacklisted ? {} : undefined) },
    nowMs: NOW,
    zone: 'UTC',
  };
  const periodMs = periodOf('energy', rows);
  const facts = await gapFacts(sources, { meter: now, kind: 'energy', interval: day, rows, periodMs });
  return namedGaps(facts).map(({ fromMs, toMs, cause, why }) => [
    (fromMs - START) / HOUR_MS,
    (toMs - START) / HOUR_MS,
    why?.reason ?? cause,
  ]);
}

test('what the store knows names every gap of a day', async () => {
  await captured((hour) => (hour < 3 || hour >= 5) && (hour < 8 || hour >= 9) && hour < 20, {
    fromMs: START,
    toMs: START + 20 * HOUR_MS,
  });
  // The power came back at five; at nine the clock had been set forth by an hour.
  await store.collection.appendEvents(
    meter.id,
    'power-failure',
    [{ time: START + 4.95 * HOUR_MS, code: 2, clockStatus: 0, extra: { '3:0.0.96.7.19.255:2': '7200' } }],
    undefined,
  );
  await store.collection.saveClockCorrection({
    meterId: meter.id,
    time: START + 9 * HOUR_MS - 60_000,
    driftMs: -HOUR_MS,
    action: 'set',
  });
  expect(await gaps()).toEqual([
    [2.75, 5, 'power-failure'],
    [7.75, 9, 'clock-changed'],
    [19.75, 24, 'not-due'],
  ]);
});

test('codes are those of the profile of the meter', async () => {
  await captured((hour) => hour < 3 || hour >= 5, { fromMs: START, toMs: NOW });
  const events = [3, 5].map((hour, end) => ({
    time: START + hour * HOUR_MS,
    code: 101 + end,
    clockStatus: 0,
    extra: {},
  }));
  await store.collection.appendEvents(meter.id, 'power-failure', events, undefined);
  expect(await gaps()).toEqual([[2.75, 5, 'meter-has-none']]);
  await store.archive.update(meter.id, { profile: 'is-15959' });
  expect(await gaps()).toEqual([[2.75, 5, 'power-failure']]);
});

test('what was not read has the reason that holds now', async () => {
  const unread = async (): Promise<unknown> => (await gaps()).map((gap) => (gap as unknown[])[2]);
  expect(await unread()).toEqual(['not-due']);
  const item = (await store.configuration.taskItems('single_phase')).find(
    ({ type }) => type === 'Energy profile',
  );
  if (item === undefined) throw new Error('no item');
  const attempt = { meterId: meter.id, itemId: item.id, startedAt: NOW, finishedAt: NOW, added: 0 };
  await store.collection.saveAttempt({ ...attempt, error: 'link-timeout', message: 'no answer' });
  expect(await unread()).toEqual(['failed']);
  await store.collection.saveMeterState(meter.id, 'offline', NOW - HOUR_MS);
  expect(await unread()).toEqual(['offline']);
  await store.collection.saveMeterState(meter.id, 'online', NOW);
  await store.collection.saveAttempt(attempt);
  expect(await unread()).toEqual(['not-due']);
  await store.configuration.saveTaskItem({ ...item, window: '10:00-11:00' });
  expect(await unread()).toEqual(['window']);
  await store.configuration.saveTaskItem({ ...item, enabled: false });
  expect(await unread()).toEqual(['no-task']);
  await store.archive.update(meter.id, { enabled: false });
  expect(await unread()).toEqual(['disabled']);
  expect(await gaps(true)).toEqual([[0, 24, 'blacklisted']]);
});

test('a meter that took the place of another begins then, and the other ends', async () => {
  const installedAt = START + 12 * HOUR_MS;
  await captured((hour) => hour < 12, { fromMs: START, toMs: NOW });
  const next = await store.archive.replace(meter.id, { meterNo: '000000000002', installedAt }, {});
  expect(await gaps()).toEqual([[11.75, 24, 'replaced']]);
  meter = next;
  await captured((hour) => hour >= 12, { fromMs: START, toMs: NOW });
  expect(await gaps()).toEqual([[0, 12, 'not-yet-installed']]);
});
