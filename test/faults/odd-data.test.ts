import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test';
import type { Meter } from '../../src/base/model.ts';
import { octetString, u32 } from '../../src/dlms/values.ts';
import { FastClock, type House, newMeter, openHouse } from '../concentrator/house.ts';
import { ENERGY, OddMeter, PERIOD_MS, register } from './odd-meter.ts';

setDefaultTimeout(30_000);

const DAY_MS = 86_400_000;

let house: House;
let odd: OddMeter;
let clock: FastClock;
let meter: Meter;
beforeEach(async () => {
  clock = new FastClock(1);
  odd = new OddMeter();
  odd.now = () => clock.now();
  house = await openHouse({ clock });
  await house.recall('Energy profile', 86_400);
  meter = await house.add(
    newMeter('900000000001', {
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

/** Everything that is refused for good must be shown, and leave the lines idle. */
async function shows(code: string, message: RegExp): Promise<void> {
  const { lastError } = await house.settled(meter.id);
  expect(lastError?.code).toBe(code);
  expect(lastError?.message).toMatch(message);
  expect(house.errors.at(-1)).toMatchObject({ code });
  expect(house.concentrator.collector.snapshot().jobs).toEqual([]);
}

describe('a register', () => {
  test('whose value is an octet string is refused by name, and the others are kept', async () => {
    odd.objects.push(
      register('1.0.1.8.0.255', u32(123_456)),
      register('1.0.2.8.0.255', octetString(Uint8Array.of(1, 2, 3))),
      register('1.0.3.8.0.255', u32(789)),
    );
    const answer = await house.api<{ error: { code: string; message: string } }>(`/api/reading/${meter.id}`, {
      method: 'POST',
    });
    expect(answer.error.code).toBe('type-mismatch');
    expect(answer.error.message).toMatch(/class 3 1\.0\.2\.8\.0\.255 attribute 2: octet-string/);
    const { rows } = await house.api<{ rows: { obis: string; value: string }[] }>(
      `/api/meters/${meter.id}/registers`,
    );
    const energy = rows.filter(({ obis }) => obis.startsWith('1.0.'));
    expect(energy.map(({ obis, value }) => [obis, value])).toEqual([
      ['1.0.1.8.0.255', '123456'],
      ['1.0.3.8.0.255', '789'],
    ]);
  });
});

describe('a profile', () => {
  test('with a cell of another type: named, and the rows on both sides of it are kept', async () => {
    const nowMs = Math.floor(clock.now() / 1000) * 1000;
    const wanted = odd.times(nowMs - DAY_MS, nowMs);
    const badMs = wanted[40] ?? 0;
    const good = odd.profile;
    odd.profile = {
      ...good,
      cells: (time) => (time === badMs ? [u32(1), octetString(Uint8Array.of(9, 9))] : good.cells(time)),
    };
    const first = await house.round(['Energy profile']);
    expect(first.failures).toMatchObject([{ code: 'type-mismatch' }]);
    await shows('type-mismatch', /profile 1\.0\.99\.1\.0\.255: row 41 .* 3:1\.0\.2\.8\.0\.255:2/);
    const kept = (await house.times(meter.id, 'energy')).filter((time) => time < nowMs);
    expect(kept).toEqual(wanted.filter((time) => time !== badMs));
    // Still bad: it is asked for alone, and said again.
    odd.sent.length = 0;
    const second = await house.round(['Energy profile']);
    expect(second.failures).toMatchObject([{ code: 'type-mismatch' }]);
    expect(odd.sent.filter((time) => time < nowMs)).toEqual([badMs]);
    // It does not stand before what is new either.
    clock.jump(DAY_MS / 4);
    const third = await house.round(['Energy profile']);
    expect(third.failures).toMatchObject([{ code: 'type-mismatch' }]);
    const laterMs = Math.floor(clock.now() / 1000) * 1000;
    expect((await house.times(meter.id, 'energy')).filter((time) => time >= nowMs && time < laterMs)).toEqual(
      odd.times(nowMs, laterMs),
    );
    odd.profile = good;
    expect(await house.round(['Energy profile'])).toMatchObject({ failed: 0 });
    expect((await house.times(meter.id, 'energy')).filter((time) => time < nowMs)).toEqual(wanted);
    expect((await house.settled(meter.id)).lastError).toBeNull();
  });

  test('whose oldest row is the odd one, and which has more of them later', async () => {
    const nowMs = Math.floor(clock.now() / 1000) * 1000;
    const wanted = odd.times(nowMs - DAY_MS, nowMs);
    const bad = new Set([0, 1, 30, 31, 60].map((index) => wanted[index] ?? 0));
    const good = odd.profile;
    odd.profile = {
      ...good,
      cells: (time) => (bad.has(time) ? [u32(1), octetString(Uint8Array.of(9, 9))] : good.cells(time)),
    };
    for (let round = 0; round < 3; round++) {
      const { failures } = await house.round(['Energy profile']);
      expect(failures).toMatchObject([{ code: 'type-mismatch' }]);
    }
    const kept = (await house.times(meter.id, 'energy')).filter((time) => time < nowMs);
    expect(kept).toEqual(wanted.filter((time) => !bad.has(time)));
    // Three rounds have asked for the good rows once.
    for (const time of kept) expect(odd.sent.filter((sent) => sent === time)).toHaveLength(1);
    odd.profile = good;
    expect(await house.round(['Energy profile'])).toMatchObject({ failed: 0 });
    expect((await house.times(meter.id, 'energy')).filter((time) => time < nowMs)).toEqual(wanted);
  });

  test('whose column is of another type than its class says', async () => {
    odd.profile = { ...odd.profile, cells: () => [u32(1), octetString(Uint8Array.of(9, 9))] };
    await house.round(['Energy profile']);
    await shows('type-mismatch', /class 3 1\.0\.2\.8\.0\.255 attribute 2: octet-string where a number/);
  });

  test('whose columns change between two reads: rows of both layouts stay readable', async () => {
    let changedMs = Number.POSITIVE_INFINITY;
    odd.now = () => Math.min(clock.now() - DAY_MS / 2, changedMs);
    expect(await house.round(['Energy profile'])).toMatchObject({ failed: 0 });
    const before = await house.times(meter.id, 'energy');
    expect(before.length).toBeGreaterThan(40);
    changedMs = Math.ceil((before.at(-1) ?? 0) / PERIOD_MS) * PERIOD_MS;
    // The meter forgets its rows when its capture objects are set.
    odd.profile = {
      columns: ['1.0.3.8.0.255', '1.0.1.8.0.255', '1.0.4.8.0.255'],
      cells: () => [u32(31), u32(11), u32(41)],
    };
    odd.now = () => clock.now();
    expect(await house.round(['Energy profile'])).toMatchObject({ failed: 0 });
    const { columns, rows } = await profileOf();
    expect(columns.map(({ obis }) => obis).toSorted()).toEqual([
      '1.0.1.8.0.255',
      '1.0.2.8.0.255',
      '1.0.3.8.0.255',
      '1.0.4.8.0.255',
    ]);
    const at = (obis: string, time: number) => rows(obis).get(time);
    const [old = 0] = before;
    const recent = (await house.times(meter.id, 'energy')).at(-1) ?? 0;
    expect(recent).toBeGreaterThan(before.at(-1) ?? 0);
    expect([at('1.0.2.8.0.255', old), at('1.0.3.8.0.255', old)]).toEqual([7, undefined]);
    expect([at('1.0.2.8.0.255', recent), at('1.0.3.8.0.255', recent)]).toEqual([undefined, 31]);
    expect([at('1.0.1.8.0.255', recent), at('1.0.4.8.0.255', recent)]).toEqual([11, 41]);
  });

  async function profileOf() {
    const everything = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };
    const profile = await house.concentrator.store.readings.profile(meter.id, 'energy', everything);
    if (profile === undefined) throw new Error('nothing was stored');
    return {
      columns: profile.columns,
      rows: (obis: string): Map<number, number> => {
        const column = profile.values[profile.columns.findIndex((one) => one.obis === obis)];
        const entries = [...profile.times].flatMap((time, row): [number, number][] => {
          const value = column?.kind === 'number' ? column.values[row] : undefined;
          return value === undefined || Number.isNaN(value) ? [] : [[time, value]];
        });
        return new Map(entries);
      },
    };
  }

  test('whose columns change between its capture objects and its buffer', async () => {
    const good = odd.profile;
    odd.profile = { ...good, cells: (time) => [...good.cells(time), u32(3)] };
    const { failures } = await house.round(['Energy profile']);
    expect(failures).toHaveLength(1);
    expect(failures[0]?.code).toMatch(/^(profile-changed|axdr-invalid|type-mismatch)$/);
    expect(failures[0]?.message).toContain(ENERGY);
    odd.profile = { ...good, cells: (time) => good.cells(time).slice(1) };
    const fewer = await house.round(['Energy profile']);
    expect(fewer.failures[0]?.code).toMatch(/^(profile-changed|axdr-invalid|type-mismatch)$/);
    odd.profile = good;
    expect(await house.round(['Energy profile'])).toMatchObject({ failed: 0 });
  });

  const nested = (tag: number, depth: number): Uint8Array => {
    const bytes = new Uint8Array(depth * 2 + 1);
    for (let at = 0; at < depth * 2; at += 2) bytes.set([tag, 1], at);
    return bytes;
  };
  const bombs: readonly (readonly [string, Uint8Array])[] = [
    ['arrays in arrays', nested(1, 30_000)],
    ['structures in structures', Uint8Array.of(1, 1, ...nested(2, 30_000))],
    ['four billion rows announced', Uint8Array.of(1, 0x84, 0xff, 0xff, 0xff, 0xff)],
    [
      'four billion rows announced, and one there',
      Uint8Array.of(1, 0x84, 0xff, 0xff, 0xff, 0xff, 2, 3, 0, 0, 0),
    ],
    ['a row of four billion cells', Uint8Array.of(1, 1, 2, 0x84, 0xff, 0xff, 0xff, 0xff)],
    ['a string of four gigabytes', Uint8Array.of(1, 1, 2, 3, 9, 0x84, 0xff, 0xff, 0xff, 0xff)],
    ['a compact array without end', Uint8Array.of(19, 1, 0xff, 0xff, 19, 1, 0xff, 0xff)],
    ['no list at all', Uint8Array.of(6, 0, 0, 0, 1)],
    ['an unknown tag', Uint8Array.of(0xe7)],
    ['rows of null-data alone', Uint8Array.of(1, 3, 2, 3, 0, 0, 0, 2, 3, 0, 0, 0, 2, 3, 0, 0, 0)],
  ];
  test.each(bombs)('a bomb in the buffer: %s', async (name, raw) => {
    const good = odd.profile;
    odd.profile = { ...good, raw };
    const { failures } = await house.round(['Energy profile']);
    if (name !== 'rows of null-data alone') {
      expect(failures).toHaveLength(1);
      expect(failures[0]?.code).toMatch(/^(axdr-invalid|axdr-too-deep|truncated|type-mismatch)$/);
      expect(failures[0]?.message).toContain(ENERGY);
    }
    odd.profile = good;
    expect(await house.round(['Energy profile'])).toMatchObject({ failed: 0 });
  });

  test.each(bombs.filter(([name]) => name !== 'rows of null-data alone'))(
    'a bomb in the capture objects: %s',
    async (_, rawObjects) => {
      const good = odd.profile;
      odd.profile = { ...good, rawObjects };
      const { failures } = await house.round(['Energy profile']);
      expect(failures).toHaveLength(1);
      expect(failures[0]?.code).toMatch(/^(axdr-invalid|axdr-too-deep|truncated|type-mismatch|overflow)$/);
      odd.profile = good;
      expect(await house.round(['Energy profile'])).toMatchObject({ failed: 0 });
    },
  );
});
