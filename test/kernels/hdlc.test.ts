import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { SeededRandom } from '../../src/base/random.ts';
import { createHdlcDeframer } from '../../src/kernels/hdlc.ts';
import type { HdlcFrame } from '../../src/kernels/types.ts';
import { kernels, memory, regions } from '../../src/kernels/wasm.ts';
import { frameOf, joined } from './hdlc-samples.ts';
import { crc16 } from './reference/crc.ts';
import { scanHdlc } from './reference/hdlc.ts';

const random = new SeededRandom(11);
const LENGTHS = [1, 2, 4] as const;

interface Outcome {
  readonly frames: readonly HdlcFrame[];
  readonly rejectedHeaders: number;
  readonly badFcs: number;
  readonly held: number;
}

function byReference(input: Uint8Array, maxFrameLength = 2047): Outcome {
  const { frames, consumed, rejectedHeaders, badFcs } = scanHdlc(input, maxFrameLength);
  const held = input.length - consumed;
  return { frames, rejectedHeaders, badFcs, held: held > 1 ? held : 0 };
}

/** The façade, fed in pieces that end at the given places. */
function byWasm(input: Uint8Array, cuts: readonly number[] = [], maxFrameLength = 2047): Outcome {
  const deframer = createHdlcDeframer({ maxFrameLength });
  const frames: HdlcFrame[] = [];
  let at = 0;
  for (const cut of [...cuts, input.length]) {
    frames.push(...deframer.push(input.subarray(at, cut)));
    at = cut;
  }
  const { rejectedHeaders, badFcs } = deframer.counters;
  expect(deframer.counters.frames).toBe(frames.length);
  return { frames, rejectedHeaders, badFcs, held: deframer.pending };
}

const everyByte = (input: Uint8Array): number[] => Array.from(input, (_, i) => i);

function agree(input: Uint8Array): Outcome {
  const expected = byReference(input);
  expect(byWasm(input)).toEqual(expected);
  expect(byWasm(input, everyByte(input))).toEqual(expected);
  return expected;
}

describe.each([
  ['reference', byReference],
  ['wasm', byWasm],
] as const)('HDLC deframing by %s', (_, deframe) => {
  test('a frame of nine bytes without information that ends exactly at the end of the input', () => {
    const frame = frameOf({ control: 0x73 });
    expect(frame.length).toBe(9);
    expect(deframe(frame).frames).toEqual([
      {
        destination: 16,
        destinationBytes: 1,
        source: 1,
        sourceBytes: 1,
        control: 0x73,
        segmented: false,
        info: new Uint8Array(0),
      },
    ]);
  });

  test('every combination of address lengths, extreme values, segmentation, with and without information', () => {
    for (const to of LENGTHS) {
      for (const from of LENGTHS) {
        for (const info of [new Uint8Array(0), Uint8Array.of(1), random.bytes(100), random.bytes(1000)]) {
          for (const value of [0, 1, 128 ** to - 1]) {
            const segmented = info.length === 100;
            const source = 128 ** from - 1 - (value % 2);
            const frame = frameOf({ destination: [value, to], source: [source, from], info, segmented });
            expect(deframe(frame).frames).toEqual([
              {
                destination: value,
                destinationBytes: to,
                source,
                sourceBytes: from,
                control: 0x13,
                segmented,
                info,
              },
            ]);
          }
        }
      }
    }
  });

  test('own flags, a shared flag, ten fill flags, flags inside the information', () => {
    const a = frameOf({ info: Uint8Array.of(0x7e, 0x7e, 0xa0, 0x7e) });
    const b = frameOf({ control: 0x51 });
    const controls = (input: Uint8Array): number[] => deframe(input).frames.map((frame) => frame.control);
    expect(controls(joined(a, b))).toEqual([0x13, 0x51]);
    expect(controls(joined(a, b.subarray(1)))).toEqual([0x13, 0x51]);
    expect(
      controls(
        joined(
          a,
          Array.from({ length: 10 }, (): number => 0x7e),
          b,
        ),
      ),
    ).toEqual([0x13, 0x51]);
    expect(deframe(joined(a, b)).rejectedHeaders).toBe(0);
  });

  test('a length one too small or too large is no frame', () => {
    for (const change of [-1, 1]) {
      const frame = frameOf({ info: random.bytes(20) });
      frame[2] = (frame[2] ?? 0) + change;
      const hcs = crc16(frame.subarray(1, 6));
      frame.set([hcs & 0xff, hcs >> 8], 6);
      expect(deframe(joined(frame, [0, 0, 0])).frames).toEqual([]);
    }
  });

  test('an address that runs past the closing flag is rejected', () => {
    // Length 7 ends the frame where the address still goes on; its "HCS" over what follows would be right.
    const head = [0xa0, 0x07, 0x02, 0x02, 0x02, 0x02, 0x7e, 0x03, 0x13];
    const hcs = crc16(Uint8Array.from(head));
    const crafted = joined(
      [0x7e],
      head,
      [hcs & 0xff, hcs >> 8],
      Array.from({ length: 20 }, (): number => 0),
      [0x7e],
    );
    expect(deframe(crafted).frames).toEqual([]);
    const three = [0xa0, 0x09, 0x02, 0x02, 0x03, 0x03, 0x13];
    const sum = crc16(Uint8Array.from(three));
    expect(deframe(joined([0x7e], three, [sum & 0xff, sum >> 8], [0x7e])).frames).toEqual([]);
  });

  test('every single-bit flip yields no frame with other content', () => {
    const frame = frameOf({ destination: [1234, 2], source: [77, 1], info: random.bytes(30) });
    const [good] = deframe(frame).frames;
    for (let bit = 0; bit < frame.length * 8; bit++) {
      const changed = frame.slice();
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      for (const found of deframe(changed).frames) expect(found).toEqual(good as HdlcFrame);
    }
  });

  test('truncation at each byte waits and never gives a frame', () => {
    const frame = frameOf({ info: Uint8Array.from({ length: 40 }, (_, i) => i) });
    for (let length = 2; length < frame.length; length++) {
      expect(deframe(frame.subarray(0, length))).toEqual({
        frames: [],
        rejectedHeaders: 0,
        badFcs: 0,
        held: length,
      });
    }
  });

  test('a false flag in noise stalls the line for a header only', () => {
    const noise = Uint8Array.of(0x7e, 0xa7, 0xff, 0x03, 0x03, 0x13, 0xde, 0xad);
    const frame = frameOf({ info: random.bytes(12) });
    const outcome = deframe(joined(noise, frame));
    expect(outcome.frames.length).toBe(1);
    expect(outcome.rejectedHeaders).toBe(1);
    expect(outcome.badFcs).toBe(0);
  });
});

describe('the kernel agrees with the model', () => {
  const piece = (): Uint8Array => {
    const choice = random.next();
    if (choice < 0.25) return random.bytes(Math.floor(random.next() * 30));
    if (choice < 0.35) return new Uint8Array(Math.floor(random.next() * 4)).fill(0x7e);
    const length = Math.floor(random.next() * (random.next() < 0.2 ? 600 : 40));
    const pick = (): 1 | 2 | 4 => LENGTHS[Math.floor(random.next() * 3)] ?? 1;
    const [to, from] = [pick(), pick()];
    const frame = frameOf({
      destination: [Math.floor(random.next() * 128 ** to), to],
      source: [Math.floor(random.next() * 128 ** from), from],
      info: random.bytes(length),
      segmented: random.next() < 0.2,
    });
    if (choice < 0.5) frame[Math.floor(random.next() * frame.length)] = Math.floor(random.next() * 256);
    return choice < 0.7 ? frame.subarray(1) : frame;
  };
  const stream = (): Uint8Array => joined(...Array.from({ length: 12 }, piece));

  test('whole, byte by byte and in random pieces: the same frames and counters', () => {
    for (let i = 0; i < 120; i++) {
      const input = stream();
      const expected = agree(input);
      const cuts = Array.from({ length: 6 }, () => Math.floor(random.next() * input.length)).sort(
        (a, b) => a - b,
      );
      expect(byWasm(input, cuts)).toEqual(expected);
    }
  });

  test('bytes of few values, full of flags (property)', () => {
    const byte = fc.constantFrom(0x7e, 0xa0, 0xa8, 0x07, 0x09, 0x03, 0x02, 0x13);
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 60 }), (bytes) => {
        agree(Uint8Array.from(bytes));
      }),
      { numRuns: 1500 },
    );
  });

  test('a smaller maximum rejects what is longer', () => {
    const frame = frameOf({ info: random.bytes(50) });
    const length = frame.length - 2;
    expect(byWasm(frame, [], length).frames.length).toBe(1);
    expect(byWasm(frame, [], length - 1)).toEqual(byReference(frame, length - 1));
    expect(byWasm(frame, [], length - 1).frames.length).toBe(0);
  });

  test('more frames than descriptors, more bytes than the input region', () => {
    const frame = frameOf({ info: random.bytes(90) });
    const input = joined(...Array.from({ length: 3000 }, (): Uint8Array => frame));
    expect(input.length).toBeGreaterThan(regions.INPUT_SIZE);
    expect(byWasm(input).frames.length).toBe(3000);
  });

  test('a read outside the input would show: what lies behind has no say', () => {
    const frame = frameOf({ info: random.bytes(25) });
    for (let length = 0; length <= frame.length; length++) {
      const results = [0x00, 0x7e, 0xff].map((filler) => {
        memory.bytes.fill(filler, regions.INPUT, regions.INPUT + 200);
        memory.bytes.set(frame.subarray(0, length), regions.INPUT);
        const end = regions.INPUT + length;
        const found = kernels.hdlcScan(regions.INPUT, end, regions.DESCRIPTORS, 10, 2047);
        return [found, ...memory.words.slice(regions.RESULT >> 2, (regions.RESULT >> 2) + 3)];
      });
      expect(results[1]).toEqual(results[0] as number[]);
      expect(results[2]).toEqual(results[0] as number[]);
    }
  });
});

describe('the deframer', () => {
  test('gives up a frame that never ends and finds the one inside it', () => {
    const inner = frameOf({ control: 0x93 });
    const begun = frameOf({ info: new Uint8Array(200) }).subarray(0, 30);
    const deframer = createHdlcDeframer({ maxFrameLength: 2047 });
    expect(deframer.push(joined(begun, inner))).toEqual([]);
    expect(deframer.pending).toBe(30 + inner.length);
    expect(deframer.giveUp().map((frame) => frame.control)).toEqual([0x93]);
    expect(deframer.pending).toBe(0);
    expect(deframer.counters.rejectedHeaders).toBeGreaterThan(0);
  });

  test('a lone flag is an idle line: nothing pends, nothing to give up, and it still opens the next frame', () => {
    const frame = frameOf({});
    const deframer = createHdlcDeframer({ maxFrameLength: 2047 });
    deframer.push(frame);
    expect(deframer.pending).toBe(0);
    expect(deframer.giveUp()).toEqual([]);
    expect(deframer.push(frame.subarray(1)).length).toBe(1);
  });

  test('reset forgets what was held', () => {
    const frame = frameOf({ info: random.bytes(20) });
    const deframer = createHdlcDeframer({ maxFrameLength: 2047 });
    deframer.push(frame.subarray(0, 12));
    deframer.reset();
    expect(deframer.pending).toBe(0);
    expect(deframer.push(frame).length).toBe(1);
  });

  test('information is a copy', () => {
    const deframer = createHdlcDeframer({ maxFrameLength: 2047 });
    const info = random.bytes(40);
    const [first] = deframer.push(frameOf({ info }));
    deframer.push(frameOf({ info: random.bytes(40) }));
    expect(first?.info).toEqual(info);
  });

  test('holds at most one frame, whatever comes', () => {
    const deframer = createHdlcDeframer({ maxFrameLength: 300 });
    for (let i = 0; i < 200; i++) {
      deframer.push(joined([0x7e, 0xa1, 0x20], random.bytes(50)));
      expect(deframer.pending).toBeLessThanOrEqual(302);
    }
  });

  test('refuses a maximum that is none', () => {
    for (const maxFrameLength of [0, 6, 2048, 10.5, Number.NaN]) {
      expect(() => createHdlcDeframer({ maxFrameLength })).toThrow(/7 to 2047/);
    }
  });
});
