import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { toHex } from '../../../src/base/bytes.ts';
import { conformanceMask } from '../../../src/dlms/apdu/conformance.ts';
import { decodeData, encodeData, writeData } from '../../../src/dlms/axdr.ts';
import { type ProfileRowSource, readProfileBuffer } from '../../../src/dlms/cosem/profile-buffer.ts';
import type { ProfileEncoding } from '../../../src/dlms/cosem/profile-encoding.ts';
import { profileObject } from '../../../src/dlms/cosem/profile-object.ts';
import type { DlmsData } from '../../../src/dlms/data.ts';
import { encodeDateTime, fromUtcMs } from '../../../src/dlms/datetime.ts';
import { deltaOf, resolveDelta, resolveDeltas } from '../../../src/dlms/delta-values.ts';
import { array, i8, i16, i64, octetString, structure, u8, u16, u32, u64 } from '../../../src/dlms/values.ts';
import { decodeProfile, resolveNulls } from '../../../src/kernels/index.ts';
import { codeOf } from '../mutation.ts';

const PERIOD_S = 900;
const CLOCK = { classId: 8, obis: '0.0.1.0.0.255', attribute: 2, dataIndex: 0 };
const ENERGY = { classId: 3, obis: '1.0.1.8.0.255', attribute: 2, dataIndex: 0 };
const STATUS = { classId: 1, obis: '0.0.96.10.1.255', attribute: 2, dataIndex: 0 };

interface Row {
  readonly timeMs: number;
  readonly status: number;
  readonly energy: number;
  readonly clockStatus: number;
}

const cells = (row: Row): DlmsData[] => [
  octetString(encodeDateTime(fromUtcMs(row.timeMs, -60, row.clockStatus))),
  u8(row.status),
  u32(row.energy),
];

function sourceOf(rows: readonly Row[]): ProfileRowSource {
  return {
    columns: [CLOCK, STATUS, ENERGY],
    count: () => rows.length,
    timeAt: (row) => rows[row]?.timeMs ?? 0,
    writeCells: (writer, row, columns) => {
      const all = rows[row] === undefined ? [] : cells(rows[row]);
      for (const column of columns) writeData(writer, all[column] ?? { type: 'null-data' });
    },
  };
}

const rowsArbitrary = fc
  .array(
    fc.record({
      gap: fc.constantFrom(1, 1, 1, 2),
      status: fc.constantFrom(0, 0, 0, 8),
      used: fc.constantFrom(0, 0, 17, 70_000),
      clockStatus: fc.constantFrom(0, 0, 0, 0x80),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map((steps): Row[] => {
    let timeMs = Date.UTC(2026, 0, 1);
    let energy = 1000;
    return steps.map(({ gap, status, used, clockStatus }) => {
      timeMs += gap * PERIOD_S * 1000;
      energy += used;
      return { timeMs, status, energy, clockStatus };
    });
  });

const bufferOf = (rows: readonly Row[], encoding: ProfileEncoding): Uint8Array => {
  const { result, data } = readProfileBuffer(sourceOf(rows), undefined, { encoding, periodS: PERIOD_S });
  expect(result).toBe('success');
  return data ?? new Uint8Array(0);
};

describe('compact encodings of a profile', () => {
  test('null-data says what the kernels fill in again', () => {
    fc.assert(
      fc.property(rowsArbitrary, (rows) => {
        const hints = ['date-time', 'number', 'number'] as const;
        const [times, status, energy] = resolveNulls(decodeProfile(bufferOf(rows, 'null-data'), hints), {
          periodMs: PERIOD_S * 1000,
        }).columns;
        expect(times?.kind === 'date-time' && [...times.values]).toEqual(rows.map(({ timeMs }) => timeMs));
        expect(times?.kind === 'date-time' && [...times.status]).toEqual(
          rows.map(({ clockStatus }) => clockStatus),
        );
        expect(status?.kind === 'number' && [...status.values]).toEqual(rows.map((row) => row.status));
        expect(energy?.kind === 'number' && [...energy.values]).toEqual(rows.map((row) => row.energy));
        expect(bufferOf(rows, 'null-data').length).toBeLessThanOrEqual(bufferOf(rows, 'plain').length);
      }),
    );
  });

  test('a compact-array and differences hold the same rows', () => {
    fc.assert(
      fc.property(rowsArbitrary, (rows) => {
        const plain = decodeData(bufferOf(rows, 'plain'));
        const compact = decodeData(bufferOf(rows, 'compact-array'));
        expect(plain.type === 'array' && plain.elements).toEqual(
          compact.type === 'compact-array' && compact.elements,
        );
        expect(resolveDeltas(decodeData(bufferOf(rows, 'deltas')))).toEqual(plain);
      }),
    );
  });

  test('a quiet day is a fraction of its size', () => {
    const rows = Array.from({ length: 96 }, (_, i) => ({
      timeMs: Date.UTC(2026, 0, 1) + i * PERIOD_S * 1000,
      status: 0,
      energy: 5000 + i * 3,
      clockStatus: 0,
    }));
    const size = (encoding: ProfileEncoding) => bufferOf(rows, encoding).length;
    expect([size('plain'), size('null-data'), size('compact-array'), size('deltas')]).toEqual([
      2210, 880, 1737, 1925,
    ]);
  });

  test('rows without a common description are written as they are', () => {
    const mixed: ProfileRowSource = {
      columns: [ENERGY],
      count: () => 2,
      timeAt: () => 0,
      writeCells: (writer, row) => writeData(writer, row === 0 ? u16(1) : u32(2)),
    };
    const { data } = readProfileBuffer(mixed, undefined, { encoding: 'compact-array', periodS: 0 });
    expect(toHex(data ?? new Uint8Array(0))).toBe('0102 0201 120001 0201 0600000002'.replaceAll(' ', ''));
  });

  test('differences go only to clients that have agreed to them', () => {
    const rows = [0, 1].map((i) => ({ timeMs: i * 900_000, status: 1, energy: 10 + i, clockStatus: 0 }));
    const object = profileObject({
      obis: '1.0.99.1.0.255',
      source: sourceOf(rows),
      capturePeriodS: PERIOD_S,
      profileEntries: 10,
      encoding: 'deltas',
    });
    const read = (conformance: number) =>
      object.attributes[2]?.get?.({
        caller: {
          clientAddress: 1,
          auth: 'none',
          peer: { clientAddress: 1, serverAddress: 1 },
          context: { ciphered: false, conformance, maxReceivePduSize: 0, maxSendPduSize: 0 },
        },
      });
    const plain = { result: 'success', data: bufferOf(rows, 'plain') };
    expect(read(0)).toEqual(plain);
    expect(read(conformanceMask(['delta-value-encoding']))).toEqual({
      result: 'success',
      data: bufferOf(rows, 'deltas'),
    });
    expect(bufferOf(rows, 'deltas')).not.toEqual(plain.data);
  });
});

describe('delta values', () => {
  const integers: fc.Arbitrary<(value: bigint) => DlmsData> = fc.constantFrom(
    (value: bigint) => i16(Number(BigInt.asIntN(16, value))),
    (value: bigint) => u16(Number(BigInt.asUintN(16, value))),
    (value: bigint): DlmsData => ({ type: 'double-long', value: Number(BigInt.asIntN(32, value)) }),
    (value: bigint) => u32(Number(BigInt.asUintN(32, value))),
    (value: bigint) => i64(BigInt.asIntN(64, value)),
    (value: bigint) => u64(BigInt.asUintN(64, value)),
  );

  test('the shortest difference leads back to the value', () => {
    fc.assert(
      fc.property(
        integers,
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n }),
        fc.oneof(fc.bigInt({ min: -300n, max: 300n }), fc.bigInt({ min: -(2n ** 40n), max: 2n ** 40n })),
        (make, base, step) => {
          const before = make(base);
          const value = make(base + step);
          const delta = deltaOf(before, value);
          expect(resolveDelta(before, delta)).toEqual(value);
          expect(encodeData(delta).length).toBeLessThanOrEqual(encodeData(value).length);
        },
      ),
    );
  });

  test('wire forms, and what leads nowhere', () => {
    const delta = (type: 'delta-integer' | 'delta-unsigned', value: number): DlmsData => ({ type, value });
    expect(toHex(encodeData(deltaOf(u32(100), u32(97))))).toBe('1cfd');
    expect(toHex(encodeData(deltaOf(u32(100), u32(300))))).toBe('1fc8');
    expect(deltaOf(u8(1), u8(2))).toEqual(u8(2));
    expect(deltaOf(u16(1), u32(2))).toEqual(u32(2));
    expect(codeOf(() => resolveDelta(undefined, delta('delta-integer', 1)))).toBe('axdr-invalid');
    expect(codeOf(() => resolveDelta(octetString(new Uint8Array(2)), delta('delta-integer', 1)))).toBe(
      'axdr-invalid',
    );
    expect(codeOf(() => resolveDelta(u16(0xffff), delta('delta-unsigned', 1)))).toBe('axdr-invalid');
    expect(codeOf(() => resolveDelta(i8(-128), delta('delta-integer', -1)))).toBe('axdr-invalid');
    // Null-data repeats; the value before it stays the one to add to.
    const repeated = array([
      structure(u32(5)),
      structure({ type: 'null-data' }),
      structure(delta('delta-unsigned', 2)),
    ]);
    expect(resolveDeltas(repeated)).toEqual(
      array([structure(u32(5)), structure({ type: 'null-data' }), structure(u32(7))]),
    );
    expect(resolveDeltas(array([u16(5), delta('delta-integer', -2)]))).toEqual(array([u16(5), u16(3)]));
  });
});
