import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { decodeDateTime, toUtcMs } from '../../src/dlms/datetime.ts';
import { sapOf } from '../../src/headend/meter-saps.ts';
import { writtenRows } from '../faults/neighbours.ts';
import { elements, octets, openServed, range, readValue, type ServedHouse, text } from './served.ts';

setDefaultTimeout(60_000);

const DAY_MS = 86_400_000;
const CLOCK = '0.0.1.0.0.255';
const ENERGY = { classId: 7, obis: '1.0.99.1.0.255', attribute: 2 };
const SAPS = { classId: 17, obis: '0.0.41.0.0.255', attribute: 2 };

let served: ServedHouse;
beforeAll(async () => {
  served = await openServed();
  const { house } = served;
  await house.recall('Energy profile', 2 * 86_400);
  await house.recall('Standard Event', 20 * 86_400);
  await house.round(['Energy profile', 'Standard Event', 'Monthly Billing']);
  await house.concentrator.collector.readNow(served.meter(0).id, new AbortController().signal);
});
afterEach(() => served.hangUp());
afterAll(() => served.end());

const sap = (index: number): number => sapOf(served.meter(index).id) ?? 0;

describe('the concentrator as DLMS server', () => {
  test('the SAP list names itself and every enabled meter', async () => {
    const client = await served.associate(1);
    const list = elements(await readValue(client, SAPS)).map((entry) => {
      const [address, name] = elements(entry);
      return [address, text(name)];
    });
    expect(list.slice(1)).toEqual(
      served.meters.map(({ id, meterNo }) => [{ type: 'long-unsigned', value: 15 + id }, meterNo]),
    );
    await client.release();
  });

  test('a day of the energy profile by range is what the store has, to the last integer', async () => {
    const { house } = served;
    const { id } = served.meter(0);
    const toMs = Math.floor(Date.now() / DAY_MS) * DAY_MS;
    const fromMs = toMs - DAY_MS;
    const stored = await house.concentrator.store.readings.profile(id, 'energy', { fromMs, toMs: toMs + 1 });
    const client = await served.associate(sap(0));
    const rows = elements(await readValue(client, ENERGY, range(CLOCK, fromMs, toMs))).map(elements);
    // An outage of the meter may have cost some.
    const written = writtenRows(served.street.at(0), fromMs, toMs + 1);
    expect(rows).toHaveLength(written.length);
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.map(([time]) => toUtcMs(decodeDateTime(octets(time))))).toEqual([...(stored?.times ?? [])]);
    expect(rows.map(([time]) => decodeDateTime(octets(time)).status)).toEqual([
      ...(stored?.clockStatus ?? []),
    ]);
    for (const [column, values] of (stored?.values ?? []).entries()) {
      const cells = rows.map((row) => row[column + 1]);
      expect(cells).toEqual(
        [...values.values].map((value) => ({ type: 'double-long-unsigned', value })) as never,
      );
    }
    const captured = elements(await readValue(client, { ...ENERGY, attribute: 3 })).map(elements);
    expect(captured).toHaveLength(1 + (stored?.columns.length ?? 0));
    await client.release();
  });

  test('entries, entries in use and chosen columns', async () => {
    const client = await served.associate(sap(0));
    const inUse = await readValue(client, { ...ENERGY, attribute: 7 });
    const all = elements(await readValue(client, ENERGY));
    expect(inUse).toEqual({ type: 'double-long-unsigned', value: all.length });
    const some = await readValue(client, ENERGY, {
      by: 'entry',
      fromEntry: 3,
      toEntry: 4,
      fromColumn: 3,
      toColumn: 3,
    });
    expect(elements(some)).toEqual(
      all.slice(2, 4).map((row) => ({ type: 'structure', elements: elements(row).slice(2, 3) })),
    );
    await client.release();
  });

  test('registers of the last read, scalers, events and billing come from the store', async () => {
    const { store } = served.house.concentrator;
    const { id } = served.meter(0);
    const client = await served.associate(sap(0));
    const reading = (await store.readings.registers(id)).find(({ obis }) => obis === '1.0.1.8.0.255');
    const register = { classId: 3, obis: '1.0.1.8.0.255', attribute: 2 };
    expect(await readValue(client, register)).toMatchObject({ value: Number(reading?.value) });
    expect(elements(await readValue(client, { ...register, attribute: 3 }))).toEqual([
      { type: 'integer', value: reading?.scaler ?? 99 },
      { type: 'enum', value: reading?.unit ?? 99 },
    ]);
    const events = await store.readings.events(id, { log: 'standard', limit: 10_000 });
    const log = elements(await readValue(client, { classId: 7, obis: '0.0.99.98.0.255', attribute: 2 }));
    expect(log.map((row) => elements(row)[1])).toEqual(
      events.rows.map(({ code }) => ({ type: 'double-long-unsigned' as const, value: code })).reverse(),
    );
    expect(log.length).toBeGreaterThan(0);
    const billing = await store.readings.profile(id, 'billing', { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER });
    const bills = elements(await readValue(client, { classId: 7, obis: '0.0.98.1.0.255', attribute: 2 }));
    expect(bills).toHaveLength(billing?.times.length ?? 0);
    expect(bills.length).toBeGreaterThan(0);
    await client.release();
  });

  test('the association lists what is cached, and its name is the MeterNo', async () => {
    const client = await served.associate(sap(1));
    const list = elements(await readValue(client, { classId: 15, obis: '0.0.40.0.0.255', attribute: 2 }));
    expect(list.length).toBeGreaterThan(11);
    const name = { classId: 1, obis: '0.0.42.0.0.255', attribute: 2 };
    expect(text(await readValue(client, name))).toBe(served.meter(1).meterNo);
    await client.release();
    // What the meter calls itself is in the store, and is another name.
    const known = await served.house.concentrator.store.readings.registers(served.meter(0).id);
    expect(known.map(({ obis }) => obis)).toContain(name.obis);
    const other = await served.associate(sap(0));
    expect(text(await readValue(other, name))).toBe(served.meter(0).meterNo);
    await other.release();
  });

  test('what the store does not have, the meter itself answers; it may be set and done only with full rights', async () => {
    const clock = { classId: 8, obis: CLOCK, attribute: 2 };
    const relay = { classId: 70, obis: '0.0.96.3.10.255', attribute: 1 };
    const zero = { type: 'integer' as const, value: 0 };
    const reader = await served.associate(sap(0));
    const shown = toUtcMs(decodeDateTime(octets(await readValue(reader, clock))));
    expect(Math.abs((shown ?? 0) - Date.now())).toBeLessThan(3_600_000);
    expect((await reader.action(relay, zero)).result).toBe('read-write-denied');
    expect(await readValue(reader, { ...relay, attribute: 2 })).toEqual({ type: 'boolean', value: true });
    expect(await reader.get({ classId: 3, obis: '1.0.200.200.200.255', attribute: 2 })).toEqual({
      ok: false,
      result: 'object-undefined',
    });
    await reader.release();
    await served.attributes({ 'hes.rights': 'full' });
    const master = await served.associate(sap(0));
    expect((await master.action(relay, zero)).result).toBe('success');
    expect(await readValue(master, { ...relay, attribute: 2 })).toEqual({ type: 'boolean', value: false });
    expect(
      await master.set(
        { classId: 3, obis: '1.0.1.8.0.255', attribute: 2 },
        { type: 'double-long-unsigned', value: 0 },
      ),
    ).toBe('read-write-denied');
    await master.release();
    await served.attributes({ 'hes.rights': 'read' });
  });

  test('under its live client address the head-end asks the meter itself, selections included', async () => {
    const { house } = served;
    const { id } = served.meter(0);
    const asked = (): number =>
      house.finished.filter(({ meterId, item }) => meterId === id && item === 'head-end').length;
    const toMs = Math.floor(Date.now() / DAY_MS) * DAY_MS;
    const wanted = range(CLOCK, toMs - 4 * 900_000, toMs);
    await served.attributes({ 'hes.live.client': '5' });
    const cached = await served.associate(sap(0));
    const stored = await readValue(cached, ENERGY, wanted);
    const before = asked();
    await cached.release();
    const live = await served.associate(sap(0), { client: 5 });
    const rows = elements(await readValue(live, ENERGY, wanted)).map(elements);
    expect(rows.map(([time]) => toUtcMs(decodeDateTime(octets(time))))).toEqual(
      elements(stored).map((row) => toUtcMs(decodeDateTime(octets(elements(row)[0])))),
    );
    expect(rows).toHaveLength(5);
    expect(asked()).toBe(before + 1);
    // What every device is by itself is not asked for.
    expect(text(await readValue(live, { classId: 1, obis: '0.0.42.0.0.255', attribute: 2 }))).toBe(
      served.meter(0).meterNo,
    );
    expect(asked()).toBe(before + 1);
    await live.release();
    await served.attributes({ 'hes.live.client': '' });
    await expect(served.associate(sap(0), { client: 5, answerMs: 300 })).rejects.toThrow();
  });

  test('the public client reads who the concentrator is, and no meter', async () => {
    const open = { client: 16, auth: 'none' } as const;
    const client = await served.associate(1, open);
    const firmware = await readValue(client, { classId: 1, obis: '1.0.0.2.0.255', attribute: 2 });
    expect(text(firmware)).toBe('OpenDCU 0.0.0');
    const logbook = { classId: 7, obis: '0.0.99.98.0.255', attribute: 2 };
    expect(await client.get(logbook)).toEqual({ ok: false, result: 'object-undefined' });
    await client.release();
    await expect(served.associate(sap(0), open)).rejects.toMatchObject({ code: 'association-refused' });
  });

  test('the logbook is served by range', async () => {
    const client = await served.associate(1);
    const logbook = { classId: 7, obis: '0.0.99.98.0.255', attribute: 2 };
    const rows = elements(
      await readValue(client, logbook, range(CLOCK, Date.now() - DAY_MS, Date.now() + 1000)),
    );
    expect(rows.map((row) => elements(row)[1])).toContainEqual({
      type: 'utf8-string',
      value: 'software-start',
    });
    expect(elements(await readValue(client, logbook, range(CLOCK, 0, 1000)))).toHaveLength(0);
    await client.release();
  });

  test('with keys everything is ciphered, and a frame that comes again is refused', async () => {
    await served.attributes({
      'hes.encryption.key': '000102030405060708090a0b0c0d0e0f',
      'hes.authentication.key': 'd0d1d2d3d4d5d6d7d8d9dadbdcdddedf',
    });
    await served.attributes({ 'hes.auth': 'hls-gmac' });
    const client = await served.associate(sap(1), served.ciphered);
    expect(elements(await readValue(client, { ...ENERGY, attribute: 3 }))).toHaveLength(6);
    await client.release();
    const second = await served.associate(1, served.ciphered);
    expect(elements(await readValue(second, SAPS))).toHaveLength(3);
    await second.release();
    const old = { ...served.ciphered, nextInvocationCounter: () => 1 };
    await expect(served.associate(1, old)).rejects.toMatchObject({ code: 'exception-response' });
    await served.attributes({ 'hes.auth': 'lls' });
  });
});
