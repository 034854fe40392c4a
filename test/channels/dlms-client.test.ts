import { describe, expect, test } from 'bun:test';
import { systemClock, VirtualClock } from '../../src/base/clock.ts';
import { DcuError } from '../../src/base/errors.ts';
import { SeededRandom } from '../../src/base/random.ts';
import type { ByteChannel } from '../../src/channels/channel.ts';
import { type DlmsClient, openDlmsClient, runDlmsClient } from '../../src/channels/dlms-client.ts';
import { type LineFault, memoryPair } from '../../src/channels/memory.ts';
import { openPty } from '../../src/channels/pty.ts';
import { pump } from '../../src/channels/pump.ts';
import { openSerial } from '../../src/channels/serial.ts';
import { openTcp } from '../../src/channels/tcp.ts';
import { listenTcp } from '../../src/channels/tcp-listen.ts';
import { encodeData } from '../../src/dlms/axdr.ts';
import type { ClientConfig, ClientEvent, ClientMachine } from '../../src/dlms/client.ts';
import type { LinkConfig, LinkCounters } from '../../src/dlms/link/link.ts';
import { createServerMachine, type LogicalDevice } from '../../src/dlms/server.ts';
import { array, u32 } from '../../src/dlms/values.ts';
import { HDLC, WRAPPER } from '../dlms/link/world.ts';

const at = (attribute: number) => ({ classId: 3, obis: '1.0.1.8.0.255', attribute });
const LONG = array(Array.from({ length: 600 }, (_, i) => u32(i)));

const randomBytes = (seed: number) => {
  const random = new SeededRandom(seed);
  return (length: number): Uint8Array => random.bytes(length);
};

const config = (link: LinkConfig): ClientConfig => ({
  link,
  association: { auth: 'none', policy: 'none', maxPduSize: 400 },
  randomBytes: randomBytes(1),
});

/** Attribute 2 is 5, 3 is refused, 9 is long; what is set is taken, what is given to a method comes back. */
const device: LogicalDevice = {
  address: 1,
  systemTitle: new Uint8Array(8),
  associations: [{ clientAddress: 16, auth: 'none', policy: 'none' }],
  nextInvocationCounter: () => 1,
  acceptInvocationCounter: () => true,
  handle(request) {
    if (request.type === 'set') return { result: 'success' };
    if (request.type === 'action') {
      return { result: 'success', ...(request.parameter ? { data: encodeData(request.parameter) } : {}) };
    }
    if (request.attribute.attribute === 3) return { result: 'object-undefined' };
    return { result: 'success', data: encodeData(request.attribute.attribute === 9 ? LONG : u32(5)) };
  },
};

function serve(channel: ByteChannel, link: LinkConfig, clock = systemClock): void {
  const machine = createServerMachine({
    link: { ...link, responseTimeoutMs: 600_000 },
    devices: [device],
    maxPduSize: 400,
    randomBytes: randomBytes(2),
    idleTimeoutMs: 600_000,
  });
  pump(machine, channel, clock, () => {});
}

const codeOf = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise;
  } catch (error) {
    if (error instanceof DcuError) return error.code;
  }
  return 'nothing thrown';
};

async function everyService(client: DlmsClient): Promise<void> {
  const blocks: number[] = [];
  // Given all at once: they queue up.
  const [five, refused, long, list, set, action] = await Promise.all([
    client.get(at(2)),
    client.get(at(3)),
    client.get(at(9), undefined, (_, number) => blocks.push(number)),
    client.getList([at(2), at(3)]),
    client.set(at(2), u32(7)),
    client.action(at(1), u32(8)),
  ]);
  expect(five).toEqual({ ok: true, data: encodeData(u32(5)) });
  expect(refused).toEqual({ ok: false, result: 'object-undefined' });
  expect(long).toEqual({ ok: true, data: encodeData(LONG) });
  expect(blocks.length).toBeGreaterThan(5);
  expect(list).toEqual([five, refused]);
  expect(set).toBe('success');
  expect(action).toEqual({ result: 'success', data: encodeData(u32(8)) });
  expect(await client.getList([])).toEqual([]);
  const settings = [
    { attribute: at(2), value: u32(1) },
    { attribute: at(4), value: LONG },
  ];
  const done = { result: 'success' };
  const returned = { result: 'success', data: encodeData(u32(9)) };
  const [sets, actions, items, stopped] = await Promise.all([
    client.setList(settings),
    client.actionList([{ method: at(1) }, { method: at(1), parameter: u32(9) }]),
    client.access([
      { type: 'get', attribute: at(3) },
      { type: 'action', method: at(1), parameter: u32(9) },
    ]),
    client.access(
      [
        { type: 'get', attribute: at(3) },
        { type: 'set', attribute: at(2), value: u32(1) },
      ],
      { breakOnError: true },
    ),
    client.setUnconfirmed(at(2), u32(3)),
    client.actionUnconfirmed(at(1), u32(4)),
  ]);
  expect(sets).toEqual(['success', 'success']);
  expect(actions).toEqual([done, returned]);
  expect(items).toEqual([{ result: 'object-undefined' }, returned]);
  expect(stopped).toEqual([{ result: 'object-undefined' }, { result: 'other-reason' }]);
  // What is not answered is followed by what is.
  expect(await client.get(at(2))).toEqual(five);
}

describe('over every kind of channel', () => {
  test('memory, both framings, in virtual time', async () => {
    for (const link of [WRAPPER, { ...HDLC, windowTransmit: 3, windowReceive: 3 }]) {
      const clock = new VirtualClock(0);
      const [near, far] = memoryPair({ clock });
      serve(far, link, clock);
      const done = (async () => {
        const client = await openDlmsClient(near, config(link), clock);
        expect(client.association.serverMaxPduSize).toBe(400);
        await everyService(client);
        await client.release();
        expect(client.counters.framesReceived).toBeGreaterThan(8);
        expect(client.ended?.code).toBe('link-closed');
        expect(await codeOf(client.get(at(2)))).toBe('link-closed');
      })();
      for (let i = 0; i < 50; i++) await clock.advance(10);
      await done;
    }
  });

  test('TCP, wrapper', async () => {
    const listener = listenTcp({ host: '127.0.0.1', port: 0 }, (channel) => serve(channel, WRAPPER));
    const channel = await openTcp({ host: '127.0.0.1', port: listener.port, connectTimeoutMs: 1000 });
    const client = await openDlmsClient(channel, config(WRAPPER), systemClock);
    await everyService(client);
    await client.release();
    await channel.close();
    await listener.close();
  });

  test('a serial line: one association after the other on the open channel', async () => {
    const line = openPty();
    serve(line.channel, HDLC);
    const settings = { baudRate: 115_200, dataBits: 8, parity: 'none', stopBits: 1 } as const;
    const channel = await openSerial({ path: line.path, ...settings });
    for (let i = 0; i < 3; i++) {
      const client = await openDlmsClient(channel, config(HDLC), systemClock);
      await everyService(client);
      await client.release();
    }
    await channel.close();
    await line.channel.close();
  });
});

describe('breaking off', () => {
  test.each([
    ['HDLC', HDLC],
    ['the wrapper', WRAPPER],
  ] as const)('a long value is fetched no further than its next block, over %s', async (_, link) => {
    const [near, far] = memoryPair();
    serve(far, link);
    const client = await openDlmsClient(near, config(link), systemClock);
    const blocks: number[] = [];
    const long = client.get(at(9), undefined, (_data, number) => {
      blocks.push(number);
      if (number === 3) client.breakOff(true);
    });
    const next = client.get(at(2));
    expect(await codeOf(long)).toBe('preempted');
    // The block whose answer is read when the wish comes is the last, or the one behind it.
    expect(blocks).toEqual([1, 2, 3, 4]);
    expect(await next).toEqual({ ok: true, data: encodeData(u32(5)) });
    // Still wished for: the next long value ends with its first block, one in one piece does not.
    blocks.length = 0;
    expect(await codeOf(client.get(at(9), undefined, (_data, number) => blocks.push(number)))).toBe(
      'preempted',
    );
    expect(blocks).toEqual([1]);
    expect((await client.get(at(2), undefined, () => {})).ok).toBe(true);
    // What nobody can keep in parts is fetched whole, and so is everything once it is taken back.
    expect(await client.get(at(9))).toEqual({ ok: true, data: encodeData(LONG) });
    client.breakOff(false);
    expect(await client.get(at(9), undefined, () => {})).toEqual({ ok: true, data: encodeData(LONG) });
    await client.release();
    client.breakOff(true);
  });
});

test('a line that drops and spoils frames costs time, not data', async () => {
  const random = new SeededRandom(5);
  const fault: LineFault = (bytes) => {
    const fate = random.next();
    if (fate < 0.08) return [];
    const copy = bytes.slice();
    if (fate < 0.16) {
      const at = Math.floor(random.next() * copy.length);
      copy[at] = (copy[at] ?? 0) ^ 0x10;
    }
    return [{ bytes: copy, delayMs: 20 * random.next() }];
  };
  const clock = new VirtualClock(0);
  const link = { ...HDLC, retries: 8 };
  const [near, far] = memoryPair({ clock, forth: fault, back: fault });
  serve(far, link, clock);
  const done = (async () => {
    const client = await openDlmsClient(near, config(link), clock);
    for (let i = 0; i < 5; i++) await everyService(client);
    expect(client.counters.retransmissions + client.counters.timeouts).toBeGreaterThan(5);
  })();
  for (let i = 0; i < 400; i++) await clock.advance(1000);
  await done;
});

/** A machine that is told what to say. */
function scripted(): ClientMachine & {
  say: (...events: ClientEvent[]) => void;
  commands: string[];
  counters: LinkCounters;
} {
  const commands: string[] = [];
  let pending: ClientEvent[] = [];
  return {
    commands,
    counters: {
      bytesReceived: 0,
      bytesSent: 0,
      framesReceived: 0,
      framesSent: 0,
      rejectedHeaders: 0,
      badFcs: 0,
      retransmissions: 0,
      timeouts: 0,
      ignoredFrames: 0,
    },
    say(...events) {
      pending.push(...events);
    },
    step(input) {
      if (input.on === 'command') commands.push(input.command.type);
      const events = pending;
      pending = [];
      return events.map((event) => ({ do: 'emit', event }));
    },
  };
}

const OPENED: ClientEvent = {
  type: 'opened',
  association: { referencing: 'ln', conformance: [], serverMaxPduSize: 100 },
};

async function scriptedClient(options: Parameters<typeof runDlmsClient>[4] = {}, silenceMs = 1000) {
  const clock = new VirtualClock(0);
  const [near, far] = memoryPair({ clock });
  const machine = scripted();
  machine.say(OPENED);
  const client = await runDlmsClient(machine, near, clock, silenceMs, options);
  /** The machine says this at the next byte that comes. */
  const hear = async (...events: ClientEvent[]): Promise<void> => {
    machine.say(...events);
    await far.write(Uint8Array.of(0));
    await clock.advance(1);
  };
  return { clock, near, far, machine, client, hear };
}

const LOST: ClientEvent = { type: 'failed', error: new DcuError('link-timeout', 'gone') };

test('blocks of a transfer that breaks off are not lost, and everything queued fails with the same error', async () => {
  const { client, hear, machine } = await scriptedClient();
  const blocks: string[] = [];
  const broken = client.get(at(2), undefined, (data) => blocks.push(data.toHex()));
  const queued = client.set(at(2), u32(1));
  const outcomes = Promise.allSettled([broken, queued]);
  await hear({ type: 'block', blockNumber: 1, data: Uint8Array.of(1, 2) });
  await hear({ type: 'block', blockNumber: 2, data: Uint8Array.of(3) }, LOST);
  expect(blocks).toEqual(['0102', '03']);
  const reasons = (await outcomes).map((one) => (one.status === 'rejected' ? one.reason : undefined));
  expect(reasons).toEqual([client.ended, client.ended]);
  expect(await codeOf(client.get(at(2)))).toBe('link-timeout');
  expect(machine.commands).toEqual(['open', 'get']);
});

test('a failed request leaves the association for the next one', async () => {
  const { client, hear, machine } = await scriptedClient();
  const first = codeOf(client.get(at(2)));
  const second = client.get(at(3));
  await hear({ type: 'request-failed', error: new DcuError('exception-response', 'no') });
  expect(await first).toBe('exception-response');
  expect(machine.commands).toEqual(['open', 'get', 'get']);
  await hear({ type: 'get-result', results: [{ ok: false, result: 'object-undefined' }] });
  expect(await second).toEqual({ ok: false, result: 'object-undefined' });
});

test('an association that does not come about rejects and leaves the channel open', async () => {
  const clock = new VirtualClock(0);
  const [near, far] = memoryPair({ clock });
  const machine = scripted();
  machine.say({ type: 'failed', error: new DcuError('association-refused', 'no') });
  expect(await codeOf(runDlmsClient(machine, near, clock, 1000))).toBe('association-refused');
  let heard = 0;
  far.onBytes((bytes) => {
    heard += bytes.length;
  });
  await near.write(Uint8Array.of(1));
  await clock.advance(1);
  expect(heard).toBe(1);
});

test('notifications reach their listener between and during requests', async () => {
  const apdus: string[] = [];
  const { client, hear } = await scriptedClient({ onNotification: (apdu) => apdus.push(apdu.toHex()) });
  await hear({ type: 'notification', apdu: Uint8Array.of(0x0f) });
  const answer = client.set(at(2), u32(1));
  await hear({ type: 'notification', apdu: Uint8Array.of(0xc2) }, { type: 'set-result', result: 'success' });
  expect(apdus).toEqual(['0f', 'c2']);
  expect(await answer).toBe('success');
});

test('abort by call and by signal', async () => {
  const abort = new AbortController();
  const { client } = await scriptedClient({ signal: abort.signal });
  const waiting = codeOf(client.get(at(2)));
  abort.abort();
  expect(await waiting).toBe('cancelled');
  const other = await scriptedClient();
  const cut = codeOf(other.client.get(at(2)));
  other.client.abort(new DcuError('link-closed', 'line given up'));
  expect(await cut).toBe('link-closed');
  const early = AbortSignal.abort(new DcuError('cancelled', 'stopped'));
  expect(await codeOf(scriptedClient({ signal: early }))).toBe('cancelled');
});

test('a machine that says nothing for too long is given up; traffic counts as life', async () => {
  const { client, clock, hear } = await scriptedClient();
  const waiting = codeOf(client.get(at(2)));
  for (let i = 0; i < 5; i++) {
    await clock.advance(800);
    await hear();
  }
  expect(client.ended).toBeUndefined();
  await clock.advance(1100);
  expect(await waiting).toBe('link-timeout');
});

describe('a meter that sends just enough to keep a request open', () => {
  const PROFILE = { classId: 7, obis: '1.0.99.1.0.255', attribute: 2 };
  /** Blocks of `payload` bytes every `everyMs` until the request ends; how long that took. */
  async function drip(everyMs: number, payload: number, silenceMs = 20_000) {
    const { client, clock, hear, machine } = await scriptedClient({}, silenceMs);
    const blocks: Uint8Array[] = [];
    const startedMs = clock.monotonicMs();
    const ended = client
      .get(PROFILE, undefined, (data) => blocks.push(data))
      .then(
        () => undefined,
        (error: unknown) => error,
      );
    for (let number = 1; client.ended === undefined && number < 10_000; number++) {
      await clock.advance(everyMs - 1);
      machine.counters.bytesReceived += payload;
      await hear({ type: 'block', blockNumber: number, data: new Uint8Array(payload) });
    }
    return { error: await ended, blocks, tookMs: clock.monotonicMs() - startedMs };
  }

  test('a block now and then ends after a minute, by name, and what came is kept', async () => {
    const { error, blocks, tookMs } = await drip(9_900, 20);
    expect(error).toMatchObject({
      code: 'link-timeout',
      message: 'class 7 1.0.99.1.0.255 attribute 2 comes too slowly: 120 bytes in 60 s',
    });
    expect(blocks.length).toBe(6);
    expect(tookMs).toBeLessThan(75_000);
  });

  test('blocks that come fast enough for ever end after a quarter of an hour', async () => {
    const { error, tookMs } = await drip(9_900, 900);
    expect(error).toMatchObject({ code: 'link-timeout' });
    expect(String(error)).toContain('class 7 1.0.99.1.0.255 attribute 2 takes too long');
    expect(Math.abs(tookMs - 900_000)).toBeLessThan(10_000);
  });

  test('a long time-out in the settings is granted in full', async () => {
    const { client, clock } = await scriptedClient({}, 1_200_000);
    const waiting = codeOf(client.get(PROFILE));
    await clock.advance(1_199_000);
    expect(client.ended).toBeUndefined();
    await clock.advance(1_001);
    expect(await waiting).toBe('link-timeout');
  });
});

test('a pulled cable fails what is under way', async () => {
  const clock = new VirtualClock(0);
  const [near, far] = memoryPair({ clock });
  serve(far, WRAPPER, clock);
  const opening = openDlmsClient(near, config(WRAPPER), clock);
  await clock.advance(10);
  const client = await opening;
  const waiting = codeOf(client.get(at(2)));
  near.lose();
  await clock.advance(10);
  expect(await waiting).toBe('channel-lost');
  expect(await codeOf(client.release())).toBe('channel-lost');
});
