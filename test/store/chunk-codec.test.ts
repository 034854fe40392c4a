import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { DcuError } from '../../src/base/errors.ts';
import type { ColumnValues } from '../../src/base/model.ts';
import { type Chunk, countRows, decodeChunk, encodeChunk } from '../../src/store/chunk-codec.ts';

const ROWS = 40;

const numberCell = fc.oneof(
  fc.integer({ min: -1000, max: 1000 }),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true }).map((value) => (Object.is(value, -0) ? 0 : value)),
  fc.constant(Number.NaN),
);
const integerCell = fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.constant(Number.NaN));
const bigintCell = fc.option(
  fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), fc.bigInt({ min: -9n, max: 9n })),
  { nil: undefined },
);
const bytesCell = fc.option(fc.uint8Array({ maxLength: 16 }), { nil: undefined });

const columnOf = (rows: number): fc.Arbitrary<ColumnValues> => {
  const sized = { minLength: rows, maxLength: rows };
  return fc.oneof(
    fc
      .array(numberCell, sized)
      .map((values) => ({ kind: 'number' as const, values: Float64Array.from(values) })),
    fc
      .array(integerCell, sized)
      .map((values) => ({ kind: 'number' as const, values: Float64Array.from(values) })),
    fc.array(bigintCell, sized).map((values) => ({ kind: 'bigint' as const, values })),
    fc.array(bytesCell, sized).map((values) => ({ kind: 'bytes' as const, values })),
  );
};

const timesOf = (rows: number): fc.Arbitrary<Float64Array> =>
  fc.oneof(
    fc
      .array(fc.integer({ min: 0, max: 2 ** 45 }), { minLength: rows, maxLength: rows })
      .map((times) => Float64Array.from(times).sort()),
    fc
      .tuple(
        fc.integer({ min: 0, max: 2 ** 40 }),
        fc.array(fc.constantFrom(0, 900, 3600), { minLength: rows, maxLength: rows }),
      )
      .map(([first, steps]) => {
        let time = first * 1000;
        return Float64Array.from(steps, (step) => {
          time += step * 1000;
          return time;
        });
      }),
  );

const chunk: fc.Arbitrary<Chunk> = fc.integer({ min: 0, max: ROWS }).chain((rows) =>
  fc.record({
    times: timesOf(rows),
    clockStatus: fc.uint8Array({ minLength: rows, maxLength: rows }),
    values: fc.array(columnOf(rows), { maxLength: 4 }),
  }),
);

/** Typed arrays with NaN do not compare. */
const plain = (value: Chunk): unknown => ({
  times: [...value.times],
  clockStatus: [...value.clockStatus],
  values: value.values.map(({ kind, values }) => [
    kind,
    ...[...values].map((cell) => (typeof cell === 'number' && Number.isNaN(cell) ? 'null' : cell)),
  ]),
});

describe('the codec of chunks', () => {
  test('gives back exactly what went in', () => {
    fc.assert(
      fc.property(chunk, (value) => {
        expect(plain(decodeChunk(encodeChunk(value)))).toEqual(plain(value));
      }),
      { numRuns: 500 },
    );
  });

  test('counts rows in an interval as decoding would', () => {
    fc.assert(
      fc.property(chunk, fc.nat(), fc.nat(), (value, a, b) => {
        const at = (n: number): number =>
          (value.times[n % Math.max(1, value.times.length)] ?? 0) + (n % 3) - 1;
        const interval = { fromMs: Math.min(at(a), at(b)), toMs: Math.max(at(a), at(b)) };
        const expected = value.times.filter((time) => time >= interval.fromMs && time < interval.toMs).length;
        expect(countRows(encodeChunk(value), interval)).toBe(expected);
      }),
      { numRuns: 500 },
    );
  });

  test('damage ends in its own error or in other rows, never in anything else', () => {
    fc.assert(
      fc.property(chunk, fc.nat(), fc.integer({ min: 0, max: 255 }), fc.boolean(), (value, at, byte, cut) => {
        const bytes = encodeChunk(value);
        bytes[at % bytes.length] = byte;
        try {
          decodeChunk(cut ? bytes.subarray(0, at % bytes.length) : bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(DcuError);
          expect(error).toMatchObject({ code: 'storage-corrupt' });
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('a day of steadily counting registers takes less than a byte and a half a value', () => {
    const rows = 96;
    const counting = (step: number): ColumnValues => {
      let value = 7_000_000;
      return {
        kind: 'number',
        values: Float64Array.from({ length: rows }, (_, i) => (value += (i * step) % 700)),
      };
    };
    const bytes = encodeChunk({
      times: Float64Array.from({ length: rows }, (_, i) => 1.7e12 + i * 900_000),
      clockStatus: new Uint8Array(rows),
      values: [counting(113), counting(7), counting(0), counting(251), counting(90), counting(33)],
    });
    expect(bytes.length).toBeLessThan(rows * 6 * 1.5);
  });
});
