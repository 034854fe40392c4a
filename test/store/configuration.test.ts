import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { DcuError } from '../../src/base/errors.ts';
import type { NewMeter, TaskItem } from '../../src/base/model.ts';
import type { Store } from '../../src/store/types.ts';
import { createMeter, newMeter, openTestStore, removeDirectory, temporaryDirectory } from './fixture.ts';

let directory: string;
let store: Store;

beforeEach(async () => {
  directory = temporaryDirectory();
  store = await openTestStore(directory, {
    validateCron: (text) => {
      if (text.split(' ').length !== 5)
        throw new DcuError('invalid-cron', 'five fields are needed', { field: 'cron' });
    },
  });
});

afterEach(async () => {
  await store.close();
  removeDirectory(directory);
});

const item = (change: Partial<TaskItem> = {}): Omit<TaskItem, 'id'> => ({
  name: 'extra',
  task: 'single_phase',
  intervalS: 0,
  offsetS: 0,
  maxRecallS: 0,
  enabled: true,
  priority: 1,
  type: 'Meter Clock',
  cron: '0 1 * * *',
  ...change,
});

describe('defaults', () => {
  test('are those of the manual', async () => {
    const { configuration } = store;
    expect((await configuration.taskGroups()).map(({ name, enabled }) => [name, enabled])).toEqual([
      ['empty_task', false],
      ['upload_task', true],
      ['down_device_task', true],
      ['single_phase', true],
      ['three_phase', true],
      ['sync_time', true],
    ]);
    const channels = await configuration.channels();
    expect(channels.map(({ name, commType }) => `${name} ${commType}`)).toEqual([
      '485_1 4',
      'tcp_server 9',
      'tcp_client 5',
      'reading_module 2',
      '485_2 7',
      '485_3 8',
      'tcp_server_gui 10',
      'tcp_server_im 11',
      'tcp_meters 12',
      'g3_meters 14',
      'mqtt 15',
      'listen 13',
      'hes_push 16',
    ]);
    for (const task of ['single_phase', 'three_phase']) {
      const items = await configuration.taskItems(task);
      expect(items.length).toBe(12);
      expect(items.filter(({ type }) => type.endsWith('profile'))).toMatchObject([
        { type: 'Energy profile', maxRecallS: 1_728_000, enabled: true },
        { type: 'Demand profile', maxRecallS: 1_728_000, enabled: true },
      ]);
      // Every meter has its clock kept, whatever its channel.
      expect(items.find(({ type }) => type === 'Meter Clock')).toMatchObject({
        enabled: true,
        cron: '0 10 * * *',
      });
    }
    expect(await configuration.taskItems('empty_task')).toEqual([]);
    expect(await configuration.taskItems('sync_time')).toMatchObject([
      { type: 'Meter Clock', enabled: true },
    ]);
    expect(await store.collection.protocolAttributes('dlms_down')).toEqual({
      'max.bytes': '80',
      'send.retry': '3',
      'send.timeout': '10',
      'send.silent': '2',
    });
    expect(await configuration.setting('device.serial')).toMatch(/^[1-9]\d{9}$/);
    expect(await configuration.setting('retention.days')).toBe('92');
  });

  test('stay as the user changed them', async () => {
    const serial = await store.configuration.setting('device.serial');
    const [item] = await store.configuration.taskItems('three_phase');
    await store.configuration.removeTaskItem(item?.id ?? 0);
    await store.configuration.saveSetting('retention.days', '30');
    await store.close();
    store = await openTestStore(directory);
    expect(await store.configuration.setting('device.serial')).toBe(serial);
    expect(await store.configuration.setting('retention.days')).toBe('30');
    expect((await store.configuration.taskItems('three_phase')).length).toBe(11);
  });
});

describe('task groups and items', () => {
  test('empty_task keeps its name, its place and no items', async () => {
    const { configuration } = store;
    const empty = (await configuration.taskGroups()).find(({ name }) => name === 'empty_task');
    const id = empty?.id ?? 0;
    await expect(configuration.removeTaskGroup(id)).rejects.toMatchObject({ code: 'protected' });
    await expect(configuration.saveTaskGroup({ id, name: 'full_task', enabled: true })).rejects.toMatchObject(
      {
        code: 'protected',
      },
    );
    await expect(configuration.saveTaskItem(item({ task: 'empty_task' }))).rejects.toMatchObject({
      code: 'protected',
    });
    const [other] = await configuration.taskItems('single_phase');
    await expect(
      configuration.saveTaskItem({ ...item({ task: 'empty_task' }), id: other?.id ?? 0 }),
    ).rejects.toMatchObject({ code: 'protected' });
  });

  test('a group in use is not removed; an unused one goes with its items', async () => {
    const { configuration } = store;
    const meter = await createMeter(store, 'A1');
    const id = (await configuration.taskGroups()).find(({ name }) => name === 'single_phase')?.id ?? 0;
    await expect(configuration.removeTaskGroup(id)).rejects.toMatchObject({ code: 'conflict' });
    await store.archive.remove(meter.id);
    await configuration.removeTaskGroup(id);
    expect(await configuration.taskItems('single_phase')).toEqual([]);
  });

  test('a new name of a group or channel is carried to all that have it', async () => {
    const { configuration } = store;
    const meter = await createMeter(store, 'A1');
    const group = (await configuration.taskGroups()).find(({ name }) => name === 'single_phase');
    await configuration.saveTaskGroup({ id: group?.id ?? 0, name: '1phase_task', enabled: true });
    const channel = (await configuration.channels()).find(({ name }) => name === 'tcp_meters');
    if (channel === undefined) throw new Error('no channel');
    await configuration.saveChannel({ ...channel, name: 'meters_by_ip' });
    expect(await store.archive.get(meter.id)).toMatchObject({ task: '1phase_task', channel: 'meters_by_ip' });
    expect((await configuration.taskItems('1phase_task')).length).toBe(12);
  });

  test.each([
    ['priority', { priority: 0 }],
    ['priority', { priority: 6 }],
    ['intervalS', { intervalS: -1 }],
    ['offsetS', { offsetS: 1.5 }],
    ['maxRecallS', { maxRecallS: Number.NaN }],
    ['task', { task: 'nobody' }],
    ['name', { name: '' }],
  ] as const)('a wrong %s is named', async (field, change) => {
    await expect(store.configuration.saveTaskItem(item(change))).rejects.toMatchObject({
      code: 'invalid-field',
      field,
    });
  });

  test('a wrong cron is refused before anything is written', async () => {
    await expect(store.configuration.saveTaskItem(item({ cron: 'never' }))).rejects.toMatchObject({
      code: 'invalid-cron',
    });
    expect((await store.configuration.taskItems('single_phase')).length).toBe(12);
  });

  test('an unknown id is not found', async () => {
    await expect(store.configuration.removeTaskItem(4711)).rejects.toMatchObject({ code: 'not-found' });
    await expect(store.configuration.saveTaskItem({ ...item(), id: 4711 })).rejects.toMatchObject({
      code: 'not-found',
    });
  });
});

describe('attributes and settings', () => {
  test.each([
    ['max.bytes', '15'],
    ['max.bytes', '2031'],
    ['max.bytes', '80.5'],
    ['send.retry', '11'],
    ['send.timeout', '0'],
    ['send.silent', '-1'],
    ['send.silent', ''],
  ])('%s cannot be %p', async (key, value) => {
    const attribute = (await store.configuration.protocolAttributes('dlms_down')).find(
      (row) => row.key === key,
    );
    if (attribute === undefined) throw new Error('no attribute');
    await expect(store.configuration.saveProtocolAttribute({ ...attribute, value })).rejects.toMatchObject({
      code: 'invalid-field',
      field: key,
    });
    expect((await store.collection.protocolAttributes('dlms_down'))[key]).toBe(attribute.value);
  });

  test.each([
    ['device.timezone', 'Mars/Olympus'],
    ['retention.days', '0'],
    ['up.device', 'pigeon'],
    ['ftp.ip', '300.1.2.3'],
  ])('setting %s cannot be %p', async (key, value) => {
    await expect(store.configuration.saveSetting(key, value)).rejects.toMatchObject({
      code: 'invalid-field',
      field: key,
    });
  });

  test('there is no setting but the known ones', async () => {
    await expect(store.configuration.saveSetting('no.such', '1')).rejects.toMatchObject({
      code: 'not-found',
    });
  });
});

describe('the archive', () => {
  const address = newMeter('x').address;

  test.each([
    ['meterNo', { meterNo: '' }],
    ['meterNo', { meterNo: 'x'.repeat(33) }],
    ['meterNo', { meterNo: 'a\u0007b' }],
    ['mac', { mac: -2 }],
    ['phase', { phase: 1.5 }],
    ['channel', { channel: 'nowhere' }],
    ['task', { task: 'nothing' }],
    ['address.port', { address: { ...address, port: 0 } }],
    ['address.port', { address: { ...address, port: 65_536 } }],
    ['address.host', { address: { ...address, host: 'no host' } }],
    [
      'address.host',
      { address: { framing: 'wrapper', clientAddress: 1, serverAddress: 1, addressBytes: 1 } },
    ],
    ['address.serverAddress', { address: { ...address, serverAddress: 65_536 } }],
    ['address.clientAddress', { address: { ...address, framing: 'hdlc', clientAddress: 128 } }],
    ['address.physicalAddress', { address: { ...address, framing: 'hdlc', addressBytes: 4 } }],
    ['security.systemTitle', { security: { auth: 'none', policy: 'none', systemTitle: '00' } }],
    ['password', { security: { auth: 'lls', policy: 'none' } }],
    ['encryptionKey', { security: { auth: 'none', policy: 'auth-enc' } }],
  ] satisfies [string, Partial<NewMeter>][])('names a wrong %s', async (field, change) => {
    await expect(store.archive.create(newMeter('A1', change), {})).rejects.toMatchObject({
      code: 'invalid-field',
      field,
    });
    expect((await store.archive.list({})).total).toBe(0);
  });

  test('refuses a MeterNo that is taken, also by a change', async () => {
    await createMeter(store, 'A1');
    const other = await createMeter(store, 'A2');
    await expect(createMeter(store, 'A1')).rejects.toMatchObject({ code: 'conflict', field: 'meterNo' });
    await expect(store.archive.update(other.id, { meterNo: 'A1' })).rejects.toMatchObject({
      code: 'conflict',
    });
  });

  test('searches, filters, sorts and pages', async () => {
    for (let i = 0; i < 30; i++)
      await createMeter(store, `10${i.toString().padStart(2, '0')}`, { enabled: i % 3 === 0 });
    await createMeter(store, '50%');
    expect((await store.archive.list({ search: '%' })).rows.map(({ meterNo }) => meterNo)).toEqual(['50%']);
    expect((await store.archive.list({ search: '102' })).total).toBe(10);
    expect((await store.archive.list({ enabled: true })).total).toBe(11);
    const page = await store.archive.list({ sort: 'meterNo', descending: true, offset: 1, limit: 2 });
    expect(page.total).toBe(31);
    expect(page.rows.map(({ meterNo }) => meterNo)).toEqual(['1029', '1028']);
  });

  test('shows state, last contact and the last error that has not been made good', async () => {
    const meter = await createMeter(store, 'A1');
    expect(meter).toMatchObject({ state: 'unknown' });
    const attempt = { meterId: meter.id, itemId: 1, startedAt: 1, finishedAt: 2, added: 0 };
    await store.collection.saveAttempt({ ...attempt, error: 'link-timeout', message: 'no answer' });
    await store.collection.saveMeterState(meter.id, 'online', 5);
    await store.collection.saveMeterState(meter.id, 'offline', 9);
    expect(await store.archive.get(meter.id)).toMatchObject({
      state: 'offline',
      lastSeen: 5,
      lastError: { code: 'link-timeout', message: 'no answer', time: 2 },
    });
    expect(await store.collection.lastSuccess(meter.id, 1)).toBeUndefined();
    await store.collection.saveAttempt({ ...attempt, finishedAt: 7 });
    expect(await store.collection.lastSuccess(meter.id, 1)).toBe(7);
    expect((await store.archive.get(meter.id))?.lastError).toBeUndefined();
    expect((await store.archive.list({ state: 'offline' })).total).toBe(1);
    expect((await store.archive.list({ state: 'unknown' })).total).toBe(0);
  });
});

describe('invocation counters', () => {
  test('are never given out twice, not even to askers at the same time or after a restart', async () => {
    const { counters } = store.collection;
    const first = await Promise.all(Array.from({ length: 20 }, () => counters.reserve('meter:1:out', 5)));
    expect(first.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i * 5));
    await counters.raise('meter:1:out', 1000);
    await counters.raise('meter:1:out', 10);
    await store.close();
    store = await openTestStore(directory);
    expect(await store.collection.counters.reserve('meter:1:out', 1)).toBe(1000);
    expect(await store.collection.counters.reserve('meter:2:out', 1)).toBe(0);
    await store.collection.counters.raise('meter:2:out', 2 ** 32 - 1);
    expect(await store.collection.counters.reserve('meter:2:out', 1)).toBe(2 ** 32 - 1);
    await expect(store.collection.counters.reserve('meter:2:out', 1)).rejects.toMatchObject({
      code: 'invocation-counter-exhausted',
    });
  });
});
