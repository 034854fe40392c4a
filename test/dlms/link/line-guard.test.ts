import { describe, expect, test } from 'bun:test';
import { concat, fromHex } from '../../../src/base/bytes.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { clientAddress, serverAddress } from '../../../src/dlms/link/address.ts';
import { encodeFrame, unnumberedControl } from '../../../src/dlms/link/frame.ts';
import { createServerLink } from '../../../src/dlms/link/index.ts';
import { EchoFilter } from '../../../src/dlms/link/line-guard.ts';
import type { HdlcLinkConfig, PeerMemory } from '../../../src/dlms/link/link.ts';
import { HDLC, pattern, World } from './world.ts';

describe('echo filter', () => {
  const filter = (...sent: string[]): EchoFilter => {
    const echo = new EchoFilter();
    for (const run of sent) echo.sent(fromHex(run));
    return echo;
  };

  test('takes out what was sent, in pieces and in several runs, and nothing behind it', () => {
    const echo = filter('7ea0017e', '7ea0027e');
    expect(echo.received(fromHex('7ea0')).toHex()).toBe('');
    expect(echo.received(fromHex('017e7ea002')).toHex()).toBe('');
    expect(echo.received(fromHex('7e7ea003')).toHex()).toBe('7ea003');
    expect(echo.received(fromHex('7ea0017e')).toHex()).toBe('7ea0017e');
  });

  test('hands on what only begins like an echo, whole', () => {
    const echo = filter('7ea0017e');
    expect(echo.received(fromHex('7ea0')).toHex()).toBe('');
    expect(echo.received(fromHex('05')).toHex()).toBe('7ea005');
    expect(echo.received(fromHex('7ea0017e')).toHex()).toBe('7ea0017e');
  });

  test('a line without an echo loses nothing', () => {
    const random = new SeededRandom(4);
    for (let i = 0; i < 200; i++) {
      const echo = new EchoFilter();
      echo.sent(random.bytes(20));
      const answer = concat([Uint8Array.of(0x7e, 0xa0), random.bytes(30)]);
      const got: Uint8Array[] = [];
      for (let at = 0; at < answer.length; ) {
        const length = 1 + Math.floor(random.next() * 8);
        got.push(echo.received(answer.subarray(at, at + length)));
        at += length;
      }
      expect(concat(got)).toEqual(answer);
    }
  });

  test('what is expected stays bounded', () => {
    const echo = new EchoFilter();
    for (let i = 0; i < 100; i++) echo.sent(new Uint8Array(1000).fill(i));
    expect(echo.received(new Uint8Array(10).fill(255))).toHaveLength(10);
  });
});

/** Both ends on one pair of wires: everybody hears everything, themselves included. */
function twoWires(world: World): void {
  world.line = (bytes, from) => {
    const other = from === 'client' ? 'server' : 'client';
    world.later(1, () => world.bytes(from, bytes));
    world.later(2, () => world.bytes(other, bytes));
    return [];
  };
}

test.each([
  ['4-byte addresses', HDLC],
  // Nothing in such a frame tells who has sent it.
  ['client and server of the same one-byte address', { ...HDLC, addressBytes: 1, clientAddress: 1 }],
] as const)('over a line with an echo: %s', (_name, config) => {
  const guarded: HdlcLinkConfig = { ...config, echo: true, windowTransmit: 3, windowReceive: 3 };
  const world = new World(guarded, guarded);
  twoWires(world);
  const request = pattern(500, 1);
  const answer = pattern(700, 2);
  world.onEvent = (side, event) => {
    if (side === 'client' && event.type === 'connected')
      world.command('client', { type: 'send', apdu: request });
    if (side === 'server' && event.type === 'apdu') world.command('server', { type: 'send', apdu: answer });
    if (side === 'client' && event.type === 'apdu') world.command('client', { type: 'disconnect' });
  };
  world.command('client', { type: 'connect' });
  expect(world.run(60_000)).toBe(true);
  expect(world.apdus('server')).toEqual([request]);
  expect(world.apdus('client')).toEqual([answer]);
  expect(world.events.client.at(-1)).toEqual({ type: 'disconnected' });
  expect(world.links.client.counters).toMatchObject({ ignoredFrames: 0, retransmissions: 0, timeouts: 0 });
});

/** What a client tells of its server. */
function rememberer() {
  const told: string[] = [];
  const memory: PeerMemory = {
    patienceMs: () => 1000,
    answered: () => {},
    silent: () => told.push('silent'),
    negotiated: () => {},
    lost: () => {},
    echoes: () => told.push('echoes'),
  };
  return { told, memory };
}

test.each([
  ['an echo', true, HDLC, ['echoes']],
  ['an echo, same one-byte address', true, { ...HDLC, addressBytes: 1, clientAddress: 1 }, ['echoes']],
  ['no echo', false, HDLC, []],
  // An RR and its answer are the same bytes here: taken for an echo, the answer would be lost.
  ['no echo, same one-byte address', false, { ...HDLC, addressBytes: 1, clientAddress: 1 }, []],
] as const)('a client finds out: %s', (_name, echoing, config, expected) => {
  const { told, memory } = rememberer();
  const windows = { windowTransmit: 3, windowReceive: 3 };
  const world = new World(
    { ...config, ...windows, echo: 'detect', memory },
    { ...config, ...windows, ...(echoing ? { echo: true } : {}) },
  );
  if (echoing) twoWires(world);
  const request = pattern(500, 1);
  const answer = pattern(700, 2);
  world.onEvent = (side, event) => {
    if (side === 'client' && event.type === 'connected')
      world.command('client', { type: 'send', apdu: request });
    if (side === 'server' && event.type === 'apdu') world.command('server', { type: 'send', apdu: answer });
    if (side === 'client' && event.type === 'apdu') world.command('client', { type: 'disconnect' });
  };
  world.command('client', { type: 'connect' });
  expect(world.run(60_000)).toBe(true);
  expect(world.apdus('client')).toEqual([answer]);
  expect(world.links.client.counters).toMatchObject({ ignoredFrames: 0, retransmissions: 0, timeouts: 0 });
  expect(told).toEqual([...expected]);
});

describe('quiet between frames', () => {
  const client = clientAddress(16);
  const server = serverAddress(1, 17, 4);
  const snrm = encodeFrame({ destination: server, source: client, control: unnumberedControl('snrm', true) });

  test('an answer waits until the line has been quiet, and what came with it comes with it', () => {
    const link = createServerLink({ ...HDLC, interFrameTimeoutMs: 20 });
    const first = link.step({ on: 'bytes', bytes: snrm }, 1000);
    expect(first.map((effect) => effect.do)).toEqual(['emit', 'arm']);
    expect(first.at(-1)).toEqual({ do: 'arm', timer: 'link-quiet', delayMs: 20 });
    // Somebody else still talks: the answer is put off.
    expect(link.step({ on: 'bytes', bytes: Uint8Array.of(0x7e) }, 1015)).toContainEqual({
      do: 'arm',
      timer: 'link-quiet',
      delayMs: 20,
    });
    expect(link.step({ on: 'timer', timer: 'link-quiet' }, 1020)).toEqual([
      { do: 'arm', timer: 'link-quiet', delayMs: 15 },
    ]);
    const released = link.step({ on: 'timer', timer: 'link-quiet' }, 1035);
    expect(released.map((effect) => effect.do)[0]).toBe('send');
    expect(released).toContainEqual({ do: 'arm', timer: 'link-idle:16/1/17', delayMs: 1000 });
  });

  test('a quiet line is used at once, and a lost one forgets what waits', () => {
    const link = createServerLink({ ...HDLC, interFrameTimeoutMs: 20 });
    link.step({ on: 'bytes', bytes: snrm }, 0);
    link.step({ on: 'closed' }, 5);
    expect(link.step({ on: 'timer', timer: 'link-quiet' }, 40)).toEqual([]);
    const apart = link.step(
      { on: 'command', command: { type: 'send-unconfirmed', apdu: pattern(9, 1) } },
      100,
    );
    expect(apart.map((effect) => effect.do)).toEqual(['send']);
  });

  test('a line that is never quiet holds back no more than a few answers', () => {
    const link = createServerLink({ ...HDLC, interFrameTimeoutMs: 20 });
    for (let nowMs = 0; nowMs < 10_000; nowMs += 5) link.step({ on: 'bytes', bytes: snrm }, nowMs);
    const released = link.step({ on: 'timer', timer: 'link-quiet' }, 11_000);
    expect(released.length).toBeGreaterThan(0);
    expect(released.length).toBeLessThanOrEqual(65);
    expect(link.counters.ignoredFrames).toBeGreaterThan(500);
  });

  test('a whole exchange with quiet on both sides', () => {
    const config = { ...HDLC, interFrameTimeoutMs: 8, windowTransmit: 2, windowReceive: 2 };
    const world = new World(config, config);
    const answer = pattern(900, 5);
    world.onEvent = (side, event) => {
      if (side === 'client' && event.type === 'connected')
        world.command('client', { type: 'send', apdu: pattern(40, 1) });
      if (side === 'server' && event.type === 'apdu') world.command('server', { type: 'send', apdu: answer });
      if (side === 'client' && event.type === 'apdu') world.command('client', { type: 'disconnect' });
    };
    world.command('client', { type: 'connect' });
    expect(world.run(60_000)).toBe(true);
    expect(world.apdus('client')).toEqual([answer]);
    expect(world.events.client.at(-1)).toEqual({ type: 'disconnected' });
    expect(world.links.client.counters.timeouts).toBe(0);
  });
});
