import { DcuError } from '../base/errors.ts';
import type { DeltaType, DlmsData, DlmsType } from './data.ts';

/**
 * Delta value encoding: within a column, a value may be given as the difference to the value before it, in the type
 * of a delta (Blue Book, common data types; that the value before it is meant, and not the first, was not checked
 * against the clause).
 */
type IntegerValue = Extract<DlmsData, { readonly value: number | bigint }>;

/** Inclusive ranges of the types that deltas are added to. */
const RANGES: Partial<Record<DlmsType, readonly [bigint, bigint]>> = {
  integer: [-(1n << 7n), (1n << 7n) - 1n],
  unsigned: [0n, (1n << 8n) - 1n],
  long: [-(1n << 15n), (1n << 15n) - 1n],
  'long-unsigned': [0n, (1n << 16n) - 1n],
  'double-long': [-(1n << 31n), (1n << 31n) - 1n],
  'double-long-unsigned': [0n, (1n << 32n) - 1n],
  long64: [-(1n << 63n), (1n << 63n) - 1n],
  'long64-unsigned': [0n, (1n << 64n) - 1n],
};

/** Deltas in the order of their size, with the bytes and the inclusive range of each. */
const DELTAS: readonly (readonly [DeltaType, bigint, bigint])[] = [
  ['delta-unsigned', 0n, 0xffn],
  ['delta-integer', -0x80n, 0x7fn],
  ['delta-long-unsigned', 0n, 0xffffn],
  ['delta-long', -0x8000n, 0x7fffn],
  ['delta-double-long-unsigned', 0n, 0xffffffffn],
  ['delta-double-long', -0x80000000n, 0x7fffffffn],
];
const DELTA_TYPES: ReadonlySet<DlmsType> = new Set(DELTAS.map(([type]) => type));
const DELTA_BYTES: Partial<Record<DlmsType, number>> = {
  'delta-unsigned': 1,
  'delta-integer': 1,
  'delta-long-unsigned': 2,
  'delta-long': 2,
  'delta-double-long-unsigned': 4,
  'delta-double-long': 4,
};
const BYTES: Partial<Record<DlmsType, number>> = {
  integer: 1,
  unsigned: 1,
  long: 2,
  'long-unsigned': 2,
  'double-long': 4,
  'double-long-unsigned': 4,
  long64: 8,
  'long64-unsigned': 8,
};

function isInteger(value: DlmsData): value is IntegerValue {
  return RANGES[value.type] !== undefined;
}

/** The shortest delta from `before` to `value`; `value` itself where none is shorter or the types differ. */
export function deltaOf(before: DlmsData | undefined, value: DlmsData): DlmsData {
  if (before === undefined || before.type !== value.type || !isInteger(value) || !isInteger(before))
    return value;
  const difference = BigInt(value.value) - BigInt(before.value);
  const fitting = DELTAS.find(([, low, high]) => difference >= low && difference <= high);
  if (fitting === undefined) return value;
  const [type] = fitting;
  if ((DELTA_BYTES[type] ?? 0) >= (BYTES[value.type] ?? 0)) return value;
  return { type, value: Number(difference) };
}

/**
 * The value that a delta stands for; other values come back as they are. Throws `axdr-invalid` for a delta without an
 * integer before it, or one that leaves the range of its type.
 */
export function resolveDelta(before: DlmsData | undefined, value: DlmsData): DlmsData {
  if (!DELTA_TYPES.has(value.type) || !('value' in value) || typeof value.value !== 'number') return value;
  const range = before && RANGES[before.type];
  if (before === undefined || range === undefined || !isInteger(before)) {
    throw new DcuError('axdr-invalid', `${value.type} without an integer before it`);
  }
  const sum = BigInt(before.value) + BigInt(value.value);
  if (sum < range[0] || sum > range[1]) {
    throw new DcuError('axdr-invalid', `${value.type} leads out of the range of ${before.type}`);
  }
  return before.type === 'long64' || before.type === 'long64-unsigned'
    ? { type: before.type, value: sum }
    : { type: before.type, value: Number(sum) };
}

/**
 * An array of values, or of structures with one value for each column, whose deltas are replaced by what they stand
 * for. Errors as `resolveDelta`.
 */
export function resolveDeltas(data: DlmsData): DlmsData {
  if (data.type !== 'array') return data;
  const before: DlmsData[] = [];
  const resolve = (value: DlmsData, column: number): DlmsData => {
    const resolved = resolveDelta(before[column], value);
    // Null-data repeats a value: the one before it stays the one to add to.
    if (resolved.type !== 'null-data') before[column] = resolved;
    return resolved;
  };
  return {
    type: 'array',
    elements: data.elements.map((row) =>
      row.type === 'structure' ? { type: 'structure', elements: row.elements.map(resolve) } : resolve(row, 0),
    ),
  };
}
