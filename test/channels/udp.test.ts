import { afterEach, describe, expect, test } from 'bun:test';
import { concat } from '../../src/base/bytes.ts';
import { systemClock, VirtualClock } from '../../src/base/clock.ts';
import { DcuError } from '../../src/base/errors.ts';
import type { ByteChannel } from '../../src/channels/channel.ts';
import { pump } from '../../src/channels/pump.ts';
import {
  listenUdp,
  openUdp,
  type UdpListener,
  type UdpListenOptions,
  udpOpener,
} from '../../src/channels/udp.ts';
import { isDatagram, UdpChannel } from '../../src/channels/udp-channel.ts';
import { createClientLink, createServerLink } from '../../src/dlms/link/index.ts';
import type { LinkEvent } from '../../src/dlms/link/link.ts';
import { encodeWrapperFrame } from '../../src/dlms/link/wrapper.ts';
import { WRAPPER } from '../dlms/link/world.ts';
import { ended, eventually, noise } from './streams.ts';

const listeners: UdpListener[] = [];
const channels: ByteChannel[] = [];

async function listen(
  onPeer: (channel: ByteChannel) => void,
  options: Partial<UdpListenOptions> = {},
): Promise<UdpListener> {
  const listener = await listenUdp({ host: '127.0.0.1', port: 0, ...options }, onPeer);
  listeners.push(listener);
  return listener;
}

async function open(port: number): Promise<ByteChannel> {
  const channel = await openUdp({ host: '127.0.0.1', port });
  channels.push(channel);
  return channel;
}

const codeOf = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise;
  } catch (error) {
    if (error instanceof DcuError) return error.code;
  }
  return 'nothing thrown';
};

afterEach(async () => {
  for (const channel of channels.splice(0)) await channel.close();
  for (const listener of listeners.splice(0)) await listener.close();
});

const frame = encodeWrapperFrame(16, 1, Uint8Array.of(0xc0, 1, 0xc1));

test('client and server link talk in datagrams, each peer on its own channel', async () => {
  const seen: LinkEvent[] = [];
  const listener = await listen((channel) => {
    const server = pump(createServerLink(WRAPPER), channel, systemClock, (event) => {
      if (event.type === 'apdu')
        server.command({ type: 'send', apdu: concat([event.apdu, Uint8Array.of(9)]) });
    });
  });
  for (let i = 0; i < 3; i++) {
    const client = pump(createClientLink(WRAPPER), await open(listener.port), systemClock, (event) =>
      seen.push(event),
    );
    client.command({ type: 'connect' });
    client.command({ type: 'send', apdu: Uint8Array.of(0xc0, i) });
  }
  expect(await eventually(() => seen.filter((event) => event.type === 'apdu').length === 3)).toBe(true);
  const answers = seen.flatMap((event) => (event.type === 'apdu' ? [event.apdu.toHex()] : []));
  expect(answers.sort()).toEqual(['c00009', 'c00109', 'c00209']);
  expect(listener.peers).toBe(3);
});

test.each([
  ['nothing', new Uint8Array(0)],
  ['another version', encodeWrapperFrame(1, 2, noise(4)).map((byte, i) => (i === 1 ? 2 : byte))],
  ['a cut frame', encodeWrapperFrame(1, 2, noise(4)).subarray(0, 10)],
  ['bytes behind the frame', concat([frame, Uint8Array.of(0)])],
  ['two frames', concat([frame, frame])],
])('%s is no datagram of the wrapper', (_name, bytes) => {
  expect(isDatagram('wrapper', bytes)).toBe(false);
});

test('malformed datagrams make no peer and are counted; good ones go through', async () => {
  const got: Uint8Array[] = [];
  const listener = await listen((channel) => channel.onBytes((bytes) => got.push(bytes)));
  const channel = await open(listener.port);
  await channel.write(noise(20));
  await channel.write(concat([frame, frame]));
  expect(await eventually(() => listener.malformed === 2)).toBe(true);
  expect(listener.peers).toBe(0);
  await channel.write(frame);
  expect(await eventually(() => got.length === 1)).toBe(true);
  expect(got[0]).toEqual(frame);
});

test('any datagram where the owner says so', async () => {
  const got: Uint8Array[] = [];
  const listener = await listen((channel) => channel.onBytes((bytes) => got.push(bytes)), {
    datagrams: 'any',
  });
  await (await open(listener.port)).write(noise(33));
  expect(await eventually(() => got.length === 1)).toBe(true);
  expect(got[0]).toEqual(noise(33));
});

test('peers are bounded, and a silent one makes room', async () => {
  const ends: (DcuError | undefined)[] = [];
  const listener = await listen((channel) => channel.onClosed((reason) => ends.push(reason)), {
    maxPeers: 2,
    idleTimeoutMs: 80,
  });
  const clients = [await open(listener.port), await open(listener.port), await open(listener.port)];
  for (const client of clients) await client.write(frame);
  expect(await eventually(() => listener.refused === 1)).toBe(true);
  expect(listener.peers).toBe(2);
  expect(await eventually(() => ends.length === 2)).toBe(true);
  expect(ends.map((reason) => reason?.code)).toEqual(['link-timeout', 'link-timeout']);
  await clients[2]?.write(frame);
  expect(await eventually(() => listener.peers === 1)).toBe(true);
});

test('a closed port, an unknown host, a taken port and an abort are typed errors', async () => {
  const listener = await listen(() => {});
  const { port } = listener;
  expect(await codeOf(listenUdp({ host: '127.0.0.1', port }, () => {}))).toBe('channel-open-failed');
  await listener.close();
  const channel = await open(port);
  const reason = ended(channel);
  await channel.write(frame);
  expect((await reason)?.code).toBe('channel-lost');
  expect(await codeOf(channel.write(frame))).toBe('link-closed');
  expect(await codeOf(openUdp({ host: 'no.such.host.invalid', port: 1 }))).toBe('channel-open-failed');
  const opener = udpOpener({ host: '127.0.0.1', port });
  expect(opener.name).toBe(`udp:127.0.0.1:${port}`);
  expect(await codeOf(opener.open(AbortSignal.abort()))).toBe('cancelled');
});

test('closing the listener closes its channels in order, without a reason', async () => {
  let peer: ByteChannel | undefined;
  const listener = await listen((channel) => {
    peer = channel;
  });
  await (await open(listener.port)).write(frame);
  expect(await eventually(() => peer !== undefined)).toBe(true);
  const reason = peer === undefined ? Promise.reject(new Error('no peer')) : ended(peer);
  await listener.close();
  expect(await reason).toBeUndefined();
  expect(listener.peers).toBe(0);
});

/** Every input of a channel, open and ended. */
describe('channel states', () => {
  const make = (taken: () => boolean = () => true) => {
    const clock = new VirtualClock(0);
    const sent: Uint8Array[] = [];
    const ends: (string | undefined)[] = [];
    const send = (bytes: Uint8Array): boolean => {
      if (!taken()) return false;
      sent.push(bytes);
      return true;
    };
    const channel = new UdpChannel('peer', send, clock, { idleTimeoutMs: 1000 }, () => ends.push('over'));
    channel.onClosed((reason) => ends.push(reason?.code));
    return { channel, clock, sent, ends };
  };

  test('open: write', async () => {
    const { channel, sent } = make();
    await channel.write(frame);
    expect(sent).toEqual([frame]);
  });

  test('open: write of more than a datagram holds', async () => {
    const { channel, ends } = make();
    expect(await codeOf(channel.write(new Uint8Array(65_508)))).toBe('apdu-too-long');
    expect(ends).toEqual([]);
  });

  test('open: write that is not taken waits for room, in order', async () => {
    let room = false;
    const { channel, sent } = make(() => room);
    const writes = [channel.write(Uint8Array.of(1)), channel.write(Uint8Array.of(2))];
    expect(sent).toEqual([]);
    room = true;
    channel.flush();
    await Promise.all(writes);
    expect(sent).toEqual([Uint8Array.of(1), Uint8Array.of(2)]);
  });

  test('open: no room for long ends it', async () => {
    const { channel, clock, ends } = make(() => false);
    const write = codeOf(channel.write(frame));
    for (let i = 0; i < 6; i++) {
      channel.arrived(frame);
      await clock.advance(900);
    }
    expect(await write).toBe('channel-lost');
    expect(ends).toEqual(['channel-lost', 'over']);
  });

  test('open: too much that waits ends it', async () => {
    const { channel, ends } = make(() => false);
    const writes = Array.from({ length: 65 }, () => codeOf(channel.write(frame)));
    expect(new Set(await Promise.all(writes))).toEqual(new Set(['overflow']));
    expect(ends).toEqual(['overflow', 'over']);
  });

  test('open: the system refuses to send', async () => {
    const { channel, ends } = make(() => {
      throw new Error('EPERM');
    });
    expect(await codeOf(channel.write(frame))).toBe('channel-lost');
    expect(ends).toEqual(['channel-lost', 'over']);
  });

  test('open: datagrams before anybody listens are kept, too many end it', () => {
    const { channel, ends } = make();
    channel.arrived(frame);
    const got: Uint8Array[] = [];
    channel.onBytes((bytes) => got.push(bytes));
    expect(got).toEqual([frame]);
    const unheard = make().channel;
    unheard.onClosed((reason) => ends.push(reason?.code));
    for (let i = 0; i < 5; i++) unheard.arrived(new Uint8Array(60_000));
    expect(ends).toEqual(['overflow']);
  });

  test('open: silence ends it, what is heard puts it off', async () => {
    const { channel, clock, ends } = make();
    await clock.advance(900);
    channel.arrived(frame);
    await clock.advance(900);
    expect(ends).toEqual([]);
    await clock.advance(200);
    expect(ends).toEqual(['link-timeout', 'over']);
  });

  test('ended: nothing goes, nothing comes, nothing is told again', async () => {
    const { channel, clock, sent, ends } = make();
    await channel.close();
    expect(ends).toEqual([undefined, 'over']);
    expect(await codeOf(channel.write(frame))).toBe('link-closed');
    channel.onBytes(() => ends.push('heard'));
    channel.arrived(frame);
    channel.flush();
    await channel.close();
    channel.end(new DcuError('channel-lost', 'late'));
    await clock.advance(5000);
    expect(sent).toEqual([]);
    expect(ends).toEqual([undefined, 'over']);
  });
});
