import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { SeededRandom } from '../../src/base/random.ts';
import { decodeProfile } from '../../src/kernels/profile.ts';
import type { ColumnHint, DecodedColumn, DecodedProfile } from '../../src/kernels/types.ts';
import { arrayOf, lengthBytes, structureOf } from './axdr-samples.ts';
import { decodeProfile as decodePlain } from './reference/axdr.ts';

const random = new SeededRandom(77);
const pick = <T>(list: readonly T[]): T => list[Math.floor(random.next() * list.length)] as T;

/** Tags with fixed content width, and how many bytes that is. */
const FIXED: readonly (readonly [number, number])[] = [
  [0, 0],
  [3, 1],
  [13, 1],
  [15, 1],
  [17, 1],
  [22, 1],
  [16, 2],
  [18, 2],
  [5, 4],
  [6, 4],
  [23, 4],
  [20, 8],
  [21, 8],
  [24, 8],
  [25, 12],
  [26, 5],
  [27, 4],
];

/** A cell's shape: makes encodings that all take the same path through the decoder. */
type Shape = () => Uint8Array;

function shape(nesting = 0): Shape {
  const choice = random.next();
  if (choice < 0.2) {
    const tag = pick([9, 10, 12]);
    const length = pick([0, 1, 5, 12, 12, 130]);
    const form = pick([0, 0, 1, 2, 4]);
    return () => Uint8Array.of(tag, ...lengthBytes(length, form), ...random.bytes(length));
  }
  if (choice < 0.25) {
    const bits = pick([0, 1, 7, 8, 9, 30]);
    return () => Uint8Array.of(4, bits, ...random.bytes(Math.ceil(bits / 8)));
  }
  if (choice < 0.32 && nesting < 3) {
    const inner = Array.from({ length: Math.floor(random.next() * 4) }, () => shape(nesting + 1));
    const tag = pick([1, 2]);
    return () => Uint8Array.of(tag, inner.length, ...inner.flatMap((make) => [...make()]));
  }
  if (choice < 0.5) return dateTimeShape();
  const [tag, width] = pick(FIXED);
  return () => Uint8Array.of(tag, ...random.bytes(width));
}

function dateTimeShape(): Shape {
  return () => {
    const u8 = (below: number): number => Math.floor(random.next() * below);
    const odd = random.next() < 0.3;
    const or = (open: number, value: number): number => (odd && random.next() < 0.3 ? open : value);
    const deviation = or(0x8000, (u8(3) * 60 - 60) & 0xffff);
    return Uint8Array.of(
      9,
      12,
      or(0xff, 7),
      or(0xff, 0xd0 + u8(40)),
      or(0xfd, 1 + u8(12)),
      or(0xfe, 1 + u8(31)),
      0xff,
      or(0xff, u8(24)),
      or(0xff, u8(60)),
      or(0xff, u8(60)),
      or(0xff, u8(100)),
      deviation >> 8,
      deviation & 0xff,
      u8(256),
    );
  };
}

/** Typed arrays as plain ones: bun compares NaN within typed arrays bit by bit. */
function plain(profile: DecodedProfile): unknown {
  return {
    ...profile,
    columns: profile.columns.map((column) =>
      Object.fromEntries(
        Object.entries(column).map(([name, value]) => [
          name,
          ArrayBuffer.isView(value) ? [...(value as Uint8Array)] : value,
        ]),
      ),
    ),
  };
}

const same = (
  actual: DecodedProfile,
  bytes: Uint8Array,
  hints: readonly ColumnHint[],
  capacity?: number,
): void => expect(plain(actual)).toEqual(plain(decodePlain(bytes, hints, capacity)));

function agree(bytes: Uint8Array, hints: readonly ColumnHint[], capacity?: number): DecodedProfile {
  const decoded = decodeProfile(bytes, hints, capacity);
  same(decoded, bytes, hints, capacity);
  return decoded;
}

const HINTS: readonly ColumnHint[] = ['date-time', 'number', 'bytes'];

function randomProfile(rows: number, nulls: number): { bytes: Uint8Array; hints: ColumnHint[] } {
  const shapes = Array.from({ length: 1 + Math.floor(random.next() * 8) }, () => shape());
  const list = Array.from({ length: rows }, () =>
    structureOf(shapes.map((make) => (random.next() < nulls ? Uint8Array.of(0) : make()))),
  );
  return { bytes: arrayOf(list), hints: shapes.map(() => pick(HINTS)) };
}

describe('decodeProfile agrees with the plain decoder', () => {
  test('random schemas and rows, with and without nulls', () => {
    for (let i = 0; i < 600; i++) {
      const { bytes, hints } = randomProfile(Math.floor(random.next() * 20), pick([0, 0, 0.1, 0.5]));
      agree(bytes, hints);
    }
  });

  test('blocks of rows: 63 to 65, 127 to 129, and nulls in any of them', () => {
    for (const rows of [0, 1, 2, 63, 64, 65, 127, 128, 129]) {
      agree(randomProfile(rows, 0).bytes, randomProfile(rows, 0).hints);
      for (let i = 0; i < 6; i++) {
        const { bytes, hints } = randomProfile(rows, pick([0, 0.02]));
        expect(agree(bytes, hints).announcedRows).toBe(rows);
      }
    }
  });

  test('a mutated byte anywhere: the same rows, the same fault at the same place', () => {
    for (let i = 0; i < 300; i++) {
      const { bytes, hints } = randomProfile(1 + Math.floor(random.next() * 6), 0.1);
      for (let n = 0; n < 12; n++) {
        const changed = bytes.slice();
        changed[Math.floor(random.next() * changed.length)] = Math.floor(random.next() * 256);
        agree(changed, hints);
      }
    }
  });

  test('each fixed byte of a row changed to each other value', () => {
    const row = (value: number): Uint8Array =>
      structureOf([Uint8Array.of(6, 0, 0, 1, value), Uint8Array.of(9, 2, 7, 8), Uint8Array.of(17, value)]);
    const rows = [1, 2, 3, 4, 5].map(row);
    const bytes = arrayOf(rows);
    const at = bytes.length - (rows[4]?.length ?? 0) * 2;
    for (let offset = 0; offset < (rows[3]?.length ?? 0); offset++) {
      for (let value = 0; value < 256; value++) {
        const changed = bytes.slice();
        changed[at + offset] = value;
        agree(changed, ['number', 'bytes', 'number']);
      }
    }
  });

  test('truncation at each byte keeps the good rows', () => {
    const { bytes, hints } = randomProfile(9, 0.05);
    const whole = decodeProfile(bytes, hints);
    for (let length = 0; length < bytes.length; length++) {
      const cut = agree(bytes.slice(0, length), hints);
      expect(cut.status).toBe('truncated');
      expect(cut.rows).toBeLessThan(whole.announcedRows);
    }
  });

  test('any bytes at all (property)', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 120 }),
        fc.array(fc.constantFrom(...HINTS), { maxLength: 5 }),
        (noise, hints) => {
          agree(Uint8Array.from(noise), hints);
          agree(Uint8Array.of(1, 3, 2, hints.length, ...noise), hints);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('capacity bounds the rows and leaves the rest', () => {
    const { bytes, hints } = randomProfile(20, 0);
    for (const capacity of [0, 1, 19, 20, 21]) {
      const decoded = agree(bytes, hints, capacity);
      expect(decoded.rows).toBe(Math.min(20, capacity));
    }
  });

  test('a profile of several windows, whose first rows are nulls', () => {
    const rows = Array.from({ length: 9000 }, (_, i) =>
      structureOf([
        i < 8500 ? Uint8Array.of(0) : Uint8Array.of(18, 1, 2),
        Uint8Array.of(9, 40, ...random.bytes(40)),
        Uint8Array.of(20, ...random.bytes(8)),
        Uint8Array.of(0),
      ]),
    );
    const bytes = arrayOf(rows);
    expect(bytes.length).toBeGreaterThan(400_000);
    const decoded = agree(bytes, ['number', 'bytes', 'number', 'date-time']);
    expect(decoded.rows).toBe(9000);
    expect(decoded.status).toBe('complete');
  });

  test('rows of a multiple of 16 bytes, of more than 512 bytes, and more columns than a template has', () => {
    const filled = (length: number) => () =>
      structureOf([Uint8Array.of(9, 0x82, length >> 8, length & 255, ...random.bytes(length))]);
    for (const length of [10, 26, 42, 58, 500, 506, 507, 600]) {
      agree(arrayOf(Array.from({ length: 70 }, filled(length))), ['bytes']);
    }
    const wide = Array.from({ length: 100 }, () =>
      structureOf(Array.from({ length: 100 }, () => Uint8Array.of(17, 5))),
    );
    agree(
      arrayOf(wide),
      Array.from({ length: 100 }, (): ColumnHint => 'number'),
    );
  });
});

describe('decodeProfile', () => {
  const column = (bytes: readonly number[], hint: ColumnHint): DecodedColumn | undefined =>
    decodeProfile(Uint8Array.of(1, 1, 2, 1, ...bytes), [hint]).columns[0];

  test('extreme integers stay exact', () => {
    expect(column([20, 0x80, 0, 0, 0, 0, 0, 0, 0], 'number')).toMatchObject({
      kind: 'int64',
      values: BigInt64Array.of(-(2n ** 63n)),
    });
    expect(column([21, 255, 255, 255, 255, 255, 255, 255, 255], 'number')).toMatchObject({
      kind: 'uint64',
      values: BigUint64Array.of(2n ** 64n - 1n),
    });
    expect(column([5, 0x80, 0, 0, 0], 'number')).toMatchObject({ values: Float64Array.of(-(2 ** 31)) });
    expect(column([6, 255, 255, 255, 255], 'number')).toMatchObject({ values: Float64Array.of(2 ** 32 - 1) });
    expect(column([16, 0x80, 0], 'number')).toMatchObject({ values: Float64Array.of(-32768) });
    expect(column([15, 0x80], 'number')).toMatchObject({ values: Float64Array.of(-128) });
    expect(column([3, 0xff], 'number')).toMatchObject({ values: Float64Array.of(1) });
  });

  test('a date-time is UTC with the deviation added; unspecified stays unspecified', () => {
    const time = (hex: string): DecodedColumn | undefined =>
      column([9, 12, ...Uint8Array.fromHex(hex)], 'date-time');
    expect(time('07EA0B16070C2238FFFFC400')).toMatchObject({
      kind: 'date-time',
      values: Float64Array.of(1795347296000),
      deviation: Int16Array.of(-60),
      status: Uint8Array.of(0),
      flags: Uint8Array.of(4),
    });
    expect(time('07EA0B16070C22FFFF800000')).toMatchObject({
      values: Float64Array.of(Date.UTC(2026, 10, 22, 12, 34)),
      flags: Uint8Array.of(7),
    });
    for (const open of [
      'FFFF0B16070C2238FFFFC400',
      '07EAFF16070C2238FFFFC400',
      '07EAFD16070C2238FFFFC400',
      '07EA0BFE070C2238FFFFC400',
      '07EA0BFF070C2238FFFFC400',
      '07EA0B1607FF2238FFFFC400',
      '07EA0B16070CFF38FFFFC400',
      '000000000000000000000000',
      '07EA021D070C2238FFFFC400',
      '07EA0B16071822380000C400',
      '07EA0B16070C3C380000C400',
    ]) {
      expect(time(open)).toMatchObject({ values: Float64Array.of(Number.NaN), valid: Uint8Array.of(1) });
    }
  });

  test('compact-array ends cleanly, as a buffer and as a cell', () => {
    expect(decodeProfile(Uint8Array.of(19, 0, 0), ['number'])).toMatchObject({
      status: 'unsupported-tag',
      at: 0,
      rows: 0,
    });
    expect(decodeProfile(Uint8Array.of(1, 2, 2, 1, 17, 9, 2, 1, 19, 0), ['number'])).toMatchObject({
      status: 'unsupported-tag',
      at: 8,
      rows: 1,
      consumed: 6,
    });
  });

  test('another tag, another count, another shape: type conflict with the column, rows before it kept', () => {
    const bytes = Uint8Array.of(1, 3, 2, 1, 17, 9, 2, 1, 18, 0, 9, 2, 1, 17, 9);
    expect(decodeProfile(bytes, ['number'])).toMatchObject({ status: 'type-conflict', at: 0, rows: 1 });
    expect(decodeProfile(Uint8Array.of(1, 1, 2, 2, 17, 9, 17, 9), ['number'])).toMatchObject({
      status: 'type-conflict',
      at: 1,
      rows: 0,
    });
    expect(decodeProfile(Uint8Array.of(1, 1, 17, 9), ['number'])).toMatchObject({
      status: 'not-a-profile',
      at: 2,
    });
  });

  test('a huge announced count costs nothing', () => {
    expect(decodeProfile(Uint8Array.of(1, 0x84, 255, 255, 255, 255, 2, 1, 17, 1), ['number'])).toMatchObject({
      status: 'truncated',
      rows: 1,
      announcedRows: 2 ** 32 - 1,
    });
  });

  test('what lies behind the last row is left', () => {
    const bytes = Uint8Array.of(1, 1, 2, 1, 17, 9, 0xaa, 0xbb);
    expect(decodeProfile(bytes, ['number'])).toMatchObject({ status: 'complete', consumed: 6 });
  });

  test('a row that never ends is a fault, not a wait', () => {
    const row = Uint8Array.of(1, 1, 2, 1, 9, 0x83, 4, 0, 0, ...new Uint8Array(0x40000));
    expect(decodeProfile(row, ['bytes'])).toMatchObject({ status: 'unsupported-tag', at: 2, rows: 0 });
  });

  test('more hints than the kernel has columns are refused', () => {
    expect(() =>
      decodeProfile(
        Uint8Array.of(1, 0),
        Array.from({ length: 129 }, (): ColumnHint => 'number'),
      ),
    ).toThrow(/at most 128/);
  });

  test('results are copies: a later call leaves them alone', () => {
    const first = decodeProfile(Uint8Array.of(1, 1, 2, 1, 17, 9), ['number']);
    decodeProfile(Uint8Array.of(1, 1, 2, 1, 17, 77), ['number']);
    expect(first.columns[0]).toMatchObject({ values: Float64Array.of(9) });
  });
});
