import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import type { Meter } from '../../src/base/model.ts';
import { type House, newMeter, openHouse } from './house.ts';

let house: House;
let silent: Bun.TCPSocketListener<undefined>;

beforeEach(async () => {
  silent = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } });
  house = await openHouse();
});

afterEach(async () => {
  await house.close();
  silent.stop(true);
});

const added = (meterNo: string): Promise<Meter> =>
  house.add(
    newMeter(meterNo, {
      address: {
        framing: 'wrapper',
        host: '127.0.0.1',
        port: silent.port,
        clientAddress: 1,
        serverAddress: Number(meterNo),
        addressBytes: 1,
      },
    }),
  );
const readNow = (meter: Meter) =>
  house.concentrator.collector.readNow(meter.id, new AbortController().signal).then(
    () => 'read',
    (error: { code: string }) => error.code,
  );
const queued = (meter: Meter): boolean =>
  house.concentrator.collector.snapshot().jobs.some(({ meterId }) => meterId === meter.id);
async function waiting(meter: Meter): Promise<void> {
  while (!queued(meter)) await Bun.sleep(1);
}

/** Entries of the logbook on refused devices, once there are any. */
async function attempts(): Promise<readonly string[]> {
  for (;;) {
    const { rows } = await house.concentrator.store.logbook.list({ limit: 20, offset: 0 });
    const told = rows.filter(({ type }) => type === 'device-blacklisted');
    if (told.length > 0) return told.map(({ detail }) => detail);
    await Bun.sleep(1);
  }
}

describe('a meter that may not be read', () => {
  test('on the blacklist: work ends, none begins, and the logbook tells of the attempt', async () => {
    const { store } = house.concentrator;
    const meter = await added('1');
    const other = await added('2');
    const [mine, others] = [readNow(meter), readNow(other)];
    await waiting(meter);
    await waiting(other);
    const { id } = await store.blacklist.add('000000000001', 'stolen');
    expect(await mine).toBe('cancelled');
    expect(await readNow(meter)).toBe('blacklisted');
    expect(queued(other)).toBe(true);
    expect(await attempts()).toEqual(['1 (entry 000000000001): reading refused: stolen']);
    await store.blacklist.remove(id);
    const again = readNow(meter);
    await waiting(meter);
    await store.blacklist.add('1', 'stolen');
    await store.blacklist.add('2', 'stolen');
    expect([await again, await others]).toEqual(['cancelled', 'cancelled']);
  }, 20_000);

  test('replaced: what answers at its address is not it', async () => {
    const { store } = house.concentrator;
    const meter = await added('1');
    const mine = readNow(meter);
    await waiting(meter);
    const next = await store.archive.replace(meter.id, { meterNo: '2' }, {});
    expect(await mine).toBe('cancelled');
    expect(await readNow(meter)).toBe('conflict');
    const its = readNow(next);
    await waiting(next);
    await store.blacklist.add('2', '');
    expect(await its).toBe('cancelled');
  }, 20_000);

  test('reached in another way, or removed: what was queued for it before ends; what is no matter of reading ends nothing', async () => {
    const { store } = house.concentrator;
    const meter = await added('1');
    const other = await added('2');
    const [mine, others] = [readNow(meter), readNow(other)];
    await waiting(meter);
    await waiting(other);
    await store.archive.update(meter.id, { phase: 3, address: meter.address });
    await store.archive.update(other.id, { address: { ...other.address, serverAddress: 20 } });
    expect(await others).toBe('cancelled');
    expect(queued(meter)).toBe(true);
    await store.archive.remove(meter.id);
    expect(await mine).toBe('cancelled');
    expect(await readNow(meter)).toBe('not-found');
  }, 20_000);
});
