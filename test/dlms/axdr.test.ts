import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { ByteReader, concat, fromHex, toHex } from '../../src/base/bytes.ts';
import { DcuError } from '../../src/base/errors.ts';
import { decodeData, descriptionOf, encodeData, readData, skipData } from '../../src/dlms/axdr.ts';
import type { DlmsData, TypeDescription } from '../../src/dlms/data.ts';
import {
  array,
  bitString,
  enumeration,
  float32,
  float64,
  i8,
  i16,
  i32,
  i64,
  octetString,
  structure,
  u8,
  u16,
  u32,
  u64,
  utf8String,
  visibleString,
} from '../../src/dlms/values.ts';
import { codeOf, expectTotal } from './mutation.ts';

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

const simple: fc.Arbitrary<DlmsData> = fc.oneof(
  fc.constant<DlmsData>({ type: 'null-data' }),
  fc.boolean().map((value): DlmsData => ({ type: 'boolean', value })),
  fc
    .integer({ min: 0, max: 40 })
    .chain((bits) => bytes(Math.ceil(bits / 8)).map((value): DlmsData => bitString(value, bits))),
  fc.integer({ min: -0x80000000, max: 0x7fffffff }).map(i32),
  fc.integer({ min: 0, max: 0xffffffff }).map(u32),
  fc.uint8Array({ maxLength: 300 }).map(octetString),
  fc.uint8Array({ maxLength: 20 }).map((raw) => visibleString(String.fromCharCode(...raw))),
  fc.string({ unit: 'grapheme', maxLength: 20 }).map(utf8String),
  fc.integer({ min: 0, max: 255 }).map((value): DlmsData => ({ type: 'bcd', value })),
  fc.integer({ min: -128, max: 127 }).map(i8),
  fc.integer({ min: -0x8000, max: 0x7fff }).map(i16),
  fc.integer({ min: 0, max: 255 }).map(u8),
  fc.integer({ min: 0, max: 0xffff }).map(u16),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(i64),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(u64),
  fc.integer({ min: 0, max: 255 }).map(enumeration),
  fc.float({ noNaN: true }).map(float32),
  fc.double({ noNaN: true }).map(float64),
  bytes(12).map((value): DlmsData => ({ type: 'date-time', value })),
  bytes(5).map((value): DlmsData => ({ type: 'date', value })),
  bytes(4).map((value): DlmsData => ({ type: 'time', value })),
  fc.constant<DlmsData>({ type: 'dont-care' }),
  fc.integer({ min: -128, max: 127 }).map((value): DlmsData => ({ type: 'delta-integer', value })),
  fc.integer({ min: -0x8000, max: 0x7fff }).map((value): DlmsData => ({ type: 'delta-long', value })),
  fc
    .integer({ min: -0x80000000, max: 0x7fffffff })
    .map((value): DlmsData => ({ type: 'delta-double-long', value })),
  fc.integer({ min: 0, max: 255 }).map((value): DlmsData => ({ type: 'delta-unsigned', value })),
  fc.integer({ min: 0, max: 0xffff }).map((value): DlmsData => ({ type: 'delta-long-unsigned', value })),
  fc
    .integer({ min: 0, max: 0xffffffff })
    .map((value): DlmsData => ({ type: 'delta-double-long-unsigned', value })),
);

const compact: fc.Arbitrary<DlmsData> = fc
  .array(
    fc
      .tuple(fc.integer({ min: 0, max: 0xffff }), fc.uint8Array({ maxLength: 4 }))
      .map(([number, raw]) => structure(u16(number), octetString(raw), array([u32(1), u32(2)]))),
    { maxLength: 5 },
  )
  .map((elements): DlmsData => ({ type: 'compact-array', elements }));

const { data } = fc.letrec<{ data: DlmsData; list: DlmsData[] }>((tie) => ({
  data: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    simple,
    compact,
    tie('list').map(array),
    tie('list').map((elements) => structure(...elements)),
  ),
  list: fc.array(tie('data'), { maxLength: 5 }),
}));

describe('A-XDR data', () => {
  test('what is encoded is decoded, and skipping ends where decoding ends', () => {
    fc.assert(
      fc.property(data, (value) => {
        const encoded = encodeData(value);
        expect(decodeData(encoded)).toEqual(value);
        const behind = concat([encoded, Uint8Array.of(0xaa)]);
        const read = new ByteReader(behind);
        readData(read);
        const skipped = new ByteReader(behind);
        skipData(skipped);
        expect([read.offset, skipped.offset]).toEqual([encoded.length, encoded.length]);
      }),
      { numRuns: 500 },
    );
  });

  test('a value cut anywhere is refused, with an offset inside it', () => {
    fc.assert(
      fc.property(data, (value) => {
        const encoded = encodeData(value);
        for (let length = 0; length < Math.min(encoded.length, 60); length++) {
          const cut = encoded.slice(0, length);
          for (const decode of [() => decodeData(cut), () => skipData(new ByteReader(cut))]) {
            try {
              decode();
              throw new Error(`cut at ${length} was accepted`);
            } catch (error) {
              if (!(error instanceof DcuError)) throw error;
              expect(['truncated', 'axdr-invalid']).toContain(error.code);
              expect(error.offset).toBeLessThanOrEqual(length);
            }
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  test('damaged bytes end in a value or in a DcuError', () => {
    fc.assert(
      fc.property(data, (value) => expectTotal(encodeData(value).slice(0, 60), decodeData)),
      { numRuns: 40 },
    );
  });

  test('wire forms of the Blue Book', () => {
    const cases: readonly (readonly [string, DlmsData])[] = [
      ['00', { type: 'null-data' }],
      ['0301', { type: 'boolean', value: true }],
      ['040ba540', bitString(Uint8Array.of(0xa5, 0x40), 11)],
      ['05ffffff85', { type: 'double-long', value: -123 }],
      ['0600001391', u32(5009)],
      ['09060100010800ff', octetString(Uint8Array.of(1, 0, 1, 8, 0, 255))],
      ['0a03414243', { type: 'visible-string', value: 'ABC' }],
      ['0c03e282ac', { type: 'utf8-string', value: '€' }],
      ['0ffe', i8(-2)],
      ['10fffe', { type: 'long', value: -2 }],
      ['14fffffffffffffffe', { type: 'long64', value: -2n }],
      ['15fffffffffffffffe', { type: 'long64-unsigned', value: 2n ** 64n - 2n }],
      ['161e', enumeration(30)],
      ['173fc00000', { type: 'float32', value: 1.5 }],
      ['183ff8000000000000', { type: 'float64', value: 1.5 }],
      ['0203120008110116ff', structure(u16(8), { type: 'unsigned', value: 1 }, enumeration(255))],
      ['0102060000000106ffffffff', array([u32(1), u32(0xffffffff)])],
    ];
    for (const [hex, value] of cases) {
      expect(toHex(encodeData(value))).toBe(hex);
      expect(decodeData(fromHex(hex))).toEqual(value);
    }
  });

  test('a compact-array is expanded by its type description', () => {
    // structure { long-unsigned, array of 2 unsigned }, 8 bytes of contents
    expect(decodeData(fromHex('13 02 02 12 01 0002 11 08 0001 0a0b 0002 0c0d'))).toEqual({
      type: 'compact-array',
      elements: [
        structure(
          u16(1),
          array([
            { type: 'unsigned', value: 10 },
            { type: 'unsigned', value: 11 },
          ]),
        ),
        structure(
          u16(2),
          array([
            { type: 'unsigned', value: 12 },
            { type: 'unsigned', value: 13 },
          ]),
        ),
      ],
    });
  });

  test('a compact-array is written as its description says', () => {
    const nested: TypeDescription = {
      type: 'structure',
      elements: [
        { type: 'long-unsigned' },
        { type: 'array', count: 2, element: { type: 'structure', elements: [{ type: 'unsigned' }] } },
      ],
    };
    const row = (n: number) => structure(u16(n), array([structure(u8(n)), structure(u8(n + 1))]));
    const value: DlmsData = { type: 'compact-array', description: nested, elements: [row(1), row(5)] };
    // gurux-dlms 1.0.203 reads the same values from these bytes.
    expect(toHex(encodeData(value))).toBe(
      '13 02 02 12 01 0002 02 01 11 08 0001 01 02 0005 05 06'.replaceAll(' ', ''),
    );
    expect(decodeData(encodeData(value))).toEqual({ type: 'compact-array', elements: [row(1), row(5)] });
    expect(descriptionOf(row(1))).toEqual(nested);
    // Without elements the description still says what there would be.
    expect(toHex(encodeData({ type: 'compact-array', description: nested, elements: [] }))).toBe(
      '1302021201000202011100',
    );
    const wrong: readonly DlmsData[] = [
      { type: 'compact-array', description: nested, elements: [structure(u16(1))] },
      { type: 'compact-array', description: nested, elements: [structure(u8(1), array([]))] },
      {
        type: 'compact-array',
        description: { type: 'array', count: -1, element: { type: 'enum' } },
        elements: [],
      },
      { type: 'compact-array', elements: [{ type: 'compact-array', elements: [] }] },
    ];
    for (const one of wrong) expect(codeOf(() => encodeData(one))).toBe('invalid-argument');
  });

  test('tags 28 to 33 and 255', () => {
    const cases: readonly (readonly [string, DlmsData])[] = [
      ['1cff', { type: 'delta-integer', value: -1 }],
      ['1dfffe', { type: 'delta-long', value: -2 }],
      ['1efffffffd', { type: 'delta-double-long', value: -3 }],
      ['1fff', { type: 'delta-unsigned', value: 255 }],
      ['20ffff', { type: 'delta-long-unsigned', value: 65_535 }],
      ['21ffffffff', { type: 'delta-double-long-unsigned', value: 0xffffffff }],
      ['ff', { type: 'dont-care' }],
    ];
    for (const [hex, value] of cases) {
      expect(toHex(encodeData(value))).toBe(hex);
      expect(decodeData(fromHex(hex))).toEqual(value);
    }
  });

  test('a compact-array holds little more than its bytes do', () => {
    // Seven structures of an unsigned and 65,535 null-data in 16 bytes; the same with as many as the bytes may tell.
    const row = (nulls: number, rows: number): Uint8Array =>
      Uint8Array.of(
        0x13,
        0x02,
        0x02,
        0x11,
        0x01,
        nulls >> 8,
        nulls & 0xff,
        0x00,
        rows,
        ...new Array(rows).fill(1),
      );
    expect(() => decodeData(row(0xffff, 1))).toThrow(expect.objectContaining({ code: 'axdr-invalid' }));
    expect(() => decodeData(row(200, 7))).toThrow(expect.objectContaining({ code: 'axdr-invalid' }));
    expect(decodeData(row(2, 7))).toMatchObject({ elements: { length: 7 } });
  });

  test('bombs are refused before they cost anything', () => {
    const nested = concat([new Uint8Array(5000).fill(1).map((_, i) => (i % 2 === 0 ? 2 : 1)), fromHex('00')]);
    expect(codeOf(() => decodeData(nested))).toBe('axdr-too-deep');
    expect(codeOf(() => decodeData(fromHex('01 84 ffffffff 00')))).toBe('truncated');
    expect(codeOf(() => decodeData(fromHex('09 84 ffffffff 00')))).toBe('truncated');
    // array of 65535 arrays of 65535 nothings, one byte of contents
    expect(codeOf(() => decodeData(fromHex('13 01 ffff 01 ffff 00 01 00')))).toBe('axdr-invalid');
    // structures of empty structures
    expect(codeOf(() => decodeData(fromHex(`13 01 ffff 02 40 ${'0200'.repeat(64)} 01 00`)))).toBe(
      'axdr-invalid',
    );
    expect(codeOf(() => decodeData(fromHex('13 00 01 00')))).toBe('axdr-invalid');
    expect(codeOf(() => decodeData(fromHex('13 12 03 000100')))).toBe('truncated');
    expect(codeOf(() => decodeData(fromHex('13 13 00 00')))).toBe('axdr-invalid');
  });

  test('errors say where', () => {
    const at = (hex: string): number | undefined => {
      try {
        decodeData(fromHex(hex));
      } catch (error) {
        if (error instanceof DcuError) return error.offset;
      }
      return undefined;
    };
    expect(at('02 02 1101 63')).toBe(4);
    expect(at('1101 00')).toBe(2);
    expect(at('02 02 1101 12 00')).toBe(5);
    expect(at('0902 01')).toBe(1);
    expect(at('09 85 00')).toBe(1);
    expect(at('0c 02 ff fe')).toBe(2);
  });

  test('values that their type cannot hold are not encoded', () => {
    const unfit: readonly DlmsData[] = [
      u32(-1),
      u32(2 ** 32),
      u16(1.5),
      i8(128),
      enumeration(Number.NaN),
      { type: 'long64', value: 2n ** 63n },
      { type: 'long64-unsigned', value: -1n },
      { type: 'visible-string', value: '€' },
      { type: 'date-time', value: new Uint8Array(11) },
      bitString(new Uint8Array(1), 9),
      { type: 'compact-array', elements: [u16(1), u32(1)] },
      { type: 'compact-array', elements: [structure(u16(1)), structure(u16(1), u16(2))] },
      { type: 'compact-array', elements: [{ type: 'null-data' }] },
    ];
    for (const value of unfit) expect(codeOf(() => encodeData(value))).toBe('invalid-argument');
  });
});
