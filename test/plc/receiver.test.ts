import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { concat, fromHex } from '../../src/base/bytes.ts';
import { SeededRandom } from '../../src/base/random.ts';
import { type DownFrame, decodeFrame, encodeFrame, type PlcFrame } from '../../src/plc/frame.ts';
import { downInformation } from '../../src/plc/information.ts';
import { FrameReceiver } from '../../src/plc/receiver.ts';
import published from '../vectors/plc-frames.json';

const FRAMES = published.frames.map(({ hex }) => fromHex(hex));

function receive(
  chunks: readonly Uint8Array[],
  maxFrame = 512,
): { frames: PlcFrame[]; receiver: FrameReceiver } {
  const receiver = new FrameReceiver(maxFrame);
  const frames = chunks.flatMap((chunk) => receiver.push(chunk));
  return { frames, receiver };
}

/** Cuts at these offsets. */
function cut(bytes: Uint8Array, at: readonly number[]): Uint8Array[] {
  const edges = [
    0,
    ...[...new Set(at.map((one) => one % (bytes.length + 1)))].sort((a, b) => a - b),
    bytes.length,
  ];
  return edges.slice(1).map((edge, i) => bytes.subarray(edges[i], edge));
}

const arbitraryFrame = fc
  .record({
    sequence: fc.nat(255),
    afn: fc.nat(255),
    fn: fc.integer({ min: 1, max: 256 }),
    data: fc.uint8Array({ maxLength: 90 }),
    initiates: fc.boolean(),
    kind: fc.nat(63),
  })
  .map(
    ({ sequence, ...body }): DownFrame => ({
      direction: 'down',
      information: downInformation(sequence),
      ...body,
    }),
  );

describe('finding frames', () => {
  test('whole, byte by byte and with noise between them', () => {
    const expected = FRAMES.map(decodeFrame);
    // A start byte with a length that no frame has.
    const noise = fromHex('006816ff');
    const line = concat(FRAMES.flatMap((frame) => [frame, noise]));
    expect(receive([line]).frames).toEqual(expected);
    const single = receive(Array.from(line, (byte) => Uint8Array.of(byte)));
    expect(single.frames).toEqual(expected);
    expect(single.receiver.counters.frames).toBe(FRAMES.length);
    expect(single.receiver.counters.bytes).toBe(line.length);
  });

  test('any cut gives the same frames and the same counters', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(arbitraryFrame.map(encodeFrame), fc.uint8Array({ maxLength: 20 })), {
          maxLength: 8,
        }),
        fc.array(fc.nat(), { maxLength: 20 }),
        (parts, cuts) => {
          const line = concat(parts);
          const whole = receive([line], 256);
          const pieces = receive(cut(line, cuts), 256);
          expect(pieces.frames).toEqual(whole.frames);
          expect(pieces.receiver.counters).toEqual(whole.receiver.counters);
          expect(pieces.receiver.giveUp()).toEqual(whole.receiver.giveUp());
        },
      ),
      { numRuns: 300 },
    );
  });

  test('any frame comes back', () => {
    fc.assert(
      fc.property(arbitraryFrame, (frame) => {
        expect(decodeFrame(encodeFrame(frame))).toEqual(frame);
      }),
    );
  });

  test('one flipped bit is always noticed, and the next frame is found', () => {
    const random = new SeededRandom(7);
    for (const frame of FRAMES) {
      for (let i = 0; i < 40; i++) {
        const at = Math.floor(random.next() * frame.length);
        const damaged = frame.with(at, (frame[at] ?? 0) ^ (1 << Math.floor(random.next() * 8)));
        const last = FRAMES[0] ?? frame;
        const { frames, receiver } = receive([damaged, last]);
        const found = [...frames, ...receiver.giveUp()].map((one) => encodeFrame(one).toHex());
        expect(found).not.toContain(frame === last ? 'nothing' : frame.toHex());
        expect(found).toContain(last.toHex());
      }
    }
  });

  test('a length that is too long hides nothing once the line is silent', () => {
    const [frame] = FRAMES;
    if (frame === undefined) throw new Error('no frames');
    const lying = fromHex('68ff0143');
    const { frames, receiver } = receive([lying, frame]);
    expect(frames).toEqual([]);
    expect(receiver.waiting).toBe(true);
    expect(receiver.giveUp().map(encodeFrame)).toEqual([frame]);
    expect(receiver.waiting).toBe(false);
    expect(receiver.counters.discarded).toBe(lying.length);
  });

  test('lengths that no frame can have cost one byte', () => {
    const [frame] = FRAMES;
    if (frame === undefined) throw new Error('no frames');
    const { frames, receiver } = receive([fromHex('680e00'), fromHex('680102'), frame]);
    expect(frames.map(encodeFrame)).toEqual([frame]);
    expect(receiver.counters.badLengths).toBe(2);
  });

  test('a sound frame that contradicts itself is counted, not delivered', () => {
    const bytes = encodeFrame({
      direction: 'down',
      initiates: true,
      kind: 3,
      information: downInformation(1),
      afn: 3,
      fn: 1,
      data: new Uint8Array(),
    });
    const contradictory = bytes.with(11, 3).with(13, ((bytes[13] ?? 0) + 2) & 0xff);
    const { frames, receiver } = receive([contradictory, bytes]);
    expect(frames.length).toBe(1);
    expect(receiver.counters).toMatchObject({ frames: 1, invalid: 1, discarded: 0 });
  });

  test('what is held is bounded, whatever comes', () => {
    const receiver = new FrameReceiver(64);
    const random = new SeededRandom(3);
    for (let i = 0; i < 200; i++) receiver.push(random.bytes(100).map((byte) => (byte < 80 ? 0x68 : byte)));
    expect(receiver.counters.bytes).toBe(20_000);
    const kept = receiver.counters.bytes - receiver.counters.discarded;
    expect(kept).toBeLessThanOrEqual(64 * (1 + receiver.counters.frames + receiver.counters.invalid));
  });
});
