import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { VirtualClock } from '../../../src/base/clock.ts';
import { DcuError } from '../../../src/base/errors.ts';
import { type MemoryChannel, memoryPair } from '../../../src/channels/memory.ts';
import {
  decodeDataNotification,
  encodeDataNotificationConfirm,
} from '../../../src/dlms/apdu/notification.ts';
import { decodeData } from '../../../src/dlms/axdr.ts';
import { encodeWrapperFrame } from '../../../src/dlms/link/wrapper.ts';
import { exchangeFrame } from '../../../src/headend/dial/frame-exchange.ts';
import { Heart } from '../../../src/headend/dial/heart.ts';
import { HEARTBEATS, heartbeatOf } from '../../../src/headend/dial/heartbeats/index.ts';
import { PushLine } from '../../../src/headend/dial/push-line.ts';
import { WrapperTap } from '../../../src/headend/dial/wrapper-tap.ts';
import { checkAttribute } from '../../../src/store/attribute-fields.ts';

const ID = 'ODC000000042';
const CLIENT = 2;

let clock: VirtualClock;
let hes: MemoryChannel;
let tap: WrapperTap;
let heart: Heart;
/** APDUs that came to the head-end, and what the concentrator's machine heard. */
let heard: Uint8Array[];
let passed: Uint8Array[];
let answered: number;
let dead: DcuError | undefined;
/** What the head-end answers to a frame. */
let answer: (frame: Uint8Array) => Uint8Array | undefined;

beforeEach(() => {
  clock = new VirtualClock(0);
  heard = [];
  passed = [];
  answered = 0;
  dead = undefined;
  answer = () => undefined;
  const [ours, theirs] = memoryPair({ clock });
  hes = theirs;
  tap = new WrapperTap(ours);
  tap.onBytes((bytes) => passed.push(bytes));
  hes.onBytes((frame) => {
    heard.push(frame);
    const back = answer(frame);
    if (back !== undefined) void hes.write(back);
  });
});
afterEach(() => heart.stop());

function start(name: string, confirmed = true): void {
  const heartbeat = heartbeatOf(name);
  if (heartbeat === undefined) throw new Error(`no heartbeat ${name}`);
  const push = new PushLine({
    tap,
    client: CLIENT,
    protection: 'plain',
    maxPdu: 1024,
    confirmWithinMs: 60_000,
    clock,
    onConfirmed: () => {},
  });
  heart = new Heart({
    heartbeat,
    facts: { id: ID, source: 1, destination: CLIENT, confirmed },
    line: {
      exchange: (frame, isAnswer, signal) => exchangeFrame(tap, frame, isAnswer, signal),
      push: (notification) => push.send(notification),
    },
    intervalMs: 60_000,
    timeoutMs: 10_000,
    mostMissed: 3,
    clock,
    onAnswered: () => answered++,
    onDead: (reason) => {
      dead = reason;
      tap.abandon(reason);
    },
  });
  heart.start();
}

const swapped = (frame: Uint8Array): Uint8Array => {
  const back = frame.slice();
  back.set(frame.subarray(4, 6), 2);
  back.set(frame.subarray(2, 4), 4);
  return back;
};

const withApdu = (frame: Uint8Array, change: (apdu: Uint8Array) => Uint8Array): Uint8Array => {
  const word = (at: number): number => ((frame[at] ?? 0) << 8) | (frame[at + 1] ?? 0);
  return encodeWrapperFrame(word(4), word(2), change(frame.slice(8)));
};

/** With DA for DD. */
const identified = (frame: Uint8Array): Uint8Array =>
  withApdu(frame, (apdu) => {
    apdu[0] = 0xda;
    return apdu;
  });

const confirmedBack = (frame: Uint8Array): Uint8Array =>
  withApdu(frame, (apdu) =>
    encodeDataNotificationConfirm({ longInvoke: decodeDataNotification(apdu).longInvoke }),
  );

describe('identification', () => {
  test('is the packet, byte for byte', async () => {
    start('identification');
    await clock.advance(0);
    expect(heard.map((frame) => frame.toHex())).toEqual([
      `0001000100020012dd1000000000${new TextEncoder().encode(ID).toHex()}`,
    ]);
  });

  for (const [what, back] of [
    ['the same with DA', identified],
    ['DA alone', (frame: Uint8Array) => withApdu(frame, () => Uint8Array.of(0xda))],
  ] as const) {
    test(`is answered by ${what}, of which the server hears nothing`, async () => {
      answer = back;
      start('identification');
      await clock.advance(600_000);
      expect(heart.state).toEqual({ sent: 11, answered: 11, missed: 0 });
      expect(answered).toBe(11);
      expect(passed).toEqual([]);
    });
  }

  test('is not answered by another access-response, nor by DA that nobody waits for', async () => {
    start('identification');
    await clock.advance(0);
    await hes.write(encodeWrapperFrame(CLIENT, 1, Uint8Array.of(0xda, 1, 2, 3)));
    await clock.advance(20_000);
    await hes.write(encodeWrapperFrame(CLIENT, 1, Uint8Array.of(0xda)));
    await clock.advance(0);
    expect(heart.state).toEqual({ sent: 1, answered: 0, missed: 1 });
    expect(passed).toHaveLength(2);
  });
});

test('echo: the frame comes back with its addresses swapped', async () => {
  answer = swapped;
  start('echo');
  await clock.advance(120_000);
  expect(heart.state).toEqual({ sent: 3, answered: 3, missed: 0 });
  expect(heard[0]?.toHex()).toBe(`000100010002000c${new TextEncoder().encode(ID).toHex()}`);
  expect(passed).toEqual([]);
});

for (const [what, back] of [
  ['changed', (frame: Uint8Array) => withApdu(frame, (apdu) => apdu.reverse())],
  ['as it was sent', (frame: Uint8Array) => frame],
] as const) {
  test(`echo: what comes back ${what} is no answer`, async () => {
    answer = back;
    start('echo');
    await clock.advance(10_000);
    expect(heart.state).toEqual({ sent: 1, answered: 0, missed: 1 });
  });
}

describe('data-notification', () => {
  test('holds the id and is confirmed', async () => {
    answer = confirmedBack;
    start('data-notification');
    await clock.advance(60_000);
    expect(heart.state).toEqual({ sent: 2, answered: 2, missed: 0 });
    const { longInvoke, body } = decodeDataNotification((heard[1] ?? new Uint8Array(0)).subarray(8));
    expect(longInvoke.toString(16)).toBe('40ffff01');
    expect(decodeData(body)).toEqual({
      type: 'structure',
      elements: [{ type: 'octet-string', value: new TextEncoder().encode(ID) }],
    });
  });

  test('where no confirmation is granted, nothing is missed and nothing is proved', async () => {
    start('data-notification', false);
    await clock.advance(600_000);
    expect(heart.state).toEqual({ sent: 11, answered: 0, missed: 0 });
    expect(answered).toBe(0);
  });
});

for (const { name } of HEARTBEATS) {
  test(`${name}: as many as are missed running end the connection, with the cause`, async () => {
    start(name);
    await clock.advance(129_000);
    expect(dead).toBeUndefined();
    await clock.advance(1000);
    expect(dead).toMatchObject({ code: 'link-timeout', message: expect.stringContaining('3 heartbeats') });
    expect(tap.ended).toBe(dead as never);
    await clock.advance(600_000);
    expect(heart.state.sent).toBe(3);
  });

  test(`${name}: one that is answered in between lets the count begin anew`, async () => {
    let count = 0;
    const backs = { identification: identified, echo: swapped, 'data-notification': confirmedBack };
    answer = (frame) => (++count % 3 === 0 ? backs[name as keyof typeof backs](frame) : undefined);
    start(name);
    await clock.advance(3_600_000);
    expect(dead).toBeUndefined();
    expect(heart.state).toEqual({ sent: 61, answered: 20, missed: 0 });
  });

  test(`${name}: the attribute takes its name`, () => {
    expect(() => checkAttribute('heartbeat', name)).not.toThrow();
  });
}

test('what is said to the server meanwhile is not disturbed', async () => {
  answer = identified;
  start('identification');
  await clock.advance(1000);
  const request = encodeWrapperFrame(CLIENT, 1, new Uint8Array(500).fill(7));
  await hes.write(request.subarray(0, 100));
  await clock.advance(1000);
  await hes.write(request.subarray(100));
  await clock.advance(58_000);
  await hes.write(request);
  await clock.advance(0);
  expect(Buffer.concat(passed).length).toBe(2 * request.length);
  expect(heart.state.answered).toBe(2);
});

test('a stopped heart leaves nothing behind', async () => {
  start('echo');
  await clock.advance(0);
  heart.stop();
  await clock.advance(0);
  expect(clock.pending).toBe(0);
  expect(heart.state).toEqual({ sent: 1, answered: 0, missed: 0 });
});

test('there is no heartbeat but those that the attribute may name', () => {
  expect(() => checkAttribute('heartbeat', 'loud')).toThrow(DcuError);
  expect(heartbeatOf('off')).toBeUndefined();
});
