import { afterEach, expect, setDefaultTimeout, test } from 'bun:test';
import type { ByteChannel } from '../../../src/channels/channel.ts';
import { openTcp } from '../../../src/channels/tcp.ts';
import { listenTcp } from '../../../src/channels/tcp-listen.ts';
import { sapOf } from '../../../src/headend/meter-saps.ts';
import type { NeighbourhoodOptions } from '../../../src/simulator/plan.ts';
import { newMeter, until } from '../../concentrator/house.ts';
import { openServed, readValue, type ServedHouse, text } from '../served.ts';
import { ascii, RawHes, throughTo } from './through.ts';

setDefaultTimeout(60_000);

const NAME = { classId: 1, obis: '0.0.42.0.0.255', attribute: 2 };
const REGISTER = { classId: 3, obis: '1.0.1.8.0.255', attribute: 2 };
const SAPS = { classId: 17, obis: '0.0.41.0.0.255', attribute: 2 };
const AARQ = Uint8Array.fromHex('601da109060760857405080101be10040e01000000065f1f0400001e5dffff');
const NOT_POSSIBLE = 'd80101';
const UNKNOWN = 'd80103';

let served: ServedHouse;
afterEach(() => served.end());

async function open(
  plan: Partial<NeighbourhoodOptions> = {},
  attributes: Readonly<Record<string, string>> = { gateway: 'open' },
): Promise<void> {
  served = await openServed({ meters: 2, ...plan });
  await served.attributes(attributes);
}

const numberOf = (index: number): Uint8Array => ascii(served.meter(index).meterNo);
const behind = (index: number, networkId = 0) => ({ networkId, address: numberOf(index) });

async function raw(): Promise<RawHes> {
  return new RawHes(await served.dial());
}

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
  );

/** What the logbook has of refusals, once there are so many; they are written behind the answer. */
async function refusals(count: number): Promise<string[]> {
  for (;;) {
    const { rows } = await served.house.concentrator.store.logbook.list({ limit: 100, offset: 0 });
    const found = rows.filter(({ type }) => type === 'hes-refused').map(({ detail }) => detail);
    if (found.length >= count) return found.toSorted();
    await Bun.sleep(5);
  }
}

for (const framing of ['wrapper', 'hdlc'] as const) {
  test(`what is ciphered end to end goes through the gateway to a meter with ${framing}, several at once`, async () => {
    await open({ framing, auth: 'hls-gmac' });
    const channel = await served.dial();
    const first = await throughTo(channel, served.street.at(0), { gateway: behind(0) });
    expect(text(await readValue(first, NAME))).toContain(served.meter(0).meterNo.slice(-6));
    expect((await readValue(first, REGISTER)).type).toMatch(/long/);
    await first.release();
    // Both by one connection, an association each.
    const both = new RawHes(await served.dial());
    await both.ask(behind(0), AARQ, 16, served.street.at(0).server);
    await both.ask(behind(1), AARQ, 16, served.street.at(1).server);
    await until(() => both.responses.length === 2);
    const begun = both.responses.map(({ address, apdu }) => `${address} ${apdu.slice(0, 2)}`);
    expect(new Set(begun)).toEqual(new Set([`${numberOf(0).toHex()} 61`, `${numberOf(1).toHex()} 61`]));
    expect(both.answers.map(({ source, destination }) => [source, destination])).toEqual([
      [served.street.at(0).server, 16],
      [served.street.at(1).server, 16],
    ]);
  });
}

test('the gateway is off until somebody switches it on, and says so', async () => {
  await open({}, {});
  const hes = await raw();
  await hes.ask(behind(0), AARQ);
  await hes.ask(behind(0), AARQ);
  await until(() => hes.responses.length === 2);
  expect(hes.responses[0]).toEqual({ address: numberOf(0).toHex(), networkId: 0, apdu: 'd80202' });
  expect(await refusals(1)).toEqual(['tcp_server, 127.0.0.1: gateway: the gateway is off']);
});

test('only who has associated on the same connection comes through, where that is asked for', async () => {
  await open({}, { gateway: 'associated' });
  const channel = await served.dial();
  const refused = throughTo(channel, served.street.at(0), { gateway: behind(0) });
  expect(await codeOf(refused)).toBe('exception-response');
  await channel.close();
  const mixed = await served.dial();
  await served.associate(1, {}, mixed);
  const meter = await throughTo(mixed, served.street.at(0), { gateway: behind(0) });
  expect(text(await readValue(meter, NAME))).toContain(served.meter(0).meterNo.slice(-6));
  // What was released is no association any more.
  const left = await served.dial();
  const management = await served.associate(1, {}, left);
  await management.release();
  expect(await codeOf(throughTo(left, served.street.at(0), { gateway: behind(0) }))).toBe(
    'exception-response',
  );
  expect(await refusals(1)).toEqual(['tcp_server, 127.0.0.1: gateway: not associated']);
});

test('a meter goes by its number, its logical device or the address of its unit', async () => {
  await open();
  const { id, meterNo } = served.meter(1);
  const sap = sapOf(id) ?? 0;
  const hes = await raw();
  for (const address of [ascii(meterNo), Uint8Array.of(sap >> 8, sap & 0xff), Uint8Array.fromHex(meterNo)]) {
    await hes.ask({ networkId: 0, address }, AARQ, 1, served.street.at(1).server);
    await until(() => hes.responses.some((response) => response.address === address.toHex()));
  }
  expect(hes.responses.map(({ apdu }) => apdu.slice(0, 2))).toEqual(['61', '61', '61']);
});

test('who is unknown, disabled or on the blacklist, and another network, are refused; the network is given back', async () => {
  await open({}, { gateway: 'open', 'gateway.network': '7' });
  const { archive, blacklist } = served.house.concentrator.store;
  await archive.update(served.meter(1).id, { enabled: false });
  await served.house.concentrator.headend.settled();
  const hes = await raw();
  await hes.ask(behind(0), AARQ);
  await hes.ask({ networkId: 7, address: ascii('999') }, AARQ);
  await hes.ask({ networkId: 7, address: new Uint8Array(255).fill(0x31) }, AARQ);
  await hes.ask(behind(1, 7), AARQ);
  await until(() => hes.responses.length === 4);
  await blacklist.add(served.meter(0).meterNo, 'stolen');
  await hes.ask(behind(0, 7), AARQ);
  await until(() => hes.responses.length === 5);
  expect(hes.responses.map(({ networkId, apdu }) => [networkId, apdu])).toEqual([
    [0, UNKNOWN],
    [7, UNKNOWN],
    [7, UNKNOWN],
    [7, NOT_POSSIBLE],
    [7, NOT_POSSIBLE],
  ]);
  expect(await refusals(3)).toEqual([
    'tcp_server, 127.0.0.1: gateway: a meter on the blacklist',
    'tcp_server, 127.0.0.1: gateway: a meter that is disabled or was replaced',
    'tcp_server, 127.0.0.1: gateway: unknown meter or network',
  ]);
});

test('a flood for unknown meters, responses and cut prefixes cost themselves only: the server goes on on the same connection', async () => {
  await open();
  const channel = await served.dial();
  const client = await served.associate(1, {}, channel);
  const flood = new RawHes(await served.dial());
  for (let i = 0; i < 2000; i++) void flood.ask({ networkId: 0, address: ascii(`x${i}`) }, AARQ);
  await flood.frame(Uint8Array.fromHex('e7000131c001c100'));
  await flood.frame(Uint8Array.fromHex('e600ff31'));
  await flood.frame(Uint8Array.fromHex('e60000c001'));
  await flood.frame(Uint8Array.fromHex('e6'));
  expect((await readValue(client, SAPS)).type).toBe('array');
  await until(() => flood.responses.length === 2000);
  expect(flood.responses.every(({ apdu }) => apdu === UNKNOWN)).toBe(true);
  expect(flood.answers).toHaveLength(2000);
  await flood.ask(behind(0), AARQ, 1, served.street.at(0).server);
  await until(() => flood.responses.length === 2001);
  expect(flood.responses.at(-1)?.apdu.slice(0, 2)).toBe('61');
  expect(await refusals(3)).toEqual([
    'tcp_server, 127.0.0.1: gateway: a malformed prefix',
    'tcp_server, 127.0.0.1: gateway: a response that nobody asked for',
    'tcp_server, 127.0.0.1: gateway: unknown meter or network',
  ]);
});

test('a meter that is not there is told as not possible, and the others go on', async () => {
  await open();
  const { address } = served.meter(0);
  const gone = await served.house.add(newMeter('000000000099', { address: { ...address, port: 2 } }));
  await served.house.concentrator.headend.settled();
  const hes = await raw();
  await hes.ask({ networkId: 0, address: ascii(gone.meterNo) }, AARQ);
  await hes.ask(behind(0), AARQ, 1, served.street.at(0).server);
  await until(() => hes.responses.length === 2);
  const by = new Map(hes.responses.map(({ address, apdu }) => [address, apdu.slice(0, 6)]));
  expect(by.get(ascii(gone.meterNo).toHex())).toBe(NOT_POSSIBLE);
  expect(by.get(numberOf(0).toHex())?.slice(0, 2)).toBe('61');
});

/** A range of ports that is free now. */
function freeRange(count: number): { readonly first: number; readonly last: number } {
  for (let first = 21_000; first < 60_000; first += 100) {
    try {
      const listeners = Array.from({ length: count }, (_, i) =>
        listenTcp({ host: '127.0.0.1', port: first + i }, () => undefined),
      );
      for (const listener of listeners) void listener.close();
      return { first, last: first + count - 1 };
    } catch {
      // Some of it is taken.
    }
  }
  throw new Error('no free ports');
}

const dialled: ByteChannel[] = [];
async function dialPort(port: number): Promise<ByteChannel> {
  const channel = await openTcp({ host: '127.0.0.1', port, connectTimeoutMs: 2000 });
  dialled.push(channel);
  return channel;
}
afterEach(async () => {
  for (const channel of dialled.splice(0)) await channel.close();
});

const ports = () => served.house.concentrator.headend.meterPorts('tcp_server');

for (const framing of ['wrapper', 'hdlc'] as const) {
  test(`a meter with ${framing} has a port of its own, on which it is read as if it were there`, async () => {
    await open({ framing, auth: 'hls-gmac' });
    const { first, last } = freeRange(4);
    await served.attributes({ 'meter.ports': `${first}-${last}` });
    const port = first + served.meter(1).id - 1;
    expect(ports().map(({ port: one, error }) => [one, error])).toEqual([
      [first, null],
      [first + 1, null],
    ]);
    const client = await throughTo(await dialPort(port), served.street.at(1));
    expect(text(await readValue(client, NAME))).toContain(served.meter(1).meterNo.slice(-6));
    expect(ports()[1]?.connections).toBe(1);
    await client.release();
  });
}

test('a port that is taken is told, and the others work; ports come and go with their meters', async () => {
  await open();
  const { first, last } = freeRange(4);
  const taken = listenTcp({ host: '127.0.0.1', port: first }, () => undefined);
  await served.attributes({ 'meter.ports': `${first}-${last}` });
  expect(ports().map(({ error }) => error === null)).toEqual([false, true]);
  expect(served.house.log.filter(({ message }) => message === 'ports of meters cannot be had')).toHaveLength(
    1,
  );
  await taken.close();
  const { archive } = served.house.concentrator.store;
  const { address } = served.meter(1);
  const added = await served.house.add(newMeter('000000000098', { address: { ...address, port: 2 } }));
  await served.house.concentrator.headend.settled();
  expect(ports().map(({ meterId, error }) => [meterId, error])).toEqual([
    [served.meter(0).id, null],
    [served.meter(1).id, null],
    [added.id, null],
  ]);
  const open1 = await dialPort(first + served.meter(1).id - 1);
  const hes = new RawHes(open1);
  await archive.update(served.meter(1).id, { enabled: false });
  await served.house.concentrator.headend.settled();
  await until(() => hes.closed);
  expect(ports().map(({ meterId }) => meterId)).toEqual([served.meter(0).id, added.id]);
  await served.attributes({ 'meter.ports': '' });
  expect(ports()).toEqual([]);
});

test('only addresses that may connect do, few at a time, and garbage ends the connection', async () => {
  await open();
  const { first, last } = freeRange(2);
  await served.attributes({ 'meter.ports': `${first}-${last}`, 'meter.ports.from': '10.0.0.0/8, 192.0.2.7' });
  const stranger = new RawHes(await dialPort(first));
  await until(() => stranger.closed);
  await served.attributes({ 'meter.ports.from': '127.0.0.0/8' });
  const garbage = new RawHes(await dialPort(first));
  await garbage.bytes(ascii('GET / HTTP/1.1\r\n\r\n'));
  await until(() => garbage.closed);
  const several: RawHes[] = [];
  for (let i = 0; i < 5; i++) several.push(new RawHes(await dialPort(first)));
  await until(() => several.some(({ closed }) => closed));
  expect(several.filter(({ closed }) => closed)).toHaveLength(1);
  // Who may connect no longer is let go.
  await served.attributes({ 'meter.ports.from': '192.0.2.7' });
  await until(() => several.every(({ closed }) => closed));
  expect(await refusals(1)).toEqual([
    'tcp_server, 127.0.0.1: port of a meter: not an address that may use the ports of meters',
  ]);
});

test('who is locked out stays out of the ports of meters too', async () => {
  await open();
  const { first, last } = freeRange(2);
  await served.attributes({ 'meter.ports': `${first}-${last}` });
  for (let tries = 0; tries < 5; tries++) {
    expect(await codeOf(served.associate(1, { password: ascii('guessed') }))).toBe('association-refused');
  }
  expect(await codeOf(served.associate(1))).toBe('link-closed');
  const hes = new RawHes(await dialPort(first));
  await until(() => hes.closed);
  expect(await refusals(2)).toContain('tcp_server, 127.0.0.1: port of a meter: too many failed logins');
});

test('ranges and addresses that are none are refused by their field', async () => {
  await open();
  const fieldOf = async (values: Readonly<Record<string, string>>): Promise<unknown> =>
    served.attributes(values).then(
      () => undefined,
      (error: unknown) => (error instanceof Error && 'field' in error ? error.field : error),
    );
  for (const range of ['5', '10-5', '0-7', '1-65536', 'a-b'])
    expect(await fieldOf({ 'meter.ports': range })).toBe('meter.ports');
  for (const list of ['here', '10.0.0.0/33', '::/129', '10.0.0.0/8/8'])
    expect(await fieldOf({ 'meter.ports.from': list })).toBe('meter.ports.from');
  expect(await fieldOf({ gateway: 'on' })).toBe('gateway');
  expect(await fieldOf({ 'gateway.network': '256' })).toBe('gateway.network');
});
