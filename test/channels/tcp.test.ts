import { afterEach, expect, test } from 'bun:test';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { DcuError } from '../../src/base/errors.ts';
import type { ByteChannel } from '../../src/channels/channel.ts';
import { openTcp, tcpOpener } from '../../src/channels/tcp.ts';
import { listenTcp, type TcpListener, type TcpListenOptions } from '../../src/channels/tcp-listen.ts';
import { ended, eventually, gather, noise, openDescriptors } from './streams.ts';

const MEGABYTE = 1024 * 1024;
const open: TcpListener[] = [];

function listen(
  onConnection: (channel: ByteChannel) => void,
  options: Partial<TcpListenOptions> = {},
): TcpListener {
  const listener = listenTcp({ host: '127.0.0.1', port: 0, ...options }, onConnection);
  open.push(listener);
  return listener;
}

const to = (listener: TcpListener) => ({ host: '127.0.0.1', port: listener.port, connectTimeoutMs: 1000 });
const echo = (channel: ByteChannel): void =>
  channel.onBytes((bytes) => {
    channel.write(bytes).catch(() => undefined);
  });

const codeOf = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise;
  } catch (error) {
    if (error instanceof DcuError) return error.code;
  }
  return 'nothing thrown';
};

afterEach(async () => {
  await Promise.all(open.splice(0).map((listener) => listener.close()));
});

test('a megabyte there and back, whole and in order', async () => {
  const channel = await openTcp(to(listen(echo)));
  const sent = noise(MEGABYTE);
  const back = gather(channel, MEGABYTE);
  for (let at = 0; at < MEGABYTE; at += 100_000) await channel.write(sent.subarray(at, at + 100_000));
  expect(Buffer.compare(await back, sent)).toBe(0);
  await channel.close();
});

test('bytes that come before anybody listens are kept', async () => {
  const channel = await openTcp(to(listen((server) => void server.write(noise(5000)))));
  await Bun.sleep(30);
  expect(await gather(channel, 5000)).toEqual(noise(5000));
  await channel.close();
});

test('a refused port, an unknown host, too long a wait and an abort are typed errors', async () => {
  const listener = listen(echo);
  const options = to(listener);
  const impatient: Clock = {
    ...systemClock,
    after: (_delayMs, fn) => {
      queueMicrotask(fn);
      return () => {};
    },
  };
  expect(await codeOf(openTcp(options, impatient))).toBe('channel-open-failed');
  const abort = new AbortController();
  const opening = codeOf(openTcp(options, systemClock, abort.signal));
  abort.abort();
  expect(await opening).toBe('cancelled');
  expect(await codeOf(openTcp(options, systemClock, abort.signal))).toBe('cancelled');
  // Sockets that opened too late are closed again.
  await Bun.sleep(30);
  expect(await eventually(() => listener.connections === 0)).toBe(true);
  await listener.close();
  expect(await codeOf(openTcp(options))).toBe('channel-open-failed');
  expect(await codeOf(openTcp({ ...options, host: 'no-such-host.invalid' }))).toBe('channel-open-failed');
});

test('the end is told once: reason when it was the peer, none when it was us', async () => {
  const servers: ByteChannel[] = [];
  const listener = listen((server) => servers.push(server));
  const first = await openTcp(to(listener));
  await eventually(() => servers.length === 1);
  const end = ended(first);
  await servers[0]?.close();
  expect((await end)?.code).toBe('link-closed');
  expect(await codeOf(first.write(Uint8Array.of(1)))).toBe('link-closed');
  const second = await openTcp(to(listener));
  const mine = ended(second);
  await second.close();
  expect(await mine).toBeUndefined();
  expect(await eventually(() => listener.connections === 0)).toBe(true);
});

test('the last bytes arrive before the end', async () => {
  const listener = listen((server) => {
    void server.write(noise(MEGABYTE));
    void server.close();
  });
  const channel = await openTcp(to(listener));
  expect(await gather(channel, MEGABYTE)).toEqual(noise(MEGABYTE));
});

test('an opener opens again after a loss', async () => {
  const listener = listen(echo);
  const opener = tcpOpener(to(listener));
  for (let round = 0; round < 3; round++) {
    const channel = await opener.open();
    const back = gather(channel, 3);
    await channel.write(Uint8Array.of(1, 2, round));
    expect(await back).toEqual(Uint8Array.of(1, 2, round));
    await channel.close();
  }
});

test('a write resolves only when the peer takes the bytes; one that never does is given up', async () => {
  const sockets: Bun.Socket[] = [];
  const deaf = Bun.listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      open(socket) {
        socket.pause();
        sockets.push(socket);
      },
      data() {},
    },
  });
  try {
    const channel = await openTcp({
      host: '127.0.0.1',
      port: deaf.port,
      connectTimeoutMs: 1000,
      writeTimeoutMs: 150,
    });
    const end = ended(channel);
    const outcomes: Promise<string>[] = [];
    for (let i = 0; i < 7; i++) outcomes.push(codeOf(channel.write(noise(MEGABYTE))));
    expect((await end)?.code).toBe('channel-lost');
    expect(await outcomes[6]).toBe('channel-lost');
  } finally {
    for (const socket of sockets) socket.terminate();
    deaf.stop(true);
  }
});

test('more than may wait is refused at once', async () => {
  const channel = await openTcp({ ...to(listen(() => {})), maxUnsentBytes: 1000 });
  const end = ended(channel);
  expect(await codeOf(channel.write(new Uint8Array(1001)))).toBe('overflow');
  expect((await end)?.code).toBe('overflow');
});

test('a listener takes so many connections, drops idle ones, and tells when its port is taken', async () => {
  const listener = listen(echo, { maxConnections: 2, idleTimeoutMs: 80 });
  const channels = [await openTcp(to(listener)), await openTcp(to(listener))];
  expect(await eventually(() => listener.connections === 2)).toBe(true);
  const third = await openTcp(to(listener));
  await ended(third);
  expect(listener.refused).toBe(1);
  await Promise.all(channels.map(ended));
  expect(listener.connections).toBe(0);
  expect(() => listenTcp({ host: '127.0.0.1', port: listener.port }, echo)).toThrow(DcuError);
});

test('descriptors do not leak', async () => {
  const listener = listen(echo);
  const round = async (): Promise<void> => {
    const channels = await Promise.all(Array.from({ length: 10 }, () => openTcp(to(listener))));
    await Promise.all(channels.map((channel) => channel.close()));
    await eventually(() => listener.connections === 0);
  };
  await round();
  await Bun.sleep(20);
  const before = openDescriptors();
  for (let i = 0; i < 5; i++) await round();
  expect(await eventually(() => openDescriptors() <= before)).toBe(true);
});
