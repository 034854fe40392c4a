import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import type { MeterAddress, NewMeter } from '../../src/base/model.ts';
import type { Store } from '../../src/store/types.ts';
import {
  createMeter,
  newMeter,
  numbers,
  openTestStore,
  profileRows,
  removeDirectory,
  temporaryDirectory,
} from './fixture.ts';

let directory: string;
let store: Store;

beforeEach(async () => {
  directory = temporaryDirectory();
  store = await openTestStore(directory);
});

afterEach(async () => {
  await store.close();
  removeDirectory(directory);
});

const base = { framing: 'wrapper', clientAddress: 1, serverAddress: 1, addressBytes: 1 } as const;
const at = (channel: string, address: Partial<MeterAddress>): Partial<NewMeter> => ({
  channel,
  address: { ...base, ...address },
});
const tcp = (host: string, rest: Partial<MeterAddress> = {}) =>
  at('tcp_meters', { host, port: 4059, ...rest });
const line = (physicalAddress: number, rest: Partial<MeterAddress> = {}) =>
  at('485_1', { framing: 'hdlc', addressBytes: 2, physicalAddress, ...rest });

describe('one address, one meter', () => {
  test.each([
    ['host and port', tcp('10.0.0.1'), tcp('10.0.0.1'), 'address.host'],
    ['IPv6 in another spelling', tcp('2001:db8::1'), tcp('2001:DB8:0::1'), 'address.host'],
    ['names in another spelling', tcp('Meter.example'), tcp('meter.EXAMPLE'), 'address.host'],
    ['HDLC', line(17), line(17), 'address.physicalAddress'],
    ['HDLC, another client', line(17), line(17, { clientAddress: 2 }), 'address.physicalAddress'],
    [
      'HDLC of one byte',
      at('485_1', { framing: 'hdlc' }),
      at('485_1', { framing: 'hdlc' }),
      'address.serverAddress',
    ],
    [
      'node',
      at('reading_module', { node: '000000000002' }),
      at('reading_module', { node: '000000000002' }),
      'address.node',
    ],
    [
      'MeterNo as node',
      at('reading_module', { node: '000000000002' }),
      at('reading_module', {}),
      'address.node',
    ],
  ])('%s', async (_what, first, second, field) => {
    await createMeter(store, '1', first);
    await expect(createMeter(store, '2', second)).rejects.toMatchObject({ code: 'conflict', field });
    expect((await store.archive.list({})).total).toBe(1);
  });

  test.each([
    ['another port', tcp('10.0.0.1'), tcp('10.0.0.1', { port: 4060 })],
    ['several meters behind one gateway', tcp('10.0.0.1'), tcp('10.0.0.1', { serverAddress: 2 })],
    ['UDP beside TCP', tcp('10.0.0.1'), tcp('10.0.0.1', { transport: 'udp' })],
    ['another line', line(17), { ...line(17), channel: '485_2' }],
    [
      'mode E, where the sign-on goes by number',
      line(17, { opening: 'mode-e' }),
      line(17, { opening: 'mode-e' }),
    ],
  ])('%s is another one', async (_what, first, second) => {
    await createMeter(store, '1', first);
    await createMeter(store, '2', second);
    expect((await store.archive.list({})).total).toBe(2);
  });

  test('also by a change; a change of something else is none', async () => {
    await createMeter(store, '1', line(17));
    const other = await createMeter(store, '2', line(18));
    const moved = { ...other.address, physicalAddress: 17 };
    await expect(store.archive.update(other.id, { address: moved })).rejects.toMatchObject({
      code: 'conflict',
      field: 'address.physicalAddress',
      message: 'address.physicalAddress is that of meter 1 on the same channel',
    });
    await store.archive.update(other.id, { phase: 3, address: other.address });
    expect((await store.archive.get(other.id))?.phase).toBe(3);
  });
});

describe('replacing', () => {
  test('the new one takes the place, the old one keeps its readings', async () => {
    const old = await createMeter(store, '1', { ...line(17), phase: 3, wiring: 2, task: 'three_phase' });
    const covered = { fromMs: 0, toMs: 900_000 };
    await store.collection.appendProfile(old.id, 'energy', profileRows([0], [numbers(7)]), covered);
    const made = await store.archive.replace(old.id, { meterNo: '2', installedAt: 5000 }, {});
    expect(made).toMatchObject({
      meterNo: '2',
      enabled: true,
      channel: '485_1',
      phase: 3,
      wiring: 2,
      task: 'three_phase',
      address: old.address,
      replaces: { id: old.id, meterNo: '1', at: 5000 },
    });
    expect(await store.archive.get(old.id)).toMatchObject({
      enabled: false,
      replaced: { by: made.id, at: 5000 },
      successorNo: '2',
    });
    expect((await store.readings.profile(old.id, 'energy', covered))?.times.length).toBe(1);
    expect(await store.readings.profile(made.id, 'energy', covered)).toBeUndefined();
    const third = await store.archive.replace(made.id, { meterNo: '3' }, {});
    expect(third.replaces?.meterNo).toBe('2');
    expect((await store.archive.get(made.id))?.replaces?.meterNo).toBe('1');
  });

  test('what a meter has of its own is not taken over', async () => {
    const security = { auth: 'lls', policy: 'none', systemTitle: '4D4D4D0000BC614E' } as const;
    const password = new TextEncoder().encode('12345678');
    const old = await store.archive.create(newMeter('1', { security }), { password });
    await expect(store.archive.replace(old.id, { meterNo: '2' }, {})).rejects.toMatchObject({
      field: 'password',
    });
    // Nothing of an attempt that failed is left.
    expect(await store.archive.get(old.id)).toEqual(old);
    const made = await store.archive.replace(old.id, { meterNo: '2' }, { password });
    expect(made.security).toEqual({ auth: 'lls', policy: 'none' });
    expect(await store.collection.secrets(made.id)).toEqual({ password });
  });

  test('is refused twice, for a number that is taken, or in the future', async () => {
    const old = await createMeter(store, '1', line(17));
    await createMeter(store, '9', line(18));
    await expect(store.archive.replace(old.id, { meterNo: '9' }, {})).rejects.toMatchObject({
      field: 'meterNo',
    });
    const later = Date.now() + 3_600_000;
    await expect(
      store.archive.replace(old.id, { meterNo: '2', installedAt: later }, {}),
    ).rejects.toMatchObject({
      field: 'installedAt',
    });
    await store.archive.replace(old.id, { meterNo: '2' }, {});
    await expect(store.archive.replace(old.id, { meterNo: '3' }, {})).rejects.toMatchObject({
      code: 'conflict',
    });
    await expect(store.archive.replace(99, { meterNo: '3' }, {})).rejects.toMatchObject({
      code: 'not-found',
    });
  });

  test('can be taken back when the successor is gone from the address', async () => {
    const old = await createMeter(store, '1', line(17));
    const made = await store.archive.replace(old.id, { meterNo: '2' }, {});
    await expect(store.archive.update(old.id, { enabled: true })).rejects.toMatchObject({
      code: 'conflict',
      field: 'enabled',
    });
    // A meter that holds no address may be moved and renamed meanwhile.
    await store.archive.update(old.id, { phase: 2 });
    await store.archive.remove(made.id);
    const back = await store.archive.get(old.id);
    expect(back?.replaced).toBeUndefined();
    expect((await store.archive.update(old.id, { enabled: true })).enabled).toBe(true);
  });

  test('one that is put to use elsewhere is replaced no more', async () => {
    const old = await createMeter(store, '1', line(17));
    const made = await store.archive.replace(old.id, { meterNo: '2' }, {});
    const back = await store.archive.update(old.id, {
      enabled: true,
      address: { ...old.address, physicalAddress: 40 },
    });
    expect(back.replaced).toBeUndefined();
    expect((await store.archive.get(made.id))?.replaces).toBeUndefined();
  });
});

describe('offline since', () => {
  test('is the first silence since the last answer', async () => {
    const { id } = await createMeter(store, '1');
    const since = async () => (await store.archive.get(id))?.offlineSince;
    await store.collection.saveMeterState(id, 'offline', 10);
    await store.collection.saveMeterState(id, 'offline', 20);
    expect(await since()).toBe(10);
    await store.collection.saveMeterState(id, 'online', 30);
    expect(await since()).toBeUndefined();
    await store.collection.saveMeterState(id, 'offline', 40);
    expect(await since()).toBe(40);
    expect((await store.archive.get(id))?.lastSeen).toBe(30);
  });

  test('filters and sorts; what was never silent comes last', async () => {
    for (const [no, atMs] of [
      ['1', 50],
      ['2', 10],
      ['3', 30],
    ] as const) {
      const { id } = await createMeter(store, no);
      await store.collection.saveMeterState(id, 'offline', atMs);
    }
    const { id } = await createMeter(store, '4');
    await store.collection.saveMeterState(id, 'online', 5);
    const numbersOf = async (query: Parameters<Store['archive']['list']>[0]) =>
      (await store.archive.list(query)).rows.map(({ meterNo }) => meterNo);
    expect(await numbersOf({ sort: 'offlineSince' })).toEqual(['2', '3', '1', '4']);
    expect(await numbersOf({ sort: 'offlineSince', descending: true })).toEqual(['1', '3', '2', '4']);
    expect(await numbersOf({ offlineSinceMs: 30, sort: 'offlineSince' })).toEqual(['2', '3']);
  });
});
