import { afterEach, beforeEach, expect, setDefaultTimeout, test } from 'bun:test';
import { sapOf } from '../../src/headend/meter-saps.ts';
import { FastClock, newMeter, until } from '../concentrator/house.ts';
import { elements, openServed, readValue, type ServedHouse, text } from './served.ts';

setDefaultTimeout(60_000);

const HOUR_MS = 3_600_000;
const SAPS = { classId: 17, obis: '0.0.41.0.0.255', attribute: 2 };
const wrong = { password: new TextEncoder().encode('guessed') };
const elsewhere = {
  framing: 'wrapper',
  host: '127.0.0.1',
  port: 2,
  clientAddress: 1,
  serverAddress: 1,
  addressBytes: 1,
} as const;
const clock = { classId: 8, obis: '0.0.1.0.0.255', attribute: 2 };

let served: ServedHouse;
let time: FastClock;
beforeEach(async () => {
  time = new FastClock(1);
  served = await openServed({ meters: 1 }, { clock: time });
});
afterEach(() => served.end());

const sap = (): number => sapOf(served.meter(0).id) ?? 0;

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'none';
}

async function logged(type: string): Promise<string[]> {
  const { rows } = await served.house.concentrator.store.logbook.list({ limit: 100, offset: 0 });
  return rows.filter((row) => row.type === type).map(({ detail }) => detail);
}

async function names(): Promise<string[]> {
  const client = await served.associate(1);
  const list = elements(await readValue(client, SAPS)).map((entry) => text(elements(entry)[1]));
  await client.release();
  return list.slice(1);
}

test('wrong passwords end in a lock of a day for this peer, told once, and no secret is told', async () => {
  for (let tries = 0; tries < 5; tries++) {
    expect(await codeOf(served.associate(sap(), wrong))).toBe('association-refused');
  }
  expect(await codeOf(served.associate(1))).toBe('link-closed');
  expect(await codeOf(served.associate(1))).toBe('link-closed');
  expect(await logged('hes-refused')).toEqual(['tcp_server, 127.0.0.1: authentication-failed']);
  expect(await logged('hes-locked-out')).toEqual(['tcp_server, 127.0.0.1: too many failed tries']);
  expect(served.house.told).not.toContain('Head-End-4059');
  time.jump(24 * HOUR_MS + 1000);
  expect(await names()).toHaveLength(1);
});

test('who proves itself in between is not counted against any more', async () => {
  for (let tries = 0; tries < 9; tries++) {
    if (tries === 4) await names();
    else expect(await codeOf(served.associate(1, wrong))).toBe('association-refused');
  }
  expect(await logged('hes-locked-out')).toHaveLength(0);
});

test('a connection that failed is closed: each guess costs one', async () => {
  const channel = await served.dial();
  expect(await codeOf(served.associate(1, wrong, channel))).toBe('association-refused');
  expect(await codeOf(served.associate(1, {}, channel))).not.toBe('none');
});

test('without its secrets nobody is let in', async () => {
  await served.attributes({ 'hes.auth': 'hls-gmac' });
  expect(await codeOf(served.associate(1, served.ciphered))).toBe('association-refused');
  await served.attributes({ 'hes.password': '' });
  await served.attributes({ 'hes.auth': 'lls' });
  expect(await codeOf(served.associate(1, { password: new Uint8Array(0) }))).toBe('association-refused');
});

test('a logical device that is none stays silent, and the connection stands', async () => {
  const channel = await served.dial();
  for (const address of [2, 15, 4000, 65_535]) {
    expect(await codeOf(served.associate(address, { answerMs: 50 }, await served.dial()))).toBe(
      'link-timeout',
    );
  }
  const client = await served.associate(1, {}, channel);
  expect(elements(await readValue(client, SAPS))).toHaveLength(2);
});

test('noise and silence cost their own connection only', async () => {
  const noise = await served.dial();
  const silent = await served.dial();
  for (let i = 0; i < 50; i++) {
    await noise.write(crypto.getRandomValues(new Uint8Array(4096))).catch(() => undefined);
  }
  await silent.write(Uint8Array.of(0, 1, 0, 1));
  expect(await names()).toEqual([served.meter(0).meterNo]);
});

test('one peer has so many connections and no more; those that it has go on', async () => {
  const clients = [];
  for (let i = 0; i < 16; i++) clients.push(await served.associate(1));
  expect(await codeOf(served.associate(1))).not.toBe('none');
  for (const client of clients) expect(elements(await readValue(client, SAPS))).toHaveLength(2);
  await served.hangUp();
  await until(() => served.house.concentrator.headend.connections('tcp_server') === 0);
  expect(await names()).toHaveLength(1);
  expect(await logged('hes-refused')).toEqual(['tcp_server, 127.0.0.1: too many connections']);
});

test('logical devices follow the archive, and no meter takes over the one of another', async () => {
  const { archive } = served.house.concentrator.store;
  const { headend } = served.house.concentrator;
  const second = await served.house.add(newMeter('0000000002', { enabled: false, address: elsewhere }));
  await headend.settled();
  expect(await names()).toEqual([served.meter(0).meterNo]);
  await archive.update(second.id, { enabled: true });
  await headend.settled();
  expect(await names()).toEqual([served.meter(0).meterNo, '0000000002']);
  const client = await served.associate(sapOf(second.id) ?? 0);
  const name = { classId: 1, obis: '0.0.42.0.0.255', attribute: 2 };
  expect(text(await readValue(client, name))).toBe('0000000002');
  await archive.remove(second.id);
  await headend.settled();
  expect(await client.get(name)).toEqual({ ok: false, result: 'object-unavailable' });
  const third = await served.house.add(newMeter('0000000003', { address: { ...elsewhere, port: 3 } }));
  expect(sapOf(third.id)).not.toBe(sapOf(second.id));
});

test('a restart changes no logical device, and takes no frame again', async () => {
  await served.attributes({
    'hes.encryption.key': '000102030405060708090a0b0c0d0e0f',
    'hes.authentication.key': 'd0d1d2d3d4d5d6d7d8d9dadbdcdddedf',
  });
  await served.attributes({ 'hes.auth': 'hls-gmac' });
  const { ciphered } = served;
  const client = await served.associate(sap(), ciphered);
  await client.release();
  await served.hangUp();
  await served.house.restart();
  expect(await codeOf(served.associate(sap(), { ...ciphered, nextInvocationCounter: () => 1 }))).toBe(
    'exception-response',
  );
  const again = await served.associate(sap(), ciphered);
  const name = await readValue(again, { classId: 1, obis: '0.0.42.0.0.255', attribute: 2 });
  expect(text(name)).toBe(served.meter(0).meterNo);
});

test('a meter that does not answer is a temporary failure, and its cached rows are there', async () => {
  const { house, street } = served;
  await house.recall('Energy profile', 86_400);
  await house.round(['Energy profile']);
  street.at(0).device.turnOn({ kind: 'silence' });
  const client = await served.associate(sap());
  expect(await client.get(clock)).toEqual({ ok: false, result: 'temporary-failure' });
  const count = { classId: 7, obis: '1.0.99.1.0.255', attribute: 7 };
  expect(await readValue(client, count)).toMatchObject({
    value: (await house.times(served.meter(0).id, 'energy')).length,
  });
});

test('who goes away leaves no meter asked', async () => {
  const { collector, headend } = served.house.concentrator;
  await served.house.attributes({ 'send.timeout': '60' });
  served.street.at(0).device.turnOn({ kind: 'silence' });
  const client = await served.associate(sap());
  const asked = codeOf(client.get(clock));
  await until(() => collector.snapshot().jobs.length > 0);
  await served.hangUp();
  expect(await asked).toBe('link-closed');
  await until(() => collector.snapshot().jobs.length === 0);
  expect(headend.connections('tcp_server')).toBe(0);
});
