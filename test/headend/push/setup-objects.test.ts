import { afterEach, beforeEach, expect, setDefaultTimeout, test } from 'bun:test';
import type { DlmsClient } from '../../../src/channels/dlms-client.ts';
import type { DlmsData } from '../../../src/dlms/data.ts';
import { encodeDateTime } from '../../../src/dlms/datetime.ts';
import {
  array,
  enumeration,
  i8,
  octetString,
  octetText,
  structure,
  u8,
  u16,
} from '../../../src/dlms/values.ts';
import { PUSH_GROUPS } from '../../../src/headend/push/groups.ts';
import { dailyWindow, windowData } from '../../../src/headend/push/setup-window.ts';
import { elements, openServed, readValue, type ServedHouse, text } from '../served.ts';

setDefaultTimeout(60_000);

const CHANNEL = 'hes_push';
const EVENTS = '0.4.25.9.0.255';
const PROFILES = '0.1.25.9.0.255';

let served: ServedHouse;
let client: DlmsClient;
beforeEach(async () => {
  served = await openServed({ meters: 1 });
  await served.attributes({ 'hes.rights': 'full' });
  client = await served.associate(1);
});
afterEach(() => served.end());

const setup = (obis: string, attribute: number) => ({ classId: 40, obis, attribute });
const get = (attribute: number, obis = EVENTS): Promise<DlmsData> =>
  readValue(client, setup(obis, attribute));
const set = (attribute: number, value: DlmsData, obis = EVENTS) => client.set(setup(obis, attribute), value);

async function attributes(): Promise<Record<string, string>> {
  const { configuration } = served.house.concentrator.store;
  const rows = await configuration.channelAttributes(CHANNEL);
  return Object.fromEntries(rows.map(({ key, value }) => [key, value]));
}

const routes = async (): Promise<Record<string, string>> =>
  Object.fromEntries(
    (await served.house.concentrator.store.outbox.rules()).map((rule) => [rule.class, rule.route]),
  );

const destination = (to: string, service = 0, message = 0): DlmsData =>
  structure(enumeration(service), octetText(to), enumeration(message));

test('there is one for each group, with the elements that its notifications have', async () => {
  for (const { obis } of PUSH_GROUPS) {
    const [first, name, item] = elements(await get(2, obis)).map(elements);
    expect(first?.[1]).toEqual(octetString(Uint8Array.from(obis.split('.').map(Number))));
    expect(name?.[1]).toEqual(octetString(Uint8Array.of(0, 0, 42, 0, 0, 255)));
    expect(item?.[1]).toEqual(octetString(Uint8Array.of(0, 128, 25, 9, 0, 255)));
  }
  expect(await get(11)).toEqual(enumeration(2));
  expect(await get(7)).toEqual(structure(u16(1), u16(200), u16(300)));
});

test('where it pushes to, how often again and whether it asks for confirmations are the attributes of the channel', async () => {
  expect(await set(3, destination('192.0.2.7:4061'))).toBe('success');
  expect(await set(6, u8(9))).toBe('success');
  expect(await set(7, structure(u16(5), u16(200), u16(900)))).toBe('success');
  expect(await set(9, i8(77))).toBe('success');
  expect(await set(11, enumeration(0))).toBe('success');
  expect(await attributes()).toMatchObject({
    host: '192.0.2.7',
    port: '4061',
    retries: '9',
    'retry.delay': '5',
    'retry.delay.max': '900',
    client: '77',
    confirmed: 'no',
  });
  // They are the same in every setup.
  expect(text(elements(await get(3, PROFILES))[1])).toBe('192.0.2.7:4061');
  expect(await set(3, destination('[2001:db8::7]:4059'), PROFILES)).toBe('success');
  expect(await attributes()).toMatchObject({ host: '2001:db8::7', port: '4059' });
  expect(text(elements(await get(3))[1])).toBe('[2001:db8::7]:4059');
  const { rows } = await served.house.concentrator.store.audit.list({ limit: 1, offset: 0 });
  expect(rows[0]).toMatchObject({ action: 'push.change', subject: `${CHANNEL} send_destination_and_method` });
});

test.each([
  ['another service', 3, destination('192.0.2.7:4061', 1)],
  ['XML', 3, destination('192.0.2.7:4061', 0, 1)],
  ['no port', 3, destination('192.0.2.7')],
  ['a port that there is none of', 3, destination('192.0.2.7:99999')],
  ['a pause that does not double', 7, structure(u16(5), u16(100), u16(900))],
  ['a longest pause that is shorter than the first', 7, structure(u16(50), u16(200), u16(9))],
  ['no pause', 7, structure(u16(0), u16(200), u16(9))],
  ['the client 0', 9, i8(0)],
  ['a method that is not there', 11, enumeration(1)],
])('%s is refused, and nothing has changed', async (_, attribute, value) => {
  const before = await attributes();
  expect(await set(attribute, value)).toBe('other-reason');
  expect(await attributes()).toEqual(before);
});

test('another type is refused as such, and what is fixed cannot be written', async () => {
  expect(await set(6, u16(3))).toBe('type-unmatched');
  expect(await set(5, u16(3))).toBe('read-write-denied');
  expect(await set(2, array([]))).toBe('read-write-denied');
});

test('a window holds for the groups that have one, as rules; what is never pushed stays so', async () => {
  const { outbox } = served.house.concentrator.store;
  await outbox.saveRule({ destination: CHANNEL, class: 'demand', priority: 5, route: 'never', delayS: 0 });
  expect(await get(4)).toEqual(array([]));
  expect(await set(4, windowData('22:00-06:30'), PROFILES)).toBe('success');
  expect(await attributes()).toMatchObject({ window: '22:00-06:30' });
  expect(await routes()).toMatchObject({ energy: 'window', demand: 'never' });
  expect(await get(4)).toEqual(array([]));
  expect(await set(4, windowData('22:00-06:30'))).toBe('success');
  expect(await get(4)).toEqual(windowData('22:00-06:30'));
  expect(await routes()).toMatchObject({ fraud: 'window', 'power-quality': 'window' });
  expect(await set(4, array([]))).toBe('success');
  expect(await get(4)).toEqual(array([]));
  expect(await routes()).toMatchObject({ fraud: 'now', energy: 'window' });
});

const time = (fields: Parameters<typeof encodeDateTime>[0]): DlmsData => octetString(encodeDateTime(fields));

test.each([
  [
    'several',
    array([
      structure(time({ hour: 1, minute: 0 }), time({ hour: 2, minute: 0 })),
      structure(time({ hour: 3, minute: 0 }), time({ hour: 4, minute: 0 })),
    ]),
  ],
  [
    'a day of the week',
    array([structure(time({ weekday: 1, hour: 1, minute: 0 }), time({ hour: 2, minute: 0 }))]),
  ],
  ['a year', array([structure(time({ year: 2026, hour: 1, minute: 0 }), time({ hour: 2, minute: 0 }))])],
  ['seconds', array([structure(time({ hour: 1, minute: 0, second: 30 }), time({ hour: 2, minute: 0 }))])],
  ['no hour', array([structure(time({ minute: 0 }), time({ hour: 2, minute: 0 }))])],
])('a window of %s cannot be kept', (_, value) => {
  expect(() => dailyWindow(value)).toThrow(/window/);
});

test('push looks for what is due; a channel that is off says that it cannot', async () => {
  const push = (obis: string) => client.action({ classId: 40, obis, attribute: 1 }, i8(0));
  expect((await push(EVENTS)).result).toBe('other-reason');
  const { configuration } = served.house.concentrator.store;
  await served.attributes({ host: '127.0.0.1', port: '9' }, CHANNEL);
  expect((await push(EVENTS)).result).not.toBe('success');
  const channel = (await configuration.channels()).find(({ name }) => name === CHANNEL);
  if (channel === undefined) throw new Error('there is no channel');
  await configuration.saveChannel({ ...channel, enabled: true });
  await served.house.concentrator.uplinks.settled();
  expect((await push(EVENTS)).result).toBe('success');
});
