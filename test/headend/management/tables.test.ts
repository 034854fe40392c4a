import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test';
import type { DlmsClient } from '../../../src/channels/dlms-client.ts';
import type { DlmsData } from '../../../src/dlms/data.ts';
import {
  array,
  boolean,
  NULL_DATA,
  octetString,
  structure,
  u8,
  u16,
  u32,
  utf8String,
  visibleString,
} from '../../../src/dlms/values.ts';
import { elements, openServed, readValue, type ServedHouse } from '../served.ts';

setDefaultTimeout(60_000);

const data = (obis: string) => ({ classId: 1, obis, attribute: 2 });
const METERS = data('0.128.96.1.0.255');
const ARCHIVE = data('0.128.96.1.1.255');
const REMOVED_METER = data('0.128.96.1.2.255');
const ENABLED_METER = data('0.128.96.1.3.255');
const REPLACED_METER = data('0.128.96.1.4.255');
const SETTINGS = data('0.128.96.2.0.255');
const CHANNELS = data('0.128.96.3.0.255');
const CHANNEL_ATTRIBUTES = data('0.128.96.4.0.255');
const PROTOCOL_ATTRIBUTES = data('0.128.96.6.0.255');
const GROUPS = data('0.128.96.7.0.255');
const REMOVED_GROUP = data('0.128.96.7.1.255');
const ITEMS = data('0.128.96.8.0.255');
const REMOVED_ITEM = data('0.128.96.8.1.255');
const BLACKLIST = data('0.128.96.9.0.255');
const TAKEN_OFF = data('0.128.96.9.1.255');
const REFUSAL = data('0.128.96.10.0.255');
const FILTER = data('0.128.96.11.1.255');
const COUNTERS = data('0.128.96.15.0.255');
const LOGBOOK = { classId: 7, obis: '0.0.99.98.0.255', attribute: 2 };
const KEY = new Uint8Array(16).fill(0x5a);

let served: ServedHouse;
let client: DlmsClient;
beforeEach(async () => {
  served = await openServed({ meters: 2 });
  await served.attributes({ 'hes.rights': 'full' });
  client = await served.associate(1);
});
afterEach(async () => {
  await client.release();
  await served.end();
});

type Plain = string | number | boolean | null | readonly Plain[];

/** What is in a value, without its types. */
function plain(value: DlmsData): Plain {
  if ('elements' in value) return value.elements.map(plain);
  if (value.type === 'null-data') return null;
  if (!('value' in value)) throw new Error(value.type);
  return value.value instanceof Uint8Array
    ? value.value.toHex()
    : typeof value.value === 'bigint'
      ? Number(value.value)
      : value.value;
}

const rows = async (object: typeof METERS): Promise<readonly (readonly Plain[])[]> =>
  elements(await readValue(client, object)).map((row) => elements(row).map(plain));
/** Field and message of each thing that was wrong with the last change. */
const problems = async (): Promise<Plain> => {
  const [, , found] = elements(await readValue(client, REFUSAL));
  return elements(found).map((one) => elements(one).map(plain));
};
const text = utf8String;
const store = () => served.house.concentrator.store;
const audit = async (): Promise<string[]> =>
  (await store().audit.list({ limit: 50, offset: 0 })).rows.map(
    ({ actor, action, subject, detail }) => `${actor}: ${action} ${subject} ${detail}`,
  );
const events = async (type: string): Promise<string[]> =>
  (await store().logbook.list({ limit: 50, offset: 0, types: [type] })).rows.map(({ detail }) => detail);
const ACTOR = expect.stringMatching(/the head-end on tcp_server, .*127\.0\.0\.1, client 1/);

describe('settings', () => {
  test('are those of the GUI, several at once, and written down; secrets go in only', async () => {
    expect((await rows(SETTINGS)).find(([key]) => key === 'ppp.pin')?.[1]).toBeNull();
    const change = array([
      structure(visibleString('login.attempts'), text('7')),
      structure(octetString(new TextEncoder().encode('ppp.pin')), text('4711')),
    ]);
    expect(await client.set(SETTINGS, change)).toBe('success');
    const { rows: shown } = await served.house.api<{ rows: { key: string; value: string }[] }>(
      '/api/settings',
    );
    expect(shown.find(({ key }) => key === 'login.attempts')?.value).toBe('7');
    expect(await store().configuration.setting('ppp.pin')).toBe('4711');
    expect((await audit()).slice(0, 2)).toEqual([
      expect.stringMatching(/^the head-end on tcp_server, .* client 1: setting\.update ppp\.pin replaced$/),
      expect.stringMatching(/setting\.update login\.attempts value=7$/),
    ]);
    expect(await events('parameters-changed')).toEqual([
      expect.stringMatching(/^login\.attempts, ppp\.pin by the head-end on tcp_server/),
    ]);
    expect(JSON.stringify([await rows(SETTINGS), await audit(), served.house.told])).not.toContain('4711');
  });

  test('out of range, unknown or twice: refused whole, and it can be read why', async () => {
    const one = (key: string, value: string) => structure(text(key), text(value));
    expect(await client.set(SETTINGS, array([one('login.attempts', '9'), one('ntp.interval', '1')]))).toBe(
      'other-reason',
    );
    expect(await problems()).toEqual([
      [0, 'ntp.interval', 'ntp.interval must be a whole number from 64 to 86400'],
    ]);
    expect(await store().configuration.setting('login.attempts')).toBe('5');
    expect(await client.set(SETTINGS, array([one('login.attempts', '8'), one('no.such', '1')]))).toBe(
      'object-unavailable',
    );
    expect(await client.set(SETTINGS, array([one('login.attempts', '8'), one('login.attempts', '9')]))).toBe(
      'other-reason',
    );
    expect(await client.set(SETTINGS, u8(5))).toBe('type-unmatched');
    expect(await client.set(SETTINGS, structure(text('login.attempts'), array([])))).toBe('type-unmatched');
    expect(await client.set(SETTINGS, structure(text('login.attempts')))).toBe('other-reason');
    expect(await store().configuration.setting('login.attempts')).toBe('5');
    expect(await audit()).toEqual([]);
  });

  test('what the GUI changes at the same time is neither lost nor mixed in', async () => {
    const put = (key: string, value: number) =>
      served.house.api(`/api/settings/${key}`, { method: 'PUT', body: { value: String(value) } });
    await put('retention.days', 90);
    await Promise.all(
      Array.from({ length: 8 }, async (_, i) => {
        await put('retention.days', 100 + i);
        const pair = array([
          structure(text('clock.threshold'), text(String(10 + i))),
          structure(text('clock.shift.limit'), text(String(100 + i))),
        ]);
        const hes = await served.associate(1);
        expect(await hes.set(SETTINGS, pair)).toBe('success');
        await hes.release();
      }),
    );
    const setting = async (key: string) => Number(await store().configuration.setting(key));
    expect((await setting('clock.shift.limit')) - (await setting('clock.threshold'))).toBe(90);
    expect(await setting('retention.days')).toBeGreaterThanOrEqual(100);
    expect((await rows(SETTINGS)).find(([key]) => key === 'retention.days')?.[1]).toBe(
      String(await setting('retention.days')),
    );
    // Eight pairs, and nine by the GUI.
    expect((await audit()).filter((line) => line.includes('setting.update'))).toHaveLength(25);
  });
});

describe('channels and tasks', () => {
  test('a channel is changed by its name; what is left out stays', async () => {
    const before = (await rows(CHANNELS)).find(([name]) => name === '485_2');
    expect(before?.slice(0, 4)).toEqual(['485_2', '485_test_fis_ch2', 'empty_task', false]);
    expect(
      await client.set(CHANNELS, structure(text('485_2'), NULL_DATA, NULL_DATA, boolean(true), u32(9))),
    ).toBe('success');
    const after = (await rows(CHANNELS)).find(([name]) => name === '485_2');
    expect(after).toEqual(['485_2', '485_test_fis_ch2', 'empty_task', true, 9, ...(before ?? []).slice(5)]);
    expect(
      await client.set(CHANNELS, structure(text('485_2'), NULL_DATA, NULL_DATA, boolean(true), u32(0))),
    ).toBe('other-reason');
    expect(await problems()).toEqual([
      [0, 'readTimeoutS', 'readTimeoutS must be a whole number from 1 to 300'],
    ]);
    expect(await client.set(CHANNELS, structure(text('485_9'), NULL_DATA))).toBe('object-unavailable');
  });

  test('attributes of a channel together or not at all; a secret is not shown and not told', async () => {
    const row = (owner: string, key: string, value: string) => structure(text(owner), text(key), text(value));
    const good = array([row('listen', 'port', '4060'), row('listen', 'transport', 'udp')]);
    expect(await client.set(CHANNEL_ATTRIBUTES, good)).toBe('success');
    const bad = array([row('listen', 'port', '4061'), row('listen', 'transport', 'pigeon')]);
    expect(await client.set(CHANNEL_ATTRIBUTES, bad)).toBe('other-reason');
    for (const key of ['__proto__', 'Port', '']) {
      expect(await client.set(CHANNEL_ATTRIBUTES, row('listen', key, '1'))).toBe('other-reason');
    }
    const shown = (await rows(CHANNEL_ATTRIBUTES)).filter(([owner]) => owner === 'listen');
    expect(shown.map(([, key, value]) => [key, value])).toContainEqual(['port', '4060']);
    expect(
      await client.set(CHANNEL_ATTRIBUTES, row('tcp_server_gui', 'hes.password', 'Not-To-Be-Seen')),
    ).toBe('success');
    const secret = (await rows(CHANNEL_ATTRIBUTES)).find(
      ([owner, key]) => owner === 'tcp_server_gui' && key === 'hes.password',
    );
    expect(secret?.[2]).toBeNull();
    expect(JSON.stringify([await audit(), served.house.told])).not.toContain('Not-To-Be-Seen');
    expect(await client.set(PROTOCOL_ATTRIBUTES, row('dlms_down', 'send.retry', '2'))).toBe('success');
    expect(await client.set(PROTOCOL_ATTRIBUTES, row('dlms_down', 'send.retry', '200'))).toBe('other-reason');
    expect(await store().configuration.protocolAttributes('dlms_down')).toContainEqual(
      expect.objectContaining({ key: 'send.retry', value: '2' }),
    );
  });

  test('the port of the very channel is another one when the answer is there', async () => {
    const tcp = { classId: 41, obis: '0.0.25.0.0.255', attribute: 2 };
    expect(await readValue(client, tcp)).toEqual(u16(served.port));
    const spare = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } });
    const { port } = spare;
    spare.stop(true);
    expect(await client.set(tcp, u16(port))).toBe('success');
    while (served.house.concentrator.headend.port('tcp_server') !== port) await Bun.sleep(20);
    // The connection over which it was changed has gone with its port.
    client = await served.associate(1);
    expect(await readValue(client, tcp)).toEqual(u16(port));
  });

  test('task groups and items come, change and go; empty_task is protected', async () => {
    expect(await client.set(GROUPS, structure(u32(0), text('night'), boolean(true)))).toBe('success');
    const group = (await rows(GROUPS)).find(([, name]) => name === 'night');
    const item = [
      u32(0),
      text('at night'),
      text('night'),
      u32(0),
      u32(0),
      u32(86_400),
      boolean(true),
      u8(2),
      text('Energy profile'),
      text('0 2 * * *'),
    ];
    expect(await client.set(ITEMS, structure(...item))).toBe('success');
    const made = (await rows(ITEMS)).find(([, name]) => name === 'at night');
    expect(made?.slice(1)).toEqual([
      'at night',
      'night',
      0,
      0,
      86_400,
      true,
      2,
      'Energy profile',
      '0 2 * * *',
      null,
    ]);
    const nine = Array.from({ length: 8 }, () => NULL_DATA);
    const id = u32(Number(made?.[0]));
    expect(await client.set(ITEMS, structure(id, ...nine, text('61 * * * *')))).toBe('other-reason');
    expect(await client.set(ITEMS, structure(id, ...nine, text('0 3 * * *'), text('22:00-06:00')))).toBe(
      'success',
    );
    expect((await rows(ITEMS)).find(([, name]) => name === 'at night')?.slice(-2)).toEqual([
      '0 3 * * *',
      '22:00-06:00',
    ]);
    expect(await client.set(REMOVED_GROUP, u32(1))).toBe('read-write-denied');
    expect(await client.set(REMOVED_ITEM, id)).toBe('success');
    expect(await client.set(REMOVED_ITEM, id)).toBe('object-unavailable');
    expect(await client.set(REMOVED_GROUP, u32(Number(group?.[0])))).toBe('success');
    expect((await rows(GROUPS)).map(([, name]) => name)).not.toContain('night');
  });
});

describe('the meter list', () => {
  const meter = (meterNo: string, values: Readonly<Record<string, DlmsData>>) =>
    structure(
      text(meterNo),
      array(Object.entries(values).map(([column, value]) => structure(text(column), value))),
    );

  test('meters are entered and changed as by a file: all of them, or none with every reason', async () => {
    const { meterNo } = served.meter(0);
    const change = array([
      meter('HES-1', {
        Channel: text('tcp_meters'),
        Host: text('10.0.0.9'),
        Port: u16(4059),
        Auth: text('hls-gmac'),
        Policy: text('auth-enc'),
        EncryptionKey: octetString(KEY),
        AuthenticationKey: octetString(KEY),
      }),
      meter(meterNo, { Task: text('three_phase') }),
    ]);
    expect(await client.set(ARCHIVE, change)).toBe('success');
    const entered = (await store().archive.list({ search: 'HES-1' })).rows[0];
    expect(entered).toMatchObject({
      meterNo: 'HES-1',
      hasKeys: true,
      address: { host: '10.0.0.9', port: 4059 },
    });
    expect((await store().collection.secrets(entered?.id ?? 0)).encryptionKey).toEqual(KEY);
    expect((await rows(METERS)).map(([, number]) => number)).toContain('HES-1');
    expect((await rows(METERS)).find(([, number]) => number === meterNo)?.[3]).toBe('three_phase');
    const archive = JSON.stringify(await rows(ARCHIVE));
    expect(archive).toContain('10.0.0.9');
    expect(JSON.stringify([archive, await audit(), served.house.told])).not.toContain('5a5a5a5a');
    const wrong = array([
      meter('HES-2', { Channel: text('tcp_meters'), Host: text('10.0.0.10') }),
      meter('HES-3', { Channel: text('nowhere') }),
      meter('HES-4', { Colour: text('red') }),
    ]);
    expect(await client.set(ARCHIVE, wrong)).toBe('other-reason');
    const told = (await problems()) as readonly (readonly [number, string, string])[];
    expect(told.map(([row, field]) => [row, field])).toEqual(
      expect.arrayContaining([
        [2, 'Channel'],
        [3, 'Colour'],
      ]),
    );
    expect((await store().archive.list({ search: 'HES-2' })).total).toBe(0);
  });

  test('what is read of a meter can be written back', async () => {
    const read = elements(await readValue(client, ARCHIVE));
    expect(read).toHaveLength(2);
    expect(await client.set(ARCHIVE, array(read))).toBe('success');
    expect(await audit()).toEqual([]);
  });

  test('meters are disabled, replaced and deleted; one that is unknown keeps all as they are', async () => {
    const { meterNo, id } = served.meter(0);
    const other = served.meter(1);
    const off = (number: string) => structure(text(number), boolean(false));
    expect(await client.set(ENABLED_METER, array([off(meterNo), off('nobody')]))).toBe('object-unavailable');
    expect((await store().archive.get(id))?.enabled).toBe(true);
    expect(await client.set(ENABLED_METER, off(meterNo))).toBe('success');
    expect((await store().archive.get(id))?.enabled).toBe(false);
    expect((await rows(METERS)).map(([, number]) => number)).toEqual([other.meterNo]);
    const by = structure(
      text(other.meterNo),
      text('NEW-1'),
      array([structure(text('Host'), text('10.1.1.1'))]),
    );
    expect(await client.set(REPLACED_METER, by)).toBe('success');
    expect((await store().archive.list({ search: 'NEW-1' })).rows[0]).toMatchObject({
      replaces: { meterNo: other.meterNo },
      address: { host: '10.1.1.1' },
    });
    expect(await client.set(REMOVED_METER, array([text(meterNo), text('nobody')]))).toBe(
      'object-unavailable',
    );
    expect(await store().archive.get(id)).toBeDefined();
    expect(await client.set(REMOVED_METER, text(meterNo))).toBe('success');
    expect(await store().archive.get(id)).toBeUndefined();
    expect(await audit()).toEqual([
      expect.stringContaining(`meter.delete ${meterNo}`),
      expect.stringContaining(`meter.replace ${other.meterNo}`),
      expect.stringContaining(`meter.update ${meterNo}`),
    ]);
  });
});

describe('blacklist and logbook', () => {
  test('a device is kept out, and let in again', async () => {
    expect(await client.set(BLACKLIST, structure(u32(0), text('10.0.0.66'), text('noise')))).toBe('success');
    const [entry] = await rows(BLACKLIST);
    expect(entry?.slice(1, 3)).toEqual(['10.0.0.66', 'noise']);
    expect(await client.set(BLACKLIST, structure(u32(0), text('10.0.0.66'), text('again')))).toBe(
      'other-reason',
    );
    expect(await client.set(TAKEN_OFF, u32(Number(entry?.[0])))).toBe('success');
    expect(await rows(BLACKLIST)).toEqual([]);
  });

  test('events by a filter, with their counters; nobody clears them, and who tries is in there', async () => {
    const types = async () =>
      elements(await readValue(client, LOGBOOK)).map((row) => plain(elements(row)[1] ?? NULL_DATA));
    expect((await client.action({ ...LOGBOOK, attribute: 1 }, { type: 'integer', value: 0 })).result).toBe(
      'read-write-denied',
    );
    expect(await events('logbook-clear-refused')).toEqual([ACTOR]);
    expect(await types()).toContain('software-start');
    expect(await client.set(FILTER, array([text('logbook-clear-refused')]))).toBe('success');
    expect(await types()).toEqual(['logbook-clear-refused']);
    expect(await client.set(FILTER, array([text('no-such-type')]))).toBe('other-reason');
    expect(plain(await readValue(client, FILTER))).toEqual(['logbook-clear-refused']);
    expect(await client.set(FILTER, array([]))).toBe('success');
    expect((await types()).length).toBeGreaterThan(1);
    const counted = new Map((await rows(COUNTERS)).map(([type, count]) => [type, count]));
    expect(counted.get('logbook-clear-refused')).toBe(1);
    const all = await readValue(client, data('0.0.96.15.0.255'));
    expect(all).toEqual(u32([...counted.values()].reduce<number>((sum, count) => sum + Number(count), 0)));
  });
});
