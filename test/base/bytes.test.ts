import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  ByteReader,
  ByteWriter,
  concat,
  equalBytes,
  equalConstantTime,
  fromHex,
  toHex,
} from '../../src/base/bytes.ts';
import { DcuError } from '../../src/base/errors.ts';

describe('ByteReader and ByteWriter', () => {
  test('every width round-trips, big-endian', () => {
    fc.assert(
      fc.property(
        fc.nat(0xff),
        fc.nat(0xffff),
        fc.nat(0xffff_ffff),
        fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
        fc.uint8Array(),
        (a, b, c, d, rest) => {
          const bytes = new ByteWriter(1).u8(a).u16(b).u32(c).u64(d).put(rest).done();
          const reader = new ByteReader(bytes);
          expect(reader.u8()).toBe(a);
          expect(reader.u16()).toBe(b);
          expect(reader.u32()).toBe(c);
          expect(reader.i64()).toBe(d);
          expect(reader.rest()).toEqual(rest);
          expect(reader.remaining).toBe(0);
        },
      ),
    );
    expect(toHex(new ByteWriter().u32(0x01020304).done())).toBe('01020304');
  });

  test('reading past the end names the offset and takes nothing', () => {
    const reader = new ByteReader(fromHex('010203'), 2);
    expect(() => reader.u16('length')).toThrow('length needs 2 bytes, 1 left');
    expect(reader.offset).toBe(2);
    try {
      reader.u32();
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(DcuError);
      expect((error as DcuError).code).toBe('truncated');
      expect((error as DcuError).offset).toBe(2);
    }
  });

  test('a reader over a view does not see what lies around it', () => {
    const reader = new ByteReader(fromHex('ff0102ff').subarray(1, 3));
    expect(reader.u16()).toBe(0x0102);
    expect(() => reader.u8()).toThrow(DcuError);
  });

  test('a writer stops at its limit', () => {
    const writer = new ByteWriter(2, 4).u32(1);
    expect(() => writer.u8(0)).toThrow(DcuError);
    expect(writer.length).toBe(4);
  });
});

describe('hex and comparison', () => {
  test('fromHex takes blanks and colons, refuses the rest with the field', () => {
    expect(fromHex('0A:0b 0C')).toEqual(new Uint8Array([10, 11, 12]));
    for (const bad of ['0', 'xx', '0102 3', '0x01']) {
      expect(() => fromHex(bad, 'system title')).toThrow('system title is not whole bytes');
    }
  });

  test('comparisons agree with each other', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4 }), fc.uint8Array({ maxLength: 4 }), (a, b) => {
        const same = toHex(a) === toHex(b);
        expect(equalBytes(a, b)).toBe(same);
        expect(equalConstantTime(a, b)).toBe(same);
      }),
    );
    expect(concat([fromHex('01'), fromHex(''), fromHex('0203')])).toEqual(fromHex('010203'));
  });
});
