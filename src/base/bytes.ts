import { DcuError, type ErrorCode } from './errors.ts';

/** Reads big-endian values from a byte run; every read is checked and fails with the offset. */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #code: ErrorCode;
  offset: number;

  constructor(bytes: Uint8Array, offset = 0, code: ErrorCode = 'truncated') {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#code = code;
    this.offset = offset;
  }

  get remaining(): number {
    return this.bytes.length - this.offset;
  }

  #take(length: number, what: string): number {
    if (length > this.remaining) {
      throw new DcuError(this.#code, `${what} needs ${length} bytes, ${this.remaining} left`, {
        offset: this.offset,
      });
    }
    const at = this.offset;
    this.offset += length;
    return at;
  }

  peek(): number | undefined {
    return this.bytes[this.offset];
  }

  u8(what = 'byte'): number {
    return this.#view.getUint8(this.#take(1, what));
  }

  i8(what = 'byte'): number {
    return this.#view.getInt8(this.#take(1, what));
  }

  u16(what = 'word'): number {
    return this.#view.getUint16(this.#take(2, what));
  }

  i16(what = 'word'): number {
    return this.#view.getInt16(this.#take(2, what));
  }

  u32(what = 'double word'): number {
    return this.#view.getUint32(this.#take(4, what));
  }

  i32(what = 'double word'): number {
    return this.#view.getInt32(this.#take(4, what));
  }

  u64(what = '64-bit value'): bigint {
    return this.#view.getBigUint64(this.#take(8, what));
  }

  i64(what = '64-bit value'): bigint {
    return this.#view.getBigInt64(this.#take(8, what));
  }

  f32(what = 'float32'): number {
    return this.#view.getFloat32(this.#take(4, what));
  }

  f64(what = 'float64'): number {
    return this.#view.getFloat64(this.#take(8, what));
  }

  /** A view, not a copy, of the next `length` bytes. */
  take(length: number, what = 'bytes'): Uint8Array {
    const at = this.#take(length, what);
    return this.bytes.subarray(at, at + length);
  }

  rest(): Uint8Array {
    return this.take(this.remaining);
  }
}

/** Grows as needed up to `limit` bytes; big-endian. */
export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;
  readonly #limit: number;

  constructor(capacity = 128, limit = 16 * 1024 * 1024) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
    this.#limit = limit;
  }

  get length(): number {
    return this.#length;
  }

  #room(length: number): number {
    const at = this.#length;
    const needed = at + length;
    if (needed > this.#limit) {
      throw new DcuError('overflow', `output would exceed ${this.#limit} bytes`, { offset: at });
    }
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    this.#length = needed;
    return at;
  }

  u8(value: number): this {
    const at = this.#room(1);
    this.#view.setUint8(at, value);
    return this;
  }

  u16(value: number): this {
    const at = this.#room(2);
    this.#view.setUint16(at, value);
    return this;
  }

  u32(value: number): this {
    const at = this.#room(4);
    this.#view.setUint32(at, value);
    return this;
  }

  u64(value: bigint): this {
    const at = this.#room(8);
    this.#view.setBigUint64(at, BigInt.asUintN(64, value));
    return this;
  }

  f32(value: number): this {
    const at = this.#room(4);
    this.#view.setFloat32(at, value);
    return this;
  }

  f64(value: number): this {
    const at = this.#room(8);
    this.#view.setFloat64(at, value);
    return this;
  }

  put(bytes: Uint8Array): this {
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  /** A copy of what was written. */
  done(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export function toHex(bytes: Uint8Array): string {
  return bytes.toHex();
}

/** Accepts blanks, colons and either case; names `field` when it is not whole bytes of hex. */
export function fromHex(text: string, field = 'hex'): Uint8Array {
  const compact = text.replaceAll(/[\s:]/g, '');
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(compact)) {
    throw new DcuError('invalid-argument', `${field} is not whole bytes of hexadecimal digits`, { field });
  }
  return Uint8Array.fromHex(compact);
}

/** Compares without an early exit; for anything derived from a secret. */
export function equalConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
