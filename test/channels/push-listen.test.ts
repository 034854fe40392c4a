import { afterEach, describe, expect, test } from 'bun:test';
import { concat } from '../../src/base/bytes.ts';
import { VirtualClock } from '../../src/base/clock.ts';
import { DcuError } from '../../src/base/errors.ts';
import { FaultReport, type ToldFault } from '../../src/channels/fault-report.ts';
import { HostRates } from '../../src/channels/host-rates.ts';
import {
  listenPushes,
  type PushArrival,
  type PushFault,
  type PushListenOptions,
} from '../../src/channels/push-listen.ts';
import { framePushed, type PushRoute, routeBack } from '../../src/dlms/link/push-route.ts';
import { sendTcp, sendUdp } from '../cli/listening.ts';

const APDU = Uint8Array.fromHex('0f0000000100110a');
const ROUTES: readonly PushRoute[] = [
  { framing: 'wrapper', source: 1, destination: 102 },
  { framing: 'hdlc', source: { value: 145, bytes: 2 }, destination: { value: 103, bytes: 1 } },
  { framing: 'mbus', address: 255, source: 1, destination: 103 },
  { framing: 'raw' },
];

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function door(options: Partial<PushListenOptions> = {}) {
  const arrivals: PushArrival[] = [];
  const faults: PushFault[] = [];
  const listener = await listenPushes(
    { host: '127.0.0.1', port: 0, transport: 'both', ...options },
    { onArrival: (arrival) => arrivals.push(arrival), onFault: (fault) => faults.push(fault) },
  );
  closing.push(() => listener.close());
  return { listener, arrivals, faults };
}

async function until(holds: () => boolean): Promise<void> {
  for (const endMs = performance.now() + 3000; !holds() && performance.now() < endMs; ) await Bun.sleep(5);
  expect(holds()).toBe(true);
}

describe.each(ROUTES)('$framing', (route) => {
  const framed = (apdu: Uint8Array, from: 'server' | 'client' = 'server'): Uint8Array =>
    concat(framePushed(apdu, from === 'server' ? route : routeBack(route), { from }));

  test.each([
    ['TCP', sendTcp],
    ['UDP', sendUdp],
  ] as const)('%s: arrives with its way, and is answered on it', async (_, send) => {
    const { listener, arrivals } = await door();
    const peer = await send(listener.port, framed(APDU));
    closing.push(() => peer.close());
    await until(() => arrivals.length === 1);
    const [arrival] = arrivals;
    expect(arrival).toMatchObject({
      apdu: APDU,
      framing: route.framing,
      route,
      inBlocks: false,
      host: '127.0.0.1',
    });
    expect(arrival?.frame === undefined).toBe(route.framing !== 'hdlc');
    if (arrival?.frame !== undefined) expect(arrival.frame).toEqual(framed(APDU));
    arrival?.reply(Uint8Array.of(0x10, 0, 0, 0, 1, 0));
    await until(() => peer.heard.length > 0);
    expect(concat(peer.heard)).toEqual(framed(Uint8Array.of(0x10, 0, 0, 0, 1, 0), 'client'));
  });
});

test('a gateway in front of the meter is answered with its prefix', async () => {
  const { listener, arrivals } = await door();
  const gateway = { networkId: 3, address: Uint8Array.of(1, 2) };
  const route = { framing: 'wrapper', source: 1, destination: 102 } as const;
  const peer = await sendTcp(listener.port, concat(framePushed(APDU, route, { from: 'server', gateway })));
  closing.push(() => peer.close());
  await until(() => arrivals.length === 1);
  arrivals[0]?.reply(Uint8Array.of(0x10));
  await until(() => peer.heard.length > 0);
  expect(concat(peer.heard).subarray(8)).toEqual(Uint8Array.of(0xe6, 3, 2, 1, 2, 0x10));
});

test('one host has no more than its share of the connections', async () => {
  const { listener, arrivals } = await door({ maxPeersOfHost: 3 });
  const peers = [];
  for (let i = 0; i < 6; i++)
    peers.push(
      await sendTcp(listener.port, framePushed(APDU, { framing: 'raw' }, { from: 'server' })[0] ?? APDU),
    );
  await until(() => listener.counters.refused === 3 && arrivals.length === 3);
  for (const peer of peers) peer.close();
  await Bun.sleep(20);
  closing.push((await sendTcp(listener.port, APDU)).close);
  await until(() => arrivals.length === 4);
});

test('bytes that are no frame are counted, and a datagram does not wait for the next one', async () => {
  const { listener, arrivals, faults } = await door();
  const peer = await sendUdp(listener.port, Uint8Array.of(0x7e, 0xa0), Uint8Array.of(1, 2, 3), APDU);
  closing.push(() => peer.close());
  await until(() => arrivals.length === 1);
  expect(faults.map(({ error }) => error.code)).toEqual(['frame-corrupt', 'frame-corrupt']);
  expect(listener.counters).toMatchObject({ arrivals: 1, faults: 2 });
});

test('a port that is taken is an error, and nothing stays open', async () => {
  const { listener } = await door({ transport: 'udp' });
  const again = door({ transport: 'both', port: listener.port });
  expect(await again.catch((error: DcuError) => error.code)).toBe('channel-open-failed');
  const free = await door({ transport: 'tcp', port: listener.port });
  expect(free.listener.port).toBe(listener.port);
});

test('a host may do so much at once, and so much a second', async () => {
  const clock = new VirtualClock(0);
  const rates = new HostRates({ perSecond: 2, burst: 4 }, clock);
  const times = (host: string, count: number): number =>
    Array.from({ length: count }, () => rates.admits(host)).filter(Boolean).length;
  expect(times('a', 10)).toBe(4);
  expect(times('b', 10)).toBe(4);
  await clock.advance(1000);
  expect(times('a', 10)).toBe(2);
  await clock.advance(60_000);
  expect(times('a', 10)).toBe(4);
});

test('a cause is told once a minute for each host, with how often it was there since', async () => {
  const clock = new VirtualClock(0);
  const told: ToldFault[] = [];
  const report = new FaultReport(clock, (one) => told.push(one));
  const fault = (host: string, code: 'replay-detected' | 'frame-corrupt'): PushFault => ({
    transport: 'tcp',
    from: `${host}:1`,
    host,
    error: new DcuError(code, code),
  });
  for (let i = 0; i < 5; i++) report.tell(fault('a', 'replay-detected'));
  report.tell(fault('a', 'frame-corrupt'));
  report.tell(fault('b', 'replay-detected'));
  await clock.advance(60_000);
  report.tell(fault('a', 'replay-detected'));
  expect(told.map(({ fault: { host, error }, repeated }) => [host, error.code, repeated])).toEqual([
    ['a', 'replay-detected', 0],
    ['a', 'frame-corrupt', 0],
    ['b', 'replay-detected', 0],
    ['a', 'replay-detected', 4],
  ]);
});
