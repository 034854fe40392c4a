import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { networkInterfaces } from 'node:os';
import type { DlmsClient } from '../../../src/channels/dlms-client.ts';
import { encodeDateTime } from '../../../src/dlms/datetime.ts';
import {
  array,
  boolean,
  enumeration,
  NULL_DATA,
  octetString,
  octetText,
  structure,
  u16,
} from '../../../src/dlms/values.ts';
import { elements, octets, openServed, readValue, type ServedHouse, text } from '../served.ts';

setDefaultTimeout(60_000);

const of = (classId: number, obis: string) => (attribute: number) => ({ classId, obis, attribute });
const ipv4 = of(42, '0.0.25.1.0.255');
const mac = of(43, '0.0.25.2.0.255');
const ipv6 = of(48, '0.0.25.7.0.255');
const ppp = of(44, '0.0.25.3.0.255');
const gprs = of(45, '0.0.25.4.0.255');
const gsm = of(47, '0.0.25.6.0.255');
const ntp = of(100, '0.0.25.10.0.255');
const auto = of(29, '0.0.2.1.0.255');

let served: ServedHouse;
let client: DlmsClient;
beforeAll(async () => {
  served = await openServed({ meters: 1 });
  await served.attributes({ 'hes.rights': 'full' });
  client = await served.associate(1);
});
afterEach(() => expect(client.ended).toBeUndefined());
afterAll(async () => {
  await client.release();
  await served.end();
});

const setting = (key: string) => served.house.concentrator.store.configuration.setting(key);
const attribute = async (key: string) =>
  (await served.house.concentrator.store.configuration.channelAttributes('tcp_client')).find(
    (one) => one.key === key,
  )?.value;

test('addresses are those of the machine', async () => {
  const [first] = Object.values(networkInterfaces()).flatMap((list = []) => {
    const outer = list.filter(({ internal }) => !internal);
    return outer.length === 0 ? [] : [outer];
  });
  const v4 = first?.find(({ family }) => family === 'IPv4');
  const number = (address: string | undefined): number =>
    (address ?? '0.0.0.0').split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  expect(await readValue(client, ipv4(3))).toEqual({
    type: 'double-long-unsigned',
    value: number(v4?.address),
  });
  expect(await readValue(client, ipv4(6))).toEqual({
    type: 'double-long-unsigned',
    value: number(v4?.netmask),
  });
  expect(octets(await readValue(client, mac(2))).toHex()).toBe((first?.[0]?.mac ?? '').replaceAll(':', ''));
  const unicast = elements(await readValue(client, ipv6(4)));
  expect(unicast).toHaveLength(first?.filter(({ family }) => family === 'IPv6').length ?? 0);
  for (const address of unicast) expect(octets(address)).toHaveLength(16);
  expect(await client.set(ipv4(3), { type: 'double-long-unsigned', value: 1 })).toBe('read-write-denied');
});

test('access point, account and PIN are settings; password and PIN go in only', async () => {
  expect(await client.set(gprs(2), octetText('internet.example'))).toBe('success');
  expect(await setting('ppp.apn')).toBe('internet.example');
  expect(text(await readValue(client, gprs(2)))).toBe('internet.example');
  expect(await client.set(gprs(3), u16(123))).toBe('success');
  expect(await setting('ppp.pin')).toBe('0123');
  expect(await client.set(gprs(3), u16(12_345))).toBe('other-reason');
  expect(await client.get(gprs(3))).toEqual({ ok: false, result: 'read-write-denied' });
  expect(await client.set(ppp(5), structure(octetText('meter'), octetText('Never-Shown-9')))).toBe('success');
  expect(await setting('ppp.password')).toBe('Never-Shown-9');
  expect(elements(await readValue(client, ppp(5)))).toEqual([octetText('meter'), NULL_DATA]);
  const { audit } = served.house.concentrator.store;
  const { rows } = await audit.list({ limit: 10, offset: 0 });
  expect(rows.map(({ subject, detail }) => `${subject} ${detail}`)).toEqual([
    'ppp.password replaced',
    'ppp.username value=meter',
    'ppp.pin replaced',
    'ppp.apn value=internet.example',
  ]);
});

test('without a modem nobody is registered anywhere', async () => {
  expect(await readValue(client, gsm(3))).toEqual(enumeration(0));
  expect(await readValue(client, gsm(5))).toEqual(enumeration(0));
  expect(elements(await readValue(client, gsm(6)))[2]).toEqual({ type: 'unsigned', value: 99 });
});

describe('the time server', () => {
  test('is a setting; without one there is nothing to ask', async () => {
    expect(await readValue(client, ntp(2))).toEqual(boolean(false));
    expect((await client.action(ntp(1), { type: 'integer', value: 0 })).result).toBe('other-reason');
    expect(await client.set(ntp(2), boolean(true))).toBe('other-reason');
    expect(await client.set(ntp(4), u16(0))).toBe('other-reason');
    expect(await client.set(ntp(3), octetText('not a host'))).toBe('other-reason');
    expect(await client.set(ntp(4), u16(9))).toBe('success');
    expect(await client.set(ntp(3), octetText('127.0.0.1'))).toBe('success');
    expect(await setting('ntp.server')).toBe('127.0.0.1');
    expect(await readValue(client, ntp(2))).toEqual(boolean(true));
    expect(await client.set(ntp(2), boolean(false))).toBe('success');
    expect(await setting('ntp.server')).toBe('');
  });
});

describe('whom the concentrator dials', () => {
  const daily = (hour: number) => octetString(encodeDateTime({ hour, minute: 0, second: 0 }));

  test('addresses in their order are attributes of the channel that dials', async () => {
    expect(await readValue(client, auto(2))).toEqual(enumeration(0));
    // Nobody is to be dialled in this test.
    expect(await client.set(auto(2), enumeration(0))).toBe('success');
    const list = array([
      octetText('192.0.2.1:4059'),
      octetText('[2001:db8::1]:4060'),
      octetText('hes.example'),
    ]);
    expect(await client.set(auto(6), list)).toBe('success');
    expect(await attribute('ip.size')).toBe('3');
    expect([await attribute('ip.2'), await attribute('port.2')]).toEqual(['2001:db8::1', '4060']);
    expect(elements(await readValue(client, auto(6))).map(text)).toEqual([
      '192.0.2.1:4059',
      '[2001:db8::1]:4060',
      'hes.example:4059',
    ]);
    expect(await client.set(auto(6), array([octetText('192.0.2.1:99999')]))).toBe('other-reason');
    expect(await client.set(auto(6), array(Array.from({ length: 9 }, () => octetText('a:1'))))).toBe(
      'other-reason',
    );
    expect(await attribute('ip.size')).toBe('3');
    expect(await client.set(auto(6), array([]))).toBe('success');
    expect(await attribute('ip.1')).toBe('');
  });

  test('always, never, or in a window of the day', async () => {
    expect(await client.set(auto(2), enumeration(102))).toBe('other-reason');
    expect(await client.set(auto(5), array([structure(daily(22), daily(6))]))).toBe('success');
    expect(await attribute('connect')).toBe('22:00-06:00');
    expect(elements(await readValue(client, auto(5)))).toEqual([structure(daily(22), daily(6))]);
    expect(await client.set(auto(2), enumeration(102))).toBe('success');
    expect(await client.set(auto(2), enumeration(3))).toBe('other-reason');
    const dated = octetString(encodeDateTime({ year: 2027, month: 1, day: 1, hour: 6, minute: 0 }));
    expect(await client.set(auto(5), array([structure(daily(22), dated)]))).toBe('other-reason');
    expect(await client.set(auto(2), enumeration(101))).toBe('success');
    expect(await attribute('connect')).toBe('always');
  });
});

test('who it is: serial number, manufacturer, versions', async () => {
  const id = async (n: number) =>
    text(await readValue(client, { classId: 1, obis: `0.0.96.1.${n}.255`, attribute: 2 }));
  expect(await id(0)).toBe((await setting('device.serial')) ?? '');
  expect(await id(1)).toBe('OpenDCU');
  expect(await id(3)).toMatch(/^4f4443/);
  expect(await id(8)).toBe(`Bun ${Bun.version}`);
  expect(await id(9)).toBe((await setting('device.timezone')) ?? '');
});

test('the SAP list has the concentrator and each meter in use, and follows the archive', async () => {
  const saps = async () =>
    elements(await readValue(client, { classId: 17, obis: '0.0.41.0.0.255', attribute: 2 })).map((row) =>
      text(elements(row)[1]),
    );
  const { meterNo, id } = served.meter(0);
  expect((await saps()).slice(1)).toEqual([meterNo]);
  const { archive } = served.house.concentrator.store;
  await archive.update(id, { enabled: false });
  await served.house.concentrator.headend.settled();
  expect(await saps()).toHaveLength(1);
  await archive.update(id, { enabled: true });
  await served.house.concentrator.headend.settled();
  expect((await saps()).slice(1)).toEqual([meterNo]);
});
