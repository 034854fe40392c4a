import { afterEach, describe, expect, test } from 'bun:test';
import { SeededRandom } from '../../src/base/random.ts';
import { createGcmKey } from '../../src/kernels/gcm.ts';
import {
  createPipeline,
  FRAME_OUTCOMES,
  type Pipeline,
  type PipelineResult,
} from '../../src/kernels/pipeline.ts';
import type { ColumnHint, GcmKey } from '../../src/kernels/types.ts';
import { memory, regions } from '../../src/kernels/wasm.ts';
import { arrayOf, structureOf } from './axdr-samples.ts';
import { frameOf, joined } from './hdlc-samples.ts';
import { cipheredFrame, type Meter } from './pipeline-samples.ts';
import { decodeProfile as decodePlain } from './reference/axdr.ts';

const random = new SeededRandom(31);
const HINTS: readonly ColumnHint[] = ['date-time', 'number', 'bytes'];

function meter(source: number, bytes: 1 | 2 | 4, keyLength: 16 | 32 = 16): Meter {
  return {
    source: [source, bytes],
    encryption: random.bytes(keyLength),
    authentication: random.bytes(16),
    title: random.bytes(8),
  };
}

/** One address in three lengths: a look-up by the value alone would mix them up. */
const METERS = [meter(5, 1), meter(5, 2, 32), meter(5, 4), meter(16383, 2)];

let open: Pipeline | undefined;
let keys: GcmKey[] = [];

function pipeline(
  meters: readonly Meter[] = METERS,
  tagLength: 12 | 16 = 12,
  lastCounter?: number,
): Pipeline {
  keys = meters.map(({ encryption }) => createGcmKey(encryption));
  open = createPipeline({
    hints: HINTS,
    maxFrameLength: 2047,
    routes: meters.map((entry, i) => ({
      source: entry.source[0],
      sourceBytes: entry.source[1],
      key: keys[i] as GcmKey,
      authenticationKey: entry.authentication,
      systemTitle: entry.title,
      tagLength,
      ...(lastCounter === undefined ? {} : { lastCounter }),
    })),
  });
  return open;
}

afterEach(() => {
  open?.close();
  for (const key of keys) key.release();
});

const row = (value: number): Uint8Array =>
  structureOf([
    Uint8Array.of(9, 12, 0x07, 0xea, 1, 1 + (value % 28), 0xff, 1, 2, 3, 0xff, 0, 0, 0),
    Uint8Array.of(6, 0, 0, value >> 8, value & 0xff),
    Uint8Array.of(10, 3, 65, 66, 48 + (value % 10)),
  ]);
const profile = (first: number, rows: number): Uint8Array =>
  arrayOf(Array.from({ length: rows }, (_, i) => row(first + i)));
const notification = (body: Uint8Array): Uint8Array => Uint8Array.of(0x0f, 0, 0, 0, 1, 0, ...body);
const response = (body: Uint8Array): Uint8Array => Uint8Array.of(0xc4, 1, 0xc1, 0, ...body);

const outcomes = (result: PipelineResult): string[] =>
  Array.from(result.outcomes, (code) => FRAME_OUTCOMES[code] ?? '?');
const numbers = (result: PipelineResult): number[] => {
  const column = result.columns[1];
  return column?.kind === 'number' ? [...column.values] : [];
};
const first = METERS[0] as Meter;

describe.each([
  ['in the kernel', Number.MAX_SAFE_INTEGER % 0x7fffffff],
  ['by the runtime', -1],
] as const)('the fused path, deciphering %s', (_, upTo) => {
  test('frames of several meters, address lengths, services and key sizes become rows', () => {
    const frames = METERS.flatMap((entry, i) => [
      cipheredFrame(entry, notification(profile(100 * i, 3)), { counter: 7 }),
      cipheredFrame(entry, response(profile(100 * i + 50, 20)), {
        counter: 8,
        tag: 'glo-get',
        llc: i % 2 === 0,
      }),
    ]);
    const result = pipeline().run(joined(...frames), upTo);
    expect(outcomes(result)).toEqual(Array.from({ length: 8 }, (): string => 'good'));
    expect([...result.counters]).toEqual([7, 8, 7, 8, 7, 8, 7, 8]);
    expect([...result.rowsOfFrame]).toEqual([3, 20, 3, 20, 3, 20, 3, 20]);
    expect(result.rows).toBe(92);
    const expected = decodePlain(
      arrayOf(
        METERS.flatMap((_, i) => [
          ...Array.from({ length: 3 }, (_, n) => row(100 * i + n)),
          ...Array.from({ length: 20 }, (_, n) => row(100 * i + 50 + n)),
        ]),
      ),
      HINTS,
    );
    expect(result.columns[0]).toEqual(expected.columns[0]);
    expect(result.columns[1]).toEqual(expected.columns[1]);
    const texts = result.columns[2];
    if (texts?.kind !== 'bytes') throw new Error('not a byte column');
    const text = (i: number): string =>
      String.fromCharCode(
        ...result.plaintext.subarray(
          texts.offsets[i] ?? 0,
          (texts.offsets[i] ?? 0) + (texts.lengths[i] ?? 0),
        ),
      );
    expect([0, 1, 2, 3, 91].map(text)).toEqual(['AB0', 'AB1', 'AB2', 'AB0', 'AB9']);
  });

  test('a forged frame adds no row and moves no counter; the frames around it count', () => {
    const frames = [1, 2, 3].map((counter) =>
      cipheredFrame(first, notification(profile(10 * counter, 2)), { counter }),
    );
    const other = METERS[2] as Meter;
    // Frame 2 as the meter with another key would have made it: a right FCS around a wrong tag.
    frames[1] = cipheredFrame(
      { ...other, source: first.source, title: first.title },
      notification(profile(20, 2)),
      { counter: 0xfffffff0 },
    );
    const result = pipeline().run(joined(...frames), upTo);
    expect(outcomes(result)).toEqual(['good', 'forged', 'good']);
    expect(numbers(result)).toEqual([10, 11, 30, 31]);
    expect([...result.counters]).toEqual([1, 0, 3]);
  });

  test('an invocation counter that does not grow is a replay, also in a later run and after a restart', () => {
    const frame = (counter: number): Uint8Array =>
      cipheredFrame(first, notification(profile(counter, 1)), { counter });
    const line = pipeline();
    expect(outcomes(line.run(joined(frame(5), frame(5), frame(4), frame(6)), upTo))).toEqual([
      'good',
      'replayed',
      'replayed',
      'good',
    ]);
    expect(outcomes(line.run(frame(6), upTo))).toEqual(['replayed']);
    line.close();
    const restarted = pipeline(METERS, 12, 6);
    expect(outcomes(restarted.run(joined(frame(6), frame(7)), upTo))).toEqual(['replayed', 'good']);
  });

  test('a profile of other columns, cut or with something behind it, adds no row', () => {
    const bad = [
      notification(arrayOf([structureOf([Uint8Array.of(17, 1)])])),
      notification(profile(1, 3).slice(0, -1)),
      notification(Uint8Array.of(...profile(1, 1), 0)),
      notification(Uint8Array.of(1, 0x84, 0xff, 0xff, 0xff, 0xff)),
      notification(Uint8Array.of(19, 0, 0)),
      Uint8Array.of(0xc4, 2, 0xc1, 0, 1, 0),
      Uint8Array.of(0xc4),
      new Uint8Array(0),
      Uint8Array.of(0x0f, 0, 0, 0, 1, 0x7f, 1, 0),
    ];
    const frames = [
      ...bad.map((plain, i) => cipheredFrame(first, plain, { counter: i + 1 })),
      cipheredFrame(first, notification(profile(1, 2)), { counter: 99 }),
    ];
    const result = pipeline().run(joined(...frames), upTo);
    expect(outcomes(result)).toEqual([...bad.map(() => 'not-a-profile'), 'good']);
    expect(numbers(result)).toEqual([1, 2]);
    expect(result.columns[1]?.tag).toBe(6);
  });

  test('a tag of 16 bytes where the policy says so, and only there', () => {
    const frame = (tagLength: 12 | 16, counter: number): Uint8Array =>
      cipheredFrame(first, notification(profile(1, 1)), { counter, tagLength });
    const line = pipeline(METERS, 16);
    expect(outcomes(line.run(joined(frame(16, 1), frame(12, 2)), upTo))).toEqual(['good', 'forged']);
  });

  test('more rows than the columns take are handed out in full', () => {
    const frames = Array.from({ length: 130 }, (_, i) =>
      cipheredFrame(first, notification(profile(i * 75, 75)), { counter: i + 1 }),
    );
    const result = pipeline().run(joined(...frames), upTo);
    expect(result.rows).toBe(130 * 75);
    expect(numbers(result)).toEqual(Array.from({ length: 130 * 75 }, (_, i) => i));
    expect(new Set(outcomes(result))).toEqual(new Set(['good']));
  });
});

describe('the fused path', () => {
  test('refuses what is not ciphered, segmented, from elsewhere, or shorter than its parts', () => {
    const info = (bytes: readonly number[]): Uint8Array =>
      frameOf({ source: first.source, info: Uint8Array.from(bytes) });
    const head = [0xdb, 8, ...first.title];
    const frames: readonly (readonly [string, Uint8Array])[] = [
      ['not-ciphered', frameOf({ source: first.source })],
      ['not-ciphered', info([0xe6, 0xe7, 0])],
      ['not-ciphered', info([0xc4, 1, 0xc1, 0, 1, 0])],
      ['not-ciphered', info([0xdb])],
      ['not-ciphered', info([0xdb, 8, 1, 2, 3])],
      ['not-ciphered', info([0xdb, 7, 1, 2, 3, 4, 5, 6, 7, 1])],
      ['unknown-address', info([0xdb, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0])],
      ['not-ciphered', info(head)],
      ['not-ciphered', info([...head, 0])],
      ['not-ciphered', info([...head, 0x82])],
      ['not-ciphered', info([...head, 0x82, 0xff, 0xff])],
      ['not-ciphered', info([...head, 0x84, 0, 0, 0, 1, 0])],
      // Every length up to that of counter and tag: information minus header must not underflow.
      ...Array.from(
        { length: 17 },
        (_, n) =>
          ['not-ciphered', info([...head, n, ...Array.from({ length: n }, (): number => 0x30)])] as const,
      ),
      ['not-ciphered', cipheredFrame(first, notification(profile(1, 1)), { counter: 1, control: 0x20 })],
      [
        'segmented',
        cipheredFrame(first, notification(profile(1, 1)), { counter: 1, frame: { segmented: true } }),
      ],
      [
        'unknown-address',
        cipheredFrame(first, notification(profile(1, 1)), { counter: 1, frame: { source: [6, 1] } }),
      ],
      [
        'unknown-address',
        cipheredFrame(first, notification(profile(1, 1)), {
          counter: 1,
          frame: { source: [128 ** 4 - 1, 4] },
        }),
      ],
    ];
    const result = pipeline().run(joined(...frames.map(([, frame]) => frame)));
    expect(outcomes(result)).toEqual(frames.map(([outcome]) => outcome));
    expect(result.rows).toBe(0);
  });

  test('an incomplete frame at the end is left, noise and bad frames are counted', () => {
    const frame = cipheredFrame(first, notification(profile(1, 4)), { counter: 1 });
    const bad = frame.slice();
    bad[60] = (bad[60] ?? 0) ^ 1;
    const whole = joined([0x7e, 0x13, 0x14], bad, frame);
    const result = pipeline().run(joined(whole, frame.subarray(0, 50)));
    expect(result.consumed).toBe(whole.length);
    expect(result.badFcs).toBe(1);
    expect(result.rejectedHeaders).toBeGreaterThan(0);
    expect(numbers(result)).toEqual([1, 2, 3, 4]);
  });

  test('every single-bit flip of a ciphered frame adds nothing', () => {
    const frame = cipheredFrame(first, notification(profile(1, 1)), { counter: 3 });
    const line = pipeline();
    for (let bit = 0; bit < frame.length * 8; bit++) {
      const changed = frame.slice();
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(line.run(changed).rows).toBe(0);
    }
    expect(line.run(frame).rows).toBe(1);
  });

  test('leaves no authentication key where the next frame could find it', () => {
    pipeline().run(cipheredFrame(first, notification(profile(1, 1)), { counter: 3 }));
    const scratch = memory.bytes.slice(regions.HOST_AAD + 1, regions.HOST_AAD + 17);
    expect(scratch.every((byte) => byte === 0)).toBe(true);
  });

  test('there is one at a time; bad routes are refused and leave none open', () => {
    pipeline();
    expect(() => pipeline()).toThrow(/another pipeline/);
    open?.close();
    expect(() => open?.run(new Uint8Array(0))).toThrow(/closed/);
    const key = createGcmKey(random.bytes(16));
    const route = {
      source: 1,
      sourceBytes: 1,
      key,
      authenticationKey: random.bytes(16),
      systemTitle: random.bytes(8),
      tagLength: 12,
    } as const;
    const options = { hints: HINTS, maxFrameLength: 2047 };
    expect(() =>
      createPipeline({ ...options, routes: [{ ...route, systemTitle: random.bytes(7) }] }),
    ).toThrow(/8 bytes/);
    expect(() =>
      createPipeline({ ...options, routes: [{ ...route, authenticationKey: random.bytes(15) }] }),
    ).toThrow(/16 bytes/);
    key.release();
    expect(() => createPipeline({ ...options, routes: [route] })).toThrow(/released/);
    open = createPipeline({ ...options, routes: [] });
  });
});
