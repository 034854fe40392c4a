import { afterEach, expect, setDefaultTimeout, test } from 'bun:test';
import { sleep } from '../../src/base/clock.ts';
import { BusHouse } from './bus-house.ts';

setDefaultTimeout(120_000);

const CHANNEL = '485_1';
const MINUTE_MS = 60_000;
const CAPTURE_MS = 15 * MINUTE_MS;
/** Threshold, and what the reading of a clock that shows whole seconds leaves open. */
const RIGHT_MS = 2_500;

let house: BusHouse | undefined;
afterEach(async () => {
  await house?.close();
  house = undefined;
});

/** A line of meters that are all off by so much, on a channel that may set their clocks all at once, or not. */
async function driftingLine(auth: 'mixed' | 'lls', driftMs: number, allowed = true): Promise<BusHouse> {
  const made = new BusHouse();
  house = made;
  await made.open(8, auth);
  const { configuration, archive } = made.core.store;
  for (const { id } of made.meters) await archive.update(id, { profile: 'idis' });
  for (const attribute of await configuration.channelAttributes(CHANNEL)) {
    if (attribute.key !== 'clock.broadcast') continue;
    await configuration.saveChannelAttribute({ ...attribute, value: allowed ? '1' : '0' });
  }
  const nowMs = made.clock.now();
  for (const { device } of made.street.meters) device.point.setClock(nowMs, nowMs + driftMs);
  return made;
}

/** Drift of each meter, ms, in the order of the line. */
const driftsOf = ({ street, clock }: BusHouse): number[] =>
  street.meters.map(({ device }) => device.point.clock.at(clock.now()) - clock.now());

async function correctionsOf({ core, meters }: BusHouse) {
  const all = await Promise.all(meters.map(({ id }) => core.store.readings.clock(id, 100)));
  return all.map(({ corrections }) => corrections);
}

async function keepClocks(made: BusHouse): Promise<void> {
  await made.settle(made.core.collector.round({ types: ['Meter Clock'] }));
  await made.settle(sleep(made.clock, 30 * MINUTE_MS));
}

test('a line of meters that are all five seconds late is set right at once, and none by itself', async () => {
  const made = await driftingLine('lls', -5_000);
  await keepClocks(made);
  for (const drift of driftsOf(made)) expect(Math.abs(drift)).toBeLessThan(RIGHT_MS);
  const corrections = (await correctionsOf(made)).flat();
  expect(new Set(corrections.map(({ action }) => action))).toEqual(new Set(['broadcast']));
  // Those that were looked at before it; of the others nobody knows that they were off.
  expect(corrections.length).toBeGreaterThanOrEqual(3);
  for (const { driftMs, leftMs, time } of corrections) {
    expect(Math.abs(driftMs + 5_000)).toBeLessThan(1_000);
    expect(Math.abs(leftMs ?? 9_999)).toBeLessThan(RIGHT_MS);
    expect(time % CAPTURE_MS).toBeGreaterThan(90_000);
    expect(time % CAPTURE_MS).toBeLessThan(CAPTURE_MS - 90_000);
  }
});

test('a meter that does not take it is corrected by itself', async () => {
  const made = await driftingLine('mixed', 5_000);
  await keepClocks(made);
  for (const drift of driftsOf(made)) expect(Math.abs(drift)).toBeLessThan(RIGHT_MS);
  const corrections = await correctionsOf(made);
  const actions = (isDeaf: boolean) =>
    made.street.meters.flatMap(({ auth }, at) =>
      (auth === 'hls-gmac') === isDeaf ? (corrections[at] ?? []).map(({ action }) => action) : [],
    );
  const deaf = made.street.meters.filter(({ auth }) => auth === 'hls-gmac');
  expect(deaf.length).toBeGreaterThan(0);
  expect(deaf.length).toBeLessThan(8);
  // They ask for protection, and the frame has none.
  expect(actions(true)).toEqual(deaf.map(() => 'shifted'));
  expect(new Set(actions(false))).toEqual(new Set(['broadcast']));
});

test('where the channel does not say so each is corrected by itself', async () => {
  const made = await driftingLine('lls', -5_000, false);
  await keepClocks(made);
  for (const drift of driftsOf(made)) expect(Math.abs(drift)).toBeLessThan(RIGHT_MS);
  expect((await correctionsOf(made)).map((some) => some.map(({ action }) => action))).toEqual(
    made.meters.map(() => ['shifted']),
  );
});

test('what is off by much is set by itself', async () => {
  const made = await driftingLine('lls', -3_600_000);
  await keepClocks(made);
  expect((await correctionsOf(made)).map((some) => some.map(({ action }) => action))).toEqual(
    made.meters.map(() => ['set']),
  );
});
