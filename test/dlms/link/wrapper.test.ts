import { describe, expect, test } from 'bun:test';
import { fromHex } from '../../../src/base/bytes.ts';
import { DcuError } from '../../../src/base/errors.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { createClientLink, createServerLink } from '../../../src/dlms/link/index.ts';
import type { LinkEvent, LinkMachine } from '../../../src/dlms/link/link.ts';
import { encodeWrapperFrame } from '../../../src/dlms/link/wrapper.ts';
import { pattern, World, WRAPPER } from './world.ts';

function events(link: LinkMachine, ...chunks: Uint8Array[]): LinkEvent[] {
  return chunks.flatMap((bytes) =>
    link.step({ on: 'bytes', bytes }, 0).flatMap((effect) => (effect.do === 'emit' ? [effect.event] : [])),
  );
}

function connectedClient(): LinkMachine {
  const link = createClientLink(WRAPPER);
  link.step({ on: 'command', command: { type: 'connect' } }, 0);
  return link;
}

const disconnected = (all: readonly LinkEvent[]): string[] =>
  all.flatMap((event) => (event.type === 'disconnected' ? [event.error?.code ?? 'orderly'] : []));

test('the header of a published AARQ over TCP: version, wPorts 16 and 1, length', () => {
  // IEC 62056-47 example as published in the Green Book excerpts and traces of public stacks.
  const aarq = fromHex('601DA109060760857405080101BE10040E01000000065F1F0400007E1FFFFF');
  expect(encodeWrapperFrame(16, 1, aarq).toHex()).toBe(`000100100001001f${aarq.toHex()}`);
});

test('request and answer travel, and the response timer stops', () => {
  const world = new World(WRAPPER);
  world.onEvent = (side, event) => {
    if (side === 'server' && event.type === 'apdu') {
      expect(event.peer).toEqual({ clientAddress: 16, serverAddress: 1 });
      world.command('server', { type: 'send', apdu: pattern(300, 2) });
    }
  };
  world.command('client', { type: 'connect' });
  world.command('client', { type: 'send', apdu: pattern(200, 1) });
  expect(world.armed('client')).toEqual(['link-response']);
  expect(world.run(60_000)).toBe(true);
  expect(world.armed('client')).toEqual([]);
  expect(world.apdus('server')).toEqual([pattern(200, 1)]);
  expect(world.apdus('client')).toEqual([pattern(300, 2)]);
  expect(disconnected(world.events.client)).toEqual([]);
});

test('no answer: link-timeout, and the stream is closed so that a late answer cannot be mistaken', () => {
  const link = connectedClient();
  link.step({ on: 'command', command: { type: 'send', apdu: Uint8Array.of(1) } }, 0);
  const effects = link.step({ on: 'timer', timer: 'link-response' }, 1000);
  expect(effects.map((effect) => effect.do)).toEqual(['disarm', 'emit', 'close']);
  expect(effects[1]).toMatchObject({ event: { type: 'disconnected', error: { code: 'link-timeout' } } });
  expect(events(link, encodeWrapperFrame(1, 16, Uint8Array.of(2)))).toEqual([]);
});

test('a pushed notification is no answer: the timer goes on', () => {
  const link = connectedClient();
  link.step({ on: 'command', command: { type: 'send', apdu: Uint8Array.of(0xc0) } }, 0);
  const pushed = link.step({ on: 'bytes', bytes: encodeWrapperFrame(1, 16, Uint8Array.of(0x0f, 0)) }, 0);
  expect(pushed.map((effect) => effect.do)).toEqual(['emit']);
  const answered = link.step({ on: 'bytes', bytes: encodeWrapperFrame(1, 16, Uint8Array.of(0xc4)) }, 0);
  expect(answered.map((effect) => effect.do)).toEqual(['disarm', 'emit']);
});

test.each([
  [2, 16],
  [1, 17],
])('a frame from wPort %d to wPort %d is not for this client', (source, destination) => {
  const link = connectedClient();
  expect(events(link, encodeWrapperFrame(source, destination, Uint8Array.of(0xc4)))).toEqual([]);
  expect(link.counters.ignoredFrames).toBe(1);
});

test('a server takes every wPort, says which, and answers to the last client', () => {
  const link = createServerLink(WRAPPER);
  const [event] = events(link, encodeWrapperFrame(0x30, 0x77, Uint8Array.of(0x60)));
  expect(event).toMatchObject({ type: 'apdu', peer: { clientAddress: 0x30, serverAddress: 0x77 } });
  const [answer] = link.step({ on: 'command', command: { type: 'send', apdu: Uint8Array.of(0x61) } }, 0);
  expect(answer).toEqual({ do: 'send', bytes: encodeWrapperFrame(0x77, 0x30, Uint8Array.of(0x61)) });
});

describe('what cannot be a wrapper stream ends it', () => {
  test.each([
    ['an HDLC frame', fromHex('7ea00a000200232193187e')],
    ['another version', fromHex('0002001000010001c0')],
    ['text', new TextEncoder().encode('GET / HTTP/1.1\r\n')],
  ])('%s', (_, garbage) => {
    for (const chunks of [[garbage], [...garbage].map((byte) => Uint8Array.of(byte))]) {
      const link = createServerLink(WRAPPER);
      expect(disconnected(events(link, ...chunks))).toEqual(['link-protocol']);
      expect(link.counters.rejectedHeaders).toBe(1);
    }
  });

  test('an APDU longer than agreed', () => {
    const link = connectedClient();
    const header = encodeWrapperFrame(1, 16, new Uint8Array(WRAPPER.maxApdu + 1)).subarray(0, 8);
    expect(disconnected(events(link, header))).toEqual(['apdu-too-long']);
  });
});

test('the end of the connection: orderly when idle, link-closed in the middle of an exchange', () => {
  const idle = connectedClient();
  expect(idle.step({ on: 'closed' }, 0)).toEqual([{ do: 'emit', event: { type: 'disconnected' } }]);
  const waiting = connectedClient();
  waiting.step({ on: 'command', command: { type: 'send', apdu: Uint8Array.of(1) } }, 0);
  expect(waiting.step({ on: 'closed' }, 0).at(-1)).toMatchObject({
    event: { error: { code: 'link-closed' } },
  });
  const reason = new DcuError('channel-lost', 'cable');
  expect(connectedClient().step({ on: 'closed', reason }, 0).at(-1)).toMatchObject({
    event: { error: reason },
  });
  expect(createClientLink(WRAPPER).step({ on: 'closed' }, 0)).toEqual([]);
});

test('an APDU without a connection, or too long for the header, fails the link', () => {
  const link = createClientLink(WRAPPER);
  const send = (apdu: Uint8Array): unknown =>
    link.step({ on: 'command', command: { type: 'send', apdu } }, 0).at(-1);
  expect(send(Uint8Array.of(1))).toMatchObject({ event: { error: { code: 'link-closed' } } });
  link.step({ on: 'command', command: { type: 'connect' } }, 0);
  expect(send(new Uint8Array(0x10000))).toMatchObject({ event: { error: { code: 'apdu-too-long' } } });
});

test('whole, byte-wise and random splits give the same events', () => {
  const random = new SeededRandom(7);
  const frames = Array.from({ length: 40 }, (_, i) =>
    encodeWrapperFrame(i % 5 === 0 ? 9 : 1, 16, pattern(Math.floor(random.next() * 2048), i)),
  );
  const stream = Uint8Array.from(frames.flatMap((frame) => [...frame]));
  const whole = events(connectedClient(), stream);
  expect(whole.length).toBeGreaterThan(30);
  expect(events(connectedClient(), ...[...stream].map((byte) => Uint8Array.of(byte)))).toEqual(whole);
  for (let round = 0; round < 20; round++) {
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < stream.length; ) {
      const length = 1 + Math.floor(random.next() * 700);
      chunks.push(stream.subarray(at, at + length));
      at += length;
    }
    expect(events(connectedClient(), ...chunks)).toEqual(whole);
  }
});
