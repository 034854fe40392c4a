import { type ChunkReader, type ChunkWriter, damaged } from './chunk-stream.ts';

/**
 * Integers of a column as differences of order 0, 1 or 2, each either as zigzag varints or as equally wide bit fields above
 * the smallest; whichever is shortest. Registers count up steadily, so most columns end at 5-12 bits a value.
 *
 * One header byte: bits 0-1 the order, bits 2-3 the form (0 varint, 1 packed). Order n is preceded by n whole values.
 */
const FORM_VARINT = 0;
const FORM_PACKED = 1;

/** Up to this magnitude the second difference of any values is exact in a double. */
export const FAST_LIMIT = 2 ** 51;

const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);
const unzigzag = (value: number): number => (value % 2 === 0 ? value / 2 : -(value + 1) / 2);

function varintBytes(value: number): number {
  if (value < 128) return 1;
  if (value < 16_384) return 2;
  let bytes = 3;
  for (let limit = 2_097_152; value >= limit; limit *= 128) bytes++;
  return bytes;
}

interface Plan {
  readonly differences: Float64Array;
  readonly form: number;
  readonly bytes: number;
  readonly minimum: number;
  readonly width: number;
}

function plan(values: Float64Array, order: number): Plan {
  const differences = values.subarray(order);
  let varints = 0;
  let minimum = Number.POSITIVE_INFINITY;
  let maximum = Number.NEGATIVE_INFINITY;
  for (const value of differences) {
    varints += varintBytes(zigzag(value));
    if (value < minimum) minimum = value;
    if (value > maximum) maximum = value;
  }
  if (differences.length === 0) return { differences, form: FORM_VARINT, bytes: 0, minimum: 0, width: 0 };
  const range = maximum - minimum;
  const width = range < 2 ** 32 ? 32 - Math.clz32(range) : 64;
  const packed = varintBytes(zigzag(minimum)) + 1 + Math.ceil((differences.length * width) / 8);
  return width <= 32 && packed < varints
    ? { differences, form: FORM_PACKED, bytes: packed, minimum, width }
    : { differences, form: FORM_VARINT, bytes: varints, minimum, width };
}

/** Differences of the next order; the first `order` values stay whole. */
function differ(values: Float64Array, order: number): Float64Array {
  const out = Float64Array.from(values);
  for (let i = values.length - 1; i >= order; i--) out[i] = (values[i] ?? 0) - (values[i - 1] ?? 0);
  return out;
}

/** Values are whole numbers of magnitude ≤ `FAST_LIMIT`. */
export function writeIntegers(out: ChunkWriter, values: Float64Array): void {
  let rows = values;
  let best = { order: 0, rows, plan: plan(rows, 0), bytes: 0 };
  best.bytes = best.plan.bytes;
  let heads = 0;
  for (let order = 1; order <= 2 && order < values.length; order++) {
    rows = differ(rows, order);
    heads += varintBytes(zigzag(rows[order - 1] ?? 0));
    const next = plan(rows, order);
    if (next.bytes + heads < best.bytes) best = { order, rows, plan: next, bytes: next.bytes + heads };
  }
  const { order, plan: chosen } = best;
  out.u8(order | (chosen.form << 2));
  for (let i = 0; i < order; i++) out.varint(zigzag(best.rows[i] ?? 0));
  if (chosen.form === FORM_VARINT) {
    for (const value of chosen.differences) out.varint(zigzag(value));
    return;
  }
  out.varint(zigzag(chosen.minimum));
  out.u8(chosen.width);
  out.packed(
    chosen.differences.map((value) => value - chosen.minimum),
    chosen.width,
  );
}

/** @throws DcuError `storage-corrupt` */
export function readIntegers(source: ChunkReader, count: number): Float64Array {
  const header = source.u8();
  const order = header & 3;
  const form = header >> 2;
  if (order > 2 || form > FORM_PACKED || order > count) throw damaged('unknown encoding of integers');
  const values = new Float64Array(count);
  for (let i = 0; i < order; i++) values[i] = unzigzag(source.varint());
  if (form === FORM_VARINT) {
    for (let i = order; i < count; i++) values[i] = unzigzag(source.varint());
  } else if (count > order) {
    const minimum = unzigzag(source.varint());
    const width = source.u8();
    if (width > 32) throw damaged('a bit field is too wide');
    const packed = source.packed(count - order, width);
    for (let i = order; i < count; i++) values[i] = (packed[i - order] ?? 0) + minimum;
  }
  for (let level = order; level >= 1; level--) {
    for (let i = level; i < count; i++) values[i] = (values[i] ?? 0) + (values[i - 1] ?? 0);
  }
  return values;
}

const bigZigzag = (value: bigint): bigint => (value < 0n ? -2n * value - 1n : 2n * value);
const bigUnzigzag = (value: bigint): bigint => ((value & 1n) === 0n ? value / 2n : -(value + 1n) / 2n);

/** First differences of integers of any size, as zigzag varints. */
export function writeBigIntegers(out: ChunkWriter, values: readonly bigint[]): void {
  let before = 0n;
  for (const value of values) {
    out.bigVarint(bigZigzag(value - before));
    before = value;
  }
}

export function readBigIntegers(source: ChunkReader, count: number): bigint[] {
  const values: bigint[] = [];
  let before = 0n;
  for (let i = 0; i < count; i++) {
    before += bigUnzigzag(source.bigVarint());
    values.push(before);
  }
  return values;
}
