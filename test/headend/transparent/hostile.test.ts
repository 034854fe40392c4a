import { afterEach, beforeEach, expect, test } from 'bun:test';
import { VirtualClock } from '../../../src/base/clock.ts';
import { DcuError } from '../../../src/base/errors.ts';
import { silentLog } from '../../../src/base/log.ts';
import type { Meter } from '../../../src/base/model.ts';
import { type MemoryChannel, memoryPair } from '../../../src/channels/memory.ts';
import type { LinkConfig } from '../../../src/dlms/link/link.ts';
import { encodeWrapperFrame } from '../../../src/dlms/link/wrapper.ts';
import { GatewayChannel } from '../../../src/headend/transparent/gateway.ts';
import { OWN_IDLE_MS } from '../../../src/headend/transparent/meter-pipe.ts';
import { MeterPipes } from '../../../src/headend/transparent/meter-pipes.ts';
import { PortConnection } from '../../../src/headend/transparent/port-connection.ts';
import { newMeter } from '../../concentrator/house.ts';
import { RawHes } from './through.ts';

const GET = Uint8Array.fromHex('c001c100080000010000ff0200');
const ANSWER = Uint8Array.fromHex('c401c1000600000001');
const RLRQ = Uint8Array.fromHex('6203800100');
const RLRE = Uint8Array.fromHex('6303800100');
const NOTIFICATION = Uint8Array.fromHex('0f000000010001');
const UNCONFIRMED_SET = Uint8Array.fromHex('c1018100080000010000ff02000600000001');
const ANSWER_MS = 5_000;

let clock: VirtualClock;
let pipes: MeterPipes;
/** The meter's end of each connection that was opened to it. */
let lines: MemoryChannel[];
let openings: number;

const meter: Meter = {
  ...newMeter('000000000001', {}),
  id: 1,
  hasPassword: false,
  hasKeys: false,
  createdAt: 0,
};

beforeEach(() => {
  clock = new VirtualClock(0);
  lines = [];
  openings = 0;
  pipes = new MeterPipes({
    clock,
    log: silentLog,
    // A way to one meter over the wrapper, opened for each stay.
    visit: async (_meter, _name, signal, stay) => {
      for (;;) {
        const [ours, theirs] = memoryPair({ clock });
        lines.push(theirs);
        openings++;
        try {
          const outcome = await stay({
            name: 'line',
            shared: false,
            channel: ours,
            settings: { maxBytes: 128, retries: 0, timeoutMs: ANSWER_MS, silentMs: 0 },
            linkFor: (ends): LinkConfig => ({
              framing: 'wrapper',
              ...ends,
              responseTimeoutMs: ANSWER_MS,
              maxApdu: 1024,
            }),
            signal,
            count: () => undefined,
            isWanted: () => false,
          });
          if (outcome === 'done') return;
        } finally {
          await ours.close();
        }
      }
    },
  });
});

afterEach(async () => {
  const closed = pipes.close();
  await clock.advance(400_000);
  await closed;
});

/** Frames that the meter has got by a connection; `answer` is sent for each after `delayMs`. */
function meterSays(
  line: MemoryChannel,
  answer: (apdu: Uint8Array) => Uint8Array | undefined,
  delayMs = 0,
): string[] {
  const got: string[] = [];
  line.onBytes((bytes) => {
    const apdu = bytes.slice(8);
    got.push(apdu.toHex());
    const reply = answer(apdu);
    if (reply === undefined) return;
    clock.after(delayMs, () => {
      line.write(encodeWrapperFrame(1, 16, reply)).catch(() => undefined);
    });
  });
  return got;
}

function portOf(): { readonly hes: RawHes; readonly theirs: MemoryChannel; readonly port: PortConnection } {
  const [theirs, ours] = memoryPair({ clock });
  const port = new PortConnection(ours, '192.0.2.1', {
    pipes,
    meter: () => meter,
    clock,
    log: silentLog,
    onEnd: () => undefined,
  });
  return { hes: new RawHes(theirs), theirs, port };
}

const apdusOf = (hes: RawHes): string[] => hes.answers.map(({ apdu }) => apdu.toHex());

async function line(index: number): Promise<MemoryChannel> {
  await clock.advance(1);
  const found = lines[index];
  if (found === undefined) throw new Error(`the meter was not called ${index + 1} times`);
  return found;
}

test('a meter that says nothing is told of once, and what it says too late reaches nobody', async () => {
  const { hes } = portOf();
  await hes.frame(GET, 16, 1);
  meterSays(await line(0), () => ANSWER, ANSWER_MS + 1000);
  await clock.advance(ANSWER_MS + 5000);
  expect(apdusOf(hes)).toEqual(['d80101']);
  expect(pipes.size).toBe(0);
  // The next request is asked on a line of its own.
  await hes.frame(GET, 16, 1);
  meterSays(await line(1), () => ANSWER);
  await clock.advance(10);
  expect(apdusOf(hes)).toEqual(['d80101', ANSWER.toHex()]);
  expect(openings).toBe(2);
});

test('what the meter sends by itself comes through while its link is open, and is no answer', async () => {
  const { hes } = portOf();
  await hes.frame(GET, 16, 1);
  await hes.frame(UNCONFIRMED_SET, 16, 1);
  const theirs = await line(0);
  const got = meterSays(theirs, (apdu) => (apdu[0] === 0xc0 ? NOTIFICATION : undefined));
  await clock.advance(10);
  expect(apdusOf(hes)).toEqual([NOTIFICATION.toHex()]);
  expect(got).toEqual([GET.toHex()]);
  await theirs.write(encodeWrapperFrame(1, 16, ANSWER));
  await clock.advance(10);
  expect(got).toEqual([GET.toHex(), UNCONFIRMED_SET.toHex()]);
  await theirs.write(encodeWrapperFrame(1, 16, NOTIFICATION));
  await clock.advance(10);
  expect(apdusOf(hes)).toEqual([NOTIFICATION, ANSWER, NOTIFICATION].map((apdu) => apdu.toHex()));
});

test('an unconfirmed request is handed on, not waited for, and never answered by us', async () => {
  const { hes } = portOf();
  await hes.frame(UNCONFIRMED_SET, 16, 1);
  await hes.frame(GET, 16, 1);
  const got = meterSays(await line(0), (apdu) => (apdu[0] === 0xc0 ? ANSWER : undefined));
  await clock.advance(ANSWER_MS * 2);
  expect(got).toEqual([UNCONFIRMED_SET.toHex(), GET.toHex()]);
  expect(apdusOf(hes)).toEqual([ANSWER.toHex()]);
});

test('a release takes the way down at once; a meter that closes between two requests is called again', async () => {
  const { hes } = portOf();
  await hes.frame(RLRQ, 16, 1);
  meterSays(await line(0), () => RLRE);
  await clock.advance(10);
  expect(apdusOf(hes)).toEqual([RLRE.toHex()]);
  expect(pipes.size).toBe(0);
  await hes.frame(GET, 16, 1);
  const second = await line(1);
  meterSays(second, () => ANSWER);
  await clock.advance(10);
  await second.close();
  await clock.advance(10);
  await hes.frame(GET, 16, 1);
  meterSays(await line(2), () => ANSWER);
  await clock.advance(10);
  expect(apdusOf(hes).slice(1)).toEqual([ANSWER.toHex(), ANSWER.toHex()]);
});

test('a head-end that hangs up in the middle leaves no pipe behind, and its answer nowhere', async () => {
  const { hes, theirs } = portOf();
  await hes.frame(GET, 16, 1);
  meterSays(await line(0), () => ANSWER, 1000);
  await theirs.close();
  await clock.advance(2000);
  expect(apdusOf(hes)).toEqual([]);
  expect(pipes.size).toBe(0);
});

test('half a frame holds nothing; a silent head-end lets its meter go', async () => {
  const { hes, port } = portOf();
  await hes.bytes(encodeWrapperFrame(16, 1, GET).slice(0, 12));
  await clock.advance(3_600_000);
  expect(pipes.size).toBe(0);
  await hes.bytes(encodeWrapperFrame(16, 1, GET).slice(12));
  meterSays(await line(0), () => ANSWER);
  await clock.advance(OWN_IDLE_MS - 1000);
  expect(pipes.size).toBe(1);
  await clock.advance(4000);
  expect(pipes.size).toBe(0);
  await port.close();
});

test('a connection has so many meters at a time; the rest are refused, and served when there is room', async () => {
  const [theirs, ours] = memoryPair({ clock });
  const told: string[] = [];
  const gateway = new GatewayChannel(ours, {
    access: { right: 'open', networkId: 0 },
    pipes,
    meterAt: (address) => ({ ...meter, id: address[0] ?? 0 }),
    log: silentLog,
    onRefused: (cause) => told.push(cause),
  });
  gateway.onBytes(() => undefined);
  gateway.onClosed(() => undefined);
  const hes = new RawHes(theirs);
  for (let id = 1; id <= 40; id++) await hes.ask({ networkId: 0, address: Uint8Array.of(id) }, GET);
  await clock.advance(10);
  expect(pipes.size).toBe(32);
  expect(hes.responses.map(({ apdu }) => apdu)).toEqual(Array.from({ length: 8 }, () => 'd80101'));
  expect(new Set(told)).toEqual(new Set(['gateway: too many meters or requests at once']));
  await theirs.close();
  await clock.advance(ANSWER_MS + 1000);
  expect(pipes.size).toBe(0);
});

test('an answer that leaves no room for the prefix is told as too long', async () => {
  const [theirs, ours] = memoryPair({ clock });
  const gateway = new GatewayChannel(ours, {
    access: { right: 'open', networkId: 0 },
    pipes,
    meterAt: () => meter,
    log: silentLog,
    onRefused: () => undefined,
  });
  gateway.onBytes(() => undefined);
  gateway.onClosed(() => undefined);
  const hes = new RawHes(theirs);
  await hes.ask({ networkId: 0, address: Uint8Array.of(1) }, GET, 16, 1);
  meterSays(await line(0), () => new Uint8Array(0xffff).fill(0xc4));
  await clock.advance(10);
  expect(hes.responses.map(({ apdu }) => apdu)).toEqual(['d80104']);
});

test('a way that cannot be opened is told, and not tried for ever', async () => {
  let tries = 0;
  const broken = new MeterPipes({
    clock,
    log: silentLog,
    visit: async () => {
      tries++;
      throw new DcuError('channel-open-failed', 'nobody there');
    },
  });
  const answers: string[] = [];
  const user = {
    deliver: () => undefined,
    unanswered: (_meter: Meter, _request: unknown, error: DcuError) => answers.push(error.code),
  };
  broken.send(meter, { apdu: GET, ports: { client: 1, server: 1 } }, user);
  await clock.advance(1000);
  expect(answers).toEqual(['channel-open-failed']);
  expect(tries).toBe(1);
  // Nobody waits for the answer to an unconfirmed request, so nobody is told.
  broken.send(meter, { apdu: UNCONFIRMED_SET, ports: { client: 1, server: 1 } }, user);
  await clock.advance(1000);
  expect(answers).toHaveLength(1);
  expect(tries).toBe(2);
  expect(broken.size).toBe(0);
});
