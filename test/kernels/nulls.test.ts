import { describe, expect, test } from 'bun:test';
import { decodeProfile, resolveNulls } from '../../src/kernels/index.ts';
import { arrayOf, structureOf } from './axdr-samples.ts';

const PERIOD = 900_000;
const START = Date.UTC(2026, 0, 1);
const clock = Uint8Array.of(9, 12, 0x07, 0xea, 1, 1, 4, 0, 0, 0, 0, 0, 0, 8);
const NULL = Uint8Array.of(0);

const profile = decodeProfile(
  arrayOf([
    structureOf([
      clock,
      Uint8Array.of(6, 0, 0, 0, 9),
      Uint8Array.of(20, 255, 255, 255, 255, 255, 255, 255, 255),
      Uint8Array.of(10, 1, 65),
    ]),
    structureOf([NULL, NULL, NULL, NULL]),
    structureOf([NULL, Uint8Array.of(6, 0, 0, 0, 11), NULL, Uint8Array.of(10, 2, 66, 67)]),
    structureOf([NULL, NULL, Uint8Array.of(20, 0, 0, 0, 0, 0, 0, 0, 5), NULL]),
  ]),
  ['date-time', 'number', 'number', 'bytes'],
);

describe('resolveNulls', () => {
  test('a time is one period on, any other value that of the row before', () => {
    const [times, numbers, exact, texts] = resolveNulls(profile, { periodMs: PERIOD }).columns;
    expect(times).toMatchObject({
      values: Float64Array.of(START, START + PERIOD, START + 2 * PERIOD, START + 3 * PERIOD),
      valid: Uint8Array.of(1, 1, 1, 1),
      status: Uint8Array.of(8, 8, 8, 8),
      deviation: Int16Array.of(0, 0, 0, 0),
    });
    expect(numbers).toMatchObject({
      values: Float64Array.of(9, 9, 11, 11),
      valid: Uint8Array.of(1, 1, 1, 1),
    });
    expect(exact).toMatchObject({ values: BigInt64Array.of(-1n, -1n, -1n, 5n) });
    expect(texts).toMatchObject({ lengths: Uint32Array.of(1, 1, 2, 2), valid: Uint8Array.of(1, 1, 1, 1) });
  });

  test('leaves the given profile alone', () => {
    resolveNulls(profile, { periodMs: PERIOD });
    expect(profile.columns[1]?.valid).toEqual(Uint8Array.of(1, 0, 1, 0));
  });

  test('a first row of nulls has nothing to repeat, unless the time before it is known', () => {
    const bytes = arrayOf([
      structureOf([NULL, NULL]),
      structureOf([NULL, Uint8Array.of(17, 3)]),
      structureOf([NULL, NULL]),
    ]);
    const decoded = decodeProfile(bytes, ['date-time', 'number']);
    expect(resolveNulls(decoded, { periodMs: PERIOD }).columns.map((column) => [...column.valid])).toEqual([
      [0, 0, 0],
      [0, 1, 1],
    ]);
    const known = resolveNulls(decoded, { periodMs: PERIOD, previousTimeMs: START });
    expect(known.columns[0]).toMatchObject({
      values: Float64Array.of(START + PERIOD, START + 2 * PERIOD, START + 3 * PERIOD),
    });
  });

  test('only the named time column counts on; another one repeats', () => {
    const two = arrayOf([structureOf([clock, clock]), structureOf([NULL, NULL])]);
    const decoded = decodeProfile(two, ['date-time', 'date-time']);
    const [first, second] = resolveNulls(decoded, { periodMs: PERIOD, timeColumn: 1 }).columns;
    expect(first).toMatchObject({ values: Float64Array.of(START, START) });
    expect(second).toMatchObject({ values: Float64Array.of(START, START + PERIOD) });
  });
});
