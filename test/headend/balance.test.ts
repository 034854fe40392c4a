import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import type { BalanceInterval } from '../../src/base/balance.ts';
import { decodeData } from '../../src/dlms/axdr.ts';
import { decodeDateTime, toUtcMs } from '../../src/dlms/datetime.ts';
import { BALANCE_PROFILE } from '../../src/headend/balance-contents.ts';
import { sapOf } from '../../src/headend/meter-saps.ts';
import { pushedRuns } from '../../src/headend/push/contents.ts';
import { ZoneTimes } from '../../src/headend/zone-times.ts';
import { elements, octets, openServed, range, readValue, type ServedHouse } from './served.ts';

setDefaultTimeout(60_000);

const DAY_MS = 86_400_000;
const QUARTER_MS = 900_000;
const CLOCK = '0.0.1.0.0.255';
const PROFILE = { classId: 7, obis: BALANCE_PROFILE, attribute: 2 };
const DAY = Math.floor(Date.now() / DAY_MS) - 2;

const interval = (quarter: number, change: Partial<BalanceInterval>): BalanceInterval => ({
  fromMs: DAY * DAY_MS + (quarter - 1) * QUARTER_MS,
  toMs: DAY * DAY_MS + quarter * QUARTER_MS,
  scaler: 0,
  imported: 100,
  exported: 0,
  consumed: 130,
  fed: 0,
  expected: 1,
  counted: 1,
  missing: {},
  ...change,
});

/** One that is negative, one in a finer unit and by phase, one that is not complete. */
const INTERVALS = [
  interval(1, {}),
  interval(2, {
    scaler: -3,
    imported: 90_500,
    consumed: 80_000,
    phases: { supplied: [30_000, 30_000, 30_500], consumed: [20_000, 30_000, 30_000], unassigned: 0 },
  }),
  interval(3, { consumed: 0, counted: 0, missing: { 'no-row': 1 } }),
];

let served: ServedHouse;
beforeAll(async () => {
  served = await openServed();
  const { store } = served.house.concentrator;
  await store.archive.update(served.meter(0).id, { balance: true });
  await store.balances.settlePlaces();
  await store.balances.save(served.meter(0).id, DAY, INTERVALS);
  await served.house.concentrator.headend.settled();
});
afterAll(() => served.end());

const device = (index: number) => served.associate(sapOf(served.meter(index).id) ?? 0);
const long64 = (value: number) => ({ type: 'long64' as const, value: BigInt(value) });
const none = { type: 'null-data' as const };

describe('the logical device of a balance meter', () => {
  test('has the balance as a profile, by range, in the scaler that its registers state', async () => {
    const client = await device(0);
    const day = range(CLOCK, DAY * DAY_MS, (DAY + 1) * DAY_MS);
    const rows = elements(await readValue(client, PROFILE, day)).map(elements);
    expect(rows.map(([time]) => toUtcMs(decodeDateTime(octets(time))))).toEqual(
      INTERVALS.map(({ toMs }) => toMs),
    );
    const count = (value: number) => ({ type: 'double-long-unsigned' as const, value });
    expect(rows.map((row) => row.slice(1))).toEqual([
      [count(1), count(1), ...[-30_000, 100_000, 0, 130_000, 0].map(long64), none, none, none],
      [count(1), count(1), ...[10_500, 90_500, 0, 80_000, 0, 10_000, 0, 500].map(long64)],
      [count(1), count(0), ...[100_000, 100_000, 0, 0, 0].map(long64), none, none, none],
    ]);
    const second = range(CLOCK, DAY * DAY_MS + 2 * QUARTER_MS, DAY * DAY_MS + 2 * QUARTER_MS);
    expect(elements(await readValue(client, PROFILE, second))).toHaveLength(1);
    const captured = elements(await readValue(client, { ...PROFILE, attribute: 3 }));
    expect(captured).toHaveLength(11);
    expect(await readValue(client, { ...PROFILE, attribute: 4 })).toMatchObject({ value: 900 });
    expect(await readValue(client, { ...PROFILE, attribute: 7 })).toMatchObject({ value: 3 });
    await client.release();
  });

  test('has the last balance as registers', async () => {
    const client = await device(0);
    const balance = { classId: 3, obis: '1.130.16.29.0.255', attribute: 2 };
    expect(await readValue(client, balance)).toEqual(long64(100_000));
    expect(elements(await readValue(client, { ...balance, attribute: 3 }))).toEqual([
      { type: 'integer', value: -3 },
      { type: 'enum', value: 30 },
    ]);
    const counted = { classId: 1, obis: '0.128.96.1.2.255', attribute: 2 };
    expect(await readValue(client, counted)).toMatchObject({ value: 0 });
    await client.release();
  });

  test('is the only one that has it', async () => {
    const client = await device(1);
    const answer = await client.get({ ...PROFILE, attribute: 3 });
    expect(answer.ok).toBe(false);
    await client.release();
  });
});

test('what is pushed of a balance says its columns, rows and scalers', () => {
  const item = {
    id: 1,
    meterId: 7,
    at: 0,
    priority: 5,
    content: { kind: 'balance' as const, intervals: INTERVALS },
  };
  const [run, ...others] = pushedRuns(item, { profile: undefined, times: new ZoneTimes('UTC') });
  expect([run?.count, others.length]).toEqual([3, 0]);
  const [columns, buffer, ...scalers] = run?.attributes(1, 3) ?? [];
  expect([columns, buffer].map((one) => one?.object)).toMatchObject([
    { obis: BALANCE_PROFILE, attribute: 3 },
    { obis: BALANCE_PROFILE, attribute: 2 },
  ]);
  const rows = elements(buffer && decodeData(buffer.value)).map(elements);
  expect(rows.map((row) => row[3])).toEqual([long64(10_500), long64(100_000)]);
  expect(scalers).toHaveLength(8);
  expect(scalers.map(({ value }) => elements(decodeData(value))[0])).toEqual(
    scalers.map(() => ({ type: 'integer', value: -3 })),
  );
});
