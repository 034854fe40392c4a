import { afterEach, beforeEach, expect, setDefaultTimeout, test } from 'bun:test';
import { systemClock } from '../../src/base/clock.ts';
import { openDlmsClient } from '../../src/channels/dlms-client.ts';
import { openTcp } from '../../src/channels/tcp.ts';
import { FastClock, until } from '../concentrator/house.ts';
import { RawPeer } from './raw.ts';
import {
  AUTHENTICATION_KEY,
  ENCRYPTION_KEY,
  elements,
  openServed,
  PASSWORD,
  readValue,
  type ServedHouse,
} from './served.ts';

setDefaultTimeout(60_000);

const SAPS = { classId: 17, obis: '0.0.41.0.0.255', attribute: 2 };
const EXCEPTION = 0xd8;
/** GET, SET and ACTION. */
const REQUESTS: ReadonlySet<number> = new Set([0xc0, 0xc1, 0xc3]);
const MEGABYTE = 1024 * 1024;

let served: ServedHouse;
const peers: RawPeer[] = [];
beforeEach(async () => {
  served = await openServed({ meters: 1 });
  await served.attributes({ 'hes.rights': 'full' });
});
afterEach(async () => {
  for (const peer of peers.splice(0)) peer.end();
  await served.end();
});

async function raw(from?: string): Promise<RawPeer> {
  const peer = await RawPeer.open(served.port, from);
  peers.push(peer);
  return peer;
}

async function logged(type: string): Promise<string[]> {
  const { rows } = await served.house.concentrator.store.logbook.list({ limit: 100, offset: 0 });
  return rows.filter((row) => row.type === type).map(({ detail }) => detail);
}

/** The entries once there are any: what is told is written a moment later. */
async function told(type: string): Promise<string[]> {
  while ((await logged(type)).length === 0) await Bun.sleep(5);
  return logged(type);
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'none';
}

const bytes = (hex: string): number[] => [...Uint8Array.fromHex(hex.replaceAll(' ', ''))];
/** Descriptor of the clock's time. */
const CLOCK_TIME = bytes('0008 0000010000ff 02');
const GET = [0xc0, 0x01, 0xc1, ...CLOCK_TIME, 0x00];
const SET = [0xc1, 0x01, 0xc1, ...CLOCK_TIME, 0x00];
const ACTION = [0xc3, 0x01, 0xc1, ...bytes('000f 0000280000ff 02'), 0x01];
const of = (...parts: readonly (readonly number[])[]): Uint8Array => Uint8Array.from(parts.flat());
const times = (count: number, ...part: readonly number[]): number[] =>
  Array.from({ length: count }, () => part).flat();

/** Each is a request that is to cost more than it may. */
const BOMBS: Readonly<Record<string, readonly Uint8Array[]>> = {
  'a value nested 15,000 deep': [of(SET, times(15_000, 0x02, 0x01), [0x00])],
  'a parameter nested 15,000 deep': [of(ACTION, times(15_000, 0x01, 0x01), [0x00])],
  'an array of four thousand million': [of(SET, [0x01, 0x84, 0xff, 0xff, 0xff, 0xff], times(100, 0x00))],
  'octets of four thousand million': [of(SET, [0x09, 0x84, 0xff, 0xff, 0xff, 0xff], times(100, 0x41))],
  'a length of 126 bytes': [of(SET, [0x09, 0xfe], times(200, 0xff))],
  'a compact array of nothing, many times': [of(SET, [0x13, 0x00, 0x83, 0xff, 0xff, 0xff], times(100, 0x00))],
  'a list of more than is served': [
    of([0xc0, 0x03, 0xc1, 0x82, 0x10, 0x00], times(4096, ...CLOCK_TIME, 0x00)),
  ],
  'blocks of a SET without end': Array.from({ length: 80 }, (_, i) =>
    i === 0
      ? of([0xc1, 0x02, 0xc1, ...CLOCK_TIME, 0x00, 0x00, 0, 0, 0, 1, 0x82, 0x04, 0x00], times(1024, 0x41))
      : of([0xc1, 0x03, 0xc1, 0x00, 0, 0, 0, i + 1, 0x82, 0x04, 0x00], times(1024, 0x41)),
  ),
  'general blocks without end': Array.from({ length: 200 }, (_, i) =>
    of([0xe0, 0x01, (i + 1) >> 8, (i + 1) & 0xff, 0, i & 0xff, 0x82, 0x04, 0x00], times(1024, 0x41)),
  ),
  'general blocks that stream ahead': Array.from({ length: 63 }, (_, i) =>
    of([0xe0, 0x7f, 0, i + 2, 0, 0, 0x82, 0x04, 0x00], times(1024, 0x41)),
  ),
  'a general block in a general block': [
    of([0xe0, 0x81, 0, 1, 0, 0, 0x09, 0xe0, 0x81, 0, 1, 0, 0, 0x02, 0xe0, 0x81]),
  ],
  'a ciphered request without keys': [of([0xc8, 0x0e, 0x30, 0, 0, 0, 1], times(9, 0x55))],
  'a tag that is none': [of([0xff], times(1000, 0xff))],
  'nothing at all': [new Uint8Array(0)],
};

test.each(Object.entries(BOMBS))('%s is refused, and the same session goes on', async (_, bombs) => {
  const peer = await raw();
  expect((await peer.associate(PASSWORD))?.[0]).toBe(0x61);
  const before = process.memoryUsage().rss;
  for (const bomb of bombs) peer.send(bomb);
  const invoke = 0x42;
  const asked = Uint8Array.from(GET).with(2, 0xc0 | (invoke & 0x0f));
  // Whatever they were answered: the GET behind them is answered too, as soon as there is room for it.
  let answer: Uint8Array | undefined;
  do {
    peer.send(asked);
    for (;;) {
      answer = await peer.answer();
      const isDone = answer === undefined || answer[0] === 0xc4 || peer.closed;
      if (isDone) break;
    }
  } while (!peer.closed && answer?.[2] !== asked[2]);
  expect([...(answer?.subarray(0, 4) ?? [])]).toEqual([0xc4, 0x01, asked[2] ?? 0, 0x00]);
  expect(process.memoryUsage().rss - before).toBeLessThan(96 * MEGABYTE);
  expect(await logged('hes-locked-out')).toEqual([]);
});

test('before anybody has proved himself a bomb is refused in a few bytes', async () => {
  const peer = await raw();
  for (const [bomb] of Object.values(BOMBS)) {
    if (bomb === undefined || !REQUESTS.has(bomb[0] ?? 0)) continue;
    const refusal = await peer.ask(bomb);
    expect([...(refusal?.subarray(0, 1) ?? [])]).toEqual([EXCEPTION]);
    expect(refusal?.length).toBeLessThan(16);
  }
  const client = await served.associate(1);
  expect(elements(await readValue(client, SAPS))).toHaveLength(2);
});

test('a good session gets an answer to each request between the bombs of others', async () => {
  const client = await served.associate(1);
  const peer = await raw('127.0.0.2');
  expect((await peer.associate(PASSWORD))?.[0]).toBe(0x61);
  let answered = 0;
  for (const bombs of Object.values(BOMBS)) {
    for (const bomb of bombs) peer.send(bomb);
    if (elements(await readValue(client, SAPS)).length === 2) answered++;
  }
  expect(answered).toBe(Object.keys(BOMBS).length);
});

test('a request that comes again is refused with the counter that is due, told once, and counts as no guess', async () => {
  await served.attributes({
    'hes.auth': 'hls-gmac',
    'hes.encryption.key': ENCRYPTION_KEY,
    'hes.authentication.key': AUTHENTICATION_KEY,
  });
  const channel = await openTcp({ host: '127.0.0.1', port: served.port, connectTimeoutMs: 2000 });
  const sent: Uint8Array[] = [];
  const heard: Uint8Array[] = [];
  channel.onBytes((chunk) => heard.push(chunk.slice()));
  const taped = {
    ...channel,
    name: channel.name,
    write: (chunk: Uint8Array) => {
      sent.push(chunk.slice());
      return channel.write(chunk);
    },
    onBytes: (listener: (chunk: Uint8Array) => void) =>
      channel.onBytes((chunk) => {
        heard.push(chunk.slice());
        listener(chunk);
      }),
    onClosed: (listener: Parameters<typeof channel.onClosed>[0]) => channel.onClosed(listener),
    close: () => channel.close(),
  };
  const client = await openDlmsClient(
    taped,
    {
      link: {
        framing: 'wrapper',
        clientAddress: 1,
        serverAddress: 1,
        responseTimeoutMs: 5000,
        maxApdu: 65_535,
      },
      association: { auth: 'hls-gmac', policy: 'auth-enc', maxPduSize: 65_535, ...served.ciphered },
      randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
    },
    systemClock,
  );
  await readValue(client, SAPS);
  const last = sent.at(-1);
  if (last === undefined) throw new Error('nothing was sent');
  client.abort();
  heard.length = 0;
  const most = 20;
  for (let i = 0; i < most; i++) await channel.write(last);
  await until(() => heard.reduce((sum, chunk) => sum + chunk.length, 0) >= most * 15);
  const [first] = heard;
  // Wrapper, exception-response: service not possible, invocation-counter-error, and the counter.
  expect([...(first?.subarray(8, 11) ?? [])]).toEqual([EXCEPTION, 0x01, 0x06]);
  await channel.close();
  expect(await told('hes-refused')).toEqual(['tcp_server, 127.0.0.1: replay-detected']);
  expect(await codeOf(served.associate(1, served.ciphered))).toBe('none');
});

test('a wrong key is refused, told once with its address, and counts', async () => {
  await served.attributes({
    'hes.auth': 'hls-gmac',
    'hes.encryption.key': ENCRYPTION_KEY,
    'hes.authentication.key': AUTHENTICATION_KEY,
  });
  const wrong = { ...served.ciphered, encryptionKey: new Uint8Array(16) };
  const untrue = { ...served.ciphered, authenticationKey: new Uint8Array(16) };
  for (const keys of [wrong, untrue, wrong, untrue, wrong]) {
    expect(await codeOf(served.associate(1, keys))).not.toBe('none');
  }
  expect(await told('hes-refused')).toEqual(['tcp_server, 127.0.0.1: decryption-failed']);
  expect(await codeOf(served.associate(1, served.ciphered))).toBe('link-closed');
  expect(await told('hes-locked-out')).toEqual(['tcp_server, 127.0.0.1: too many failed tries']);
});

test('a thousand connections leave the good sessions their answers and a newcomer his place', async () => {
  const client = await served.associate(1);
  const { headend } = served.house.concentrator;
  let answered = 0;
  for (let round = 0; round < 10; round++) {
    await Promise.all(Array.from({ length: 100 }, (_, i) => raw(`127.0.1.${((round * 100 + i) % 250) + 1}`)));
    if (elements(await readValue(client, SAPS)).length === 2) answered++;
    expect(headend.connections('tcp_server')).toBeLessThanOrEqual(65);
  }
  expect(answered).toBe(10);
  const next = await served.associate(1);
  expect(elements(await readValue(next, SAPS))).toHaveLength(2);
  const refusals = await told('hes-refused');
  expect(new Set(refusals).size).toBe(refusals.length);
});

test('public associations, which prove nothing, keep no head-end out', async () => {
  // AARQ without authentication, as client 16.
  const aarq = Uint8Array.from(bytes('601da109060760857405080101be10040e01000000065f1f0400001e5dffff'));
  // As many as the port takes at all.
  for (let i = 0; i < 128; i++) {
    const peer = await raw(`127.0.2.${(i % 16) + 1}`);
    peer.send(aarq, 1, 16);
    await peer.answer();
  }
  const client = await served.associate(1);
  expect(elements(await readValue(client, SAPS))).toHaveLength(2);
});

test('a logical device that is none, and an association that is none, are told of once', async () => {
  const peer = await raw();
  for (let sap = 2; sap < 15; sap++) peer.send(Uint8Array.from(GET), sap);
  peer.send(Uint8Array.from(GET).with(0, 0x60), 1, 99);
  while ((await logged('hes-refused')).length < 2) await Bun.sleep(5);
  expect((await logged('hes-refused')).sort()).toEqual([
    'tcp_server, 127.0.0.1: association refused: other',
    'tcp_server, 127.0.0.1: no such logical device',
  ]);
});

test('a socket that is half open, or says nothing, is let go', async () => {
  await served.end();
  served = await openServed({ meters: 1 }, { clock: new FastClock(2000) });
  const silent = await raw();
  const begun = await raw();
  begun.bytes(Uint8Array.of(0, 1, 0, 1, 0));
  await until(() => silent.closed && begun.closed);
  expect(served.house.concentrator.headend.connections('tcp_server')).toBe(0);
});
