import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test';
import type { Meter } from '../../src/base/model.ts';
import { FastClock, type House, newMeter, openHouse } from '../concentrator/house.ts';
import { type Neighbours, startNeighbours } from './neighbours.ts';
import { OddMeter, PERIOD_MS } from './odd-meter.ts';

setDefaultTimeout(30_000);

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

describe('a meter whose clock jumps between two rounds', () => {
  let house: House;
  let odd: OddMeter;
  let meter: Meter;
  let clock: FastClock;
  beforeEach(async () => {
    clock = new FastClock(1, Date.UTC(2026, 4, 12, 10, 7));
    odd = new OddMeter();
    odd.now = () => clock.now();
    house = await openHouse({ clock });
    await house.recall('Energy profile', 2 * 86_400);
    meter = await house.add(
      newMeter('900000000002', {
        address: {
          framing: 'wrapper',
          host: odd.host,
          port: odd.port,
          clientAddress: 1,
          serverAddress: 1,
          addressBytes: 1,
        },
      }),
    );
  });
  afterEach(async () => {
    await house.end();
    await odd.close();
  });

  const valuesOf = async (): Promise<Map<number, number>> => {
    const everything = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };
    const rows = await house.concentrator.store.readings.profile(meter.id, 'energy', everything);
    const [column] = rows?.values ?? [];
    return new Map(
      [...(rows?.times ?? [])].map((time, row) => [
        time,
        column?.kind === 'number' ? (column.values[row] ?? Number.NaN) : Number.NaN,
      ]),
    );
  };

  const jumps: readonly (readonly [string, number, boolean])[] = [
    ['1 h forward', HOUR_MS, false],
    ['1 h back', -HOUR_MS, false],
    ['to 2099', Date.UTC(2099, 0, 1) - Date.UTC(2026, 4, 12), true],
    ['to 2000', Date.UTC(2000, 0, 1) - Date.UTC(2026, 4, 12), true],
  ];
  test.each(jumps)('%s', async (_, jumpMs, implausible) => {
    expect(await house.round(['Energy profile'])).toMatchObject({ failed: 0 });
    const before = await valuesOf();
    expect(before.size).toBe(2 * 96);
    const firstMs = clock.now();

    odd.now = () => clock.now() + jumpMs;
    clock.jump(2 * HOUR_MS);
    const during = await house.round(['Energy profile']);
    expect(during.failures.map(({ code }) => code)).toEqual(implausible ? ['clock-implausible'] : []);
    if (implausible) {
      const { lastError } = await house.settled(meter.id);
      expect(lastError).toMatchObject({ code: 'clock-implausible' });
      expect(lastError?.message).toMatch(/meter 900000000002: its clock is -?\d+ s off/);
    }

    odd.now = () => clock.now();
    clock.jump(2 * HOUR_MS);
    odd.sent.length = 0;
    expect(await house.round(['Energy profile'])).toMatchObject({ failed: 0 });
    const after = await valuesOf();
    // What was stored stays as it was, and is not fetched again.
    for (const [time, value] of before) expect(after.get(time)).toBe(value);
    expect(odd.sent.filter((time) => time < firstMs - 2 * PERIOD_MS)).toEqual([]);
    // Nothing is stored in a time that has not been.
    expect(Math.max(...after.keys())).toBeLessThanOrEqual(clock.now());
    // Rows of the time after the clock was set right are there.
    const wanted = odd.times(firstMs + 2 * HOUR_MS + HOUR_MS, clock.now());
    for (const time of wanted) expect(after.has(time)).toBe(true);

    clock.jump(DAY_MS);
    odd.sent.length = 0;
    expect(await house.round(['Energy profile'])).toMatchObject({ failed: 0, profileRows: 96 });
    expect(odd.sent.length).toBeLessThanOrEqual(96 + 2);
    expect((await house.settled(meter.id)).lastError).toBeNull();
  });
});

describe('the Meter Clock task', () => {
  let neighbours: Neighbours | undefined;
  let house: House | undefined;
  afterEach(async () => {
    await house?.end();
    await neighbours?.stop();
  });

  test.each([
    ['a second off', 1],
    ['half a minute off', 30],
    ['an hour off', 3_600],
    ['70 years off', 70 * 365 * 86_400],
  ])('sets it right: %s', async (_, seconds) => {
    // Far from midnight, where a correction waits.
    const clock = new FastClock(1, Date.UTC(2026, 4, 12, 10, 7));
    neighbours = await startNeighbours({}, clock);
    house = await openHouse({ clock });
    const { configuration } = house.concentrator.store;
    for (const item of await configuration.taskItems()) {
      if (item.type === 'Meter Clock') await configuration.saveTaskItem({ ...item, enabled: true });
    }
    const { device } = neighbours.at(0);
    await house.serve(neighbours.at(0));
    device.turnOn({ kind: 'clock-jump', seconds });
    const before = await house.round(['Energy profile']);
    expect(before.failed).toBe(seconds > 86_400 ? 1 : 0);
    expect(await house.round(['Meter Clock'])).toMatchObject({ failed: 0 });
    expect(Math.abs(device.point.clock.at(clock.now()) - clock.now())).toBeLessThan(5_000);
    expect(await house.round(['Energy profile'])).toMatchObject({ failed: 0 });
  });
});
