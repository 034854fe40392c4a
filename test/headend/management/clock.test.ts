import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../../src/base/clock.ts';
import type { DlmsClient } from '../../../src/channels/dlms-client.ts';
import {
  CLOCK_STATUS,
  decodeDateTime,
  encodeDateTime,
  fromUtcMs,
  toUtcMs,
} from '../../../src/dlms/datetime.ts';
import { i8, i16, octetString, structure, visibleString } from '../../../src/dlms/values.ts';
import { octets, openServed, readValue, type ServedHouse } from '../served.ts';

setDefaultTimeout(60_000);

const clock = (attribute: number) => ({ classId: 8, obis: '0.0.1.0.0.255', attribute });
const HOUR_MS = 3_600_000;

let served: ServedHouse;
beforeEach(async () => {
  served = await openServed({ meters: 1 });
  await served.attributes({ 'hes.rights': 'full' });
  await served.settings({ 'device.timezone': 'Europe/Riga' });
});
afterEach(() => served.end());

const shown = async (client: DlmsClient) => decodeDateTime(octets(await readValue(client, clock(2))));
const shownMs = async (client: DlmsClient): Promise<number> => toUtcMs(await shown(client)) ?? Number.NaN;
const at = (utcMs: number) => octetString(encodeDateTime(fromUtcMs(utcMs, 0)));
/** What its status holds against it; daylight saving, which comes and goes with the season, is no doubt. */
const doubts = async (client: DlmsClient): Promise<number> => {
  const status = await readValue(client, clock(4));
  if (status.type !== 'unsigned') throw new Error(`status is ${status.type}`);
  return status.value & ~CLOCK_STATUS.daylightSaving;
};
const logged = async (type: string): Promise<string[]> => {
  const { rows } = await served.house.concentrator.store.logbook.list({
    limit: 100,
    offset: 0,
    types: [type],
  });
  return rows.map(({ detail }) => detail);
};

describe('the clock, set by the head-end', () => {
  test('every part goes by it, also after a restart; its status tells that it was set', async () => {
    const client = await served.associate(1);
    expect((await shown(client)).status).toBe(CLOCK_STATUS.doubtful);
    const wanted = systemClock.now() + 40 * HOUR_MS;
    expect(await client.set(clock(2), at(wanted))).toBe('success');
    const gone = (await shownMs(client)) - wanted;
    expect(gone).toBeGreaterThanOrEqual(-10);
    expect(gone).toBeLessThan(30_000);
    expect(await doubts(client)).toBe(0);
    const [event] = await logged('clock-set');
    expect(event).toContain(new Date(wanted).toISOString().slice(0, 16));
    expect(event).toMatch(/by 14\d{7} ms, from the head-end on tcp_server, .*127\.0\.0\.1, client 1$/);
    await client.release();
    const { directory } = served.house;
    const kept = JSON.parse(readFileSync(join(directory, 'clock.json'), 'utf8'));
    expect(Math.abs(kept.offsetMs - 40 * HOUR_MS)).toBeLessThan(30_000);
    await served.house.restart();
    await served.house.concentrator.headend.settled();
    const { rows } = await served.house.concentrator.store.logbook.list({ limit: 3, offset: 0 });
    expect(rows[0]?.type).toBe('software-start');
    expect((rows[0]?.time ?? 0) - wanted).toBeGreaterThanOrEqual(0);
    const again = await served.associate(1);
    expect(await doubts(again)).toBe(0);
    expect((await shownMs(again)) - wanted).toBeLessThan(60_000);
    await again.release();
  });

  test('a local time without a deviation is that of the zone', async () => {
    const client = await served.associate(1);
    // 1 July 2027, 12:00 in Riga, three hours ahead of UTC then.
    const local = { year: 2027, month: 7, day: 1, hour: 12, minute: 0, second: 0 };
    expect(await client.set(clock(2), octetString(encodeDateTime(local)))).toBe('success');
    const read = await shown(client);
    expect(read).toMatchObject({ month: 7, day: 1, hour: 12, deviationMinutes: -180 });
    expect(read.status).toBe(CLOCK_STATUS.daylightSaving);
    expect(await shownMs(client)).toBeLessThan(Date.UTC(2027, 6, 1, 9, 1));
    expect(await readValue(client, clock(3))).toEqual({ type: 'long', value: -120 });
    expect(await readValue(client, clock(7))).toEqual({ type: 'integer', value: 60 });
    expect(await readValue(client, clock(8))).toEqual({ type: 'boolean', value: true });
    // From 28 March, 03:00 winter time, until 31 October, 04:00 summer time.
    expect(decodeDateTime(octets(await readValue(client, clock(5))))).toMatchObject({
      month: 3,
      day: 28,
      hour: 3,
      deviationMinutes: -120,
    });
    expect(decodeDateTime(octets(await readValue(client, clock(6))))).toMatchObject({
      month: 10,
      day: 31,
      hour: 4,
      deviationMinutes: -180,
    });
    await client.release();
  });

  test('what is no time, or out of range, is refused and changes nothing', async () => {
    const client = await served.associate(1);
    const before = await shownMs(client);
    expect(await client.set(clock(2), visibleString('noon'))).toBe('type-unmatched');
    expect(await client.set(clock(2), octetString(new Uint8Array(11)))).toBe('type-unmatched');
    expect(
      await client.set(
        clock(2),
        octetString(encodeDateTime({ year: 2027, month: 2, day: 30, hour: 1, minute: 1 })),
      ),
    ).toBe('other-reason');
    expect(await client.set(clock(2), octetString(encodeDateTime({ hour: 1, minute: 1 })))).toBe(
      'other-reason',
    );
    for (const year of [1970, 2019, 2100]) {
      expect(await client.set(clock(2), at(Date.UTC(year, 5, 1)))).toBe('other-reason');
    }
    expect(await client.set(clock(3), i16(0))).toBe('read-write-denied');
    expect((await client.action(clock(6), i16(901))).result).toBe('other-reason');
    expect((await client.action(clock(6), i8(1))).result).toBe('type-unmatched');
    expect((await client.action(clock(4), i8(0))).result).toBe('other-reason');
    expect((await shownMs(client)) - before).toBeLessThan(30_000);
    expect(await logged('clock-set')).toEqual([]);
    await client.release();
  });

  test('shifted, set to the nearest minute and quarter, and to a preset time while that is valid', async () => {
    const client = await served.associate(1);
    const quarter = Date.UTC(2027, 0, 10, 10, 15);
    expect(await client.set(clock(2), at(quarter + 5 * 60_000 + 20_000))).toBe('success');
    expect((await client.action(clock(3), i8(0))).result).toBe('success');
    expect(await shownMs(client)).toBeLessThan(quarter + 5 * 60_000 + 15_000);
    expect((await client.action(clock(6), i16(-120))).result).toBe('success');
    expect(Math.abs((await shownMs(client)) - (quarter + 3 * 60_000))).toBeLessThan(30_000);
    expect((await client.action(clock(1), i8(0))).result).toBe('success');
    expect(Math.abs((await shownMs(client)) - quarter)).toBeLessThan(30_000);
    const preset = structure(at(quarter + HOUR_MS), at(quarter - HOUR_MS), at(quarter + HOUR_MS));
    expect((await client.action(clock(5), preset)).result).toBe('success');
    expect((await client.action(clock(4), i8(0))).result).toBe('success');
    expect(Math.abs((await shownMs(client)) - (quarter + HOUR_MS))).toBeLessThan(30_000);
    // Only once.
    expect((await client.action(clock(4), i8(0))).result).toBe('other-reason');
    expect(await logged('clock-set')).toHaveLength(5);
    await client.release();
  });
});

test('a time server that the head-end names and has asked sets a clock that nobody has set', async () => {
  const ahead = 3 * HOUR_MS;
  // Seconds from 1900, in whole ones.
  const socket = await Bun.udpSocket({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      data(own, data: Uint8Array, port, address) {
        const answer = new Uint8Array(48);
        answer.set([0x24, 1]);
        answer.set(data.subarray(40, 48), 24);
        const seconds = Math.floor((systemClock.now() + ahead) / 1000) + 2_208_988_800;
        for (const at of [32, 40]) new DataView(answer.buffer).setUint32(at, seconds % 2 ** 32);
        own.send(answer, port, address);
      },
    },
  });
  try {
    const ntp = (attribute: number) => ({ classId: 100, obis: '0.0.25.10.0.255', attribute });
    const client = await served.associate(1, { answerMs: 60_000 });
    expect(await client.set(ntp(4), { type: 'long-unsigned', value: socket.port })).toBe('success');
    expect(await client.set(ntp(3), octetString(new TextEncoder().encode('127.0.0.1')))).toBe('success');
    expect((await client.action(ntp(1), i8(0))).result).toBe('success');
    expect(Math.abs((await shownMs(client)) - systemClock.now() - ahead)).toBeLessThan(30_000);
    expect(await doubts(client)).toBe(0);
    expect((await logged('clock-set'))[0]).toContain(`from 127.0.0.1:${socket.port}`);
    await client.release();
  } finally {
    socket.close();
  }
});
