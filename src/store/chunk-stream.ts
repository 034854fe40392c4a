import { DcuError } from '../base/errors.ts';

export const damaged = (what: string): DcuError =>
  new DcuError('storage-corrupt', `a stored chunk is damaged: ${what}`);

/** Writes the parts of a chunk. Varints are base 128, least significant group first. */
export class ChunkWriter {
  #bytes = new Uint8Array(1024);
  #length = 0;

  #room(count: number): number {
    const at = this.#length;
    if (at + count > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(at + count, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#length = at + count;
    return at;
  }

  u8(value: number): void {
    const at = this.#room(1);
    this.#bytes[at] = value;
  }

  /** A whole number in [0, 2^53]. */
  varint(value: number): void {
    let rest = value;
    while (rest >= 128) {
      this.u8((rest % 128) | 128);
      rest = Math.floor(rest / 128);
    }
    this.u8(rest);
  }

  /** A number ≥ 0 of any size. */
  bigVarint(value: bigint): void {
    let rest = value;
    while (rest >= 128n) {
      this.u8(Number(rest & 127n) | 128);
      rest >>= 7n;
    }
    this.u8(Number(rest));
  }

  put(bytes: Uint8Array): void {
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** `width` (0-32) bits of each value, least significant bit first, padded to a byte. */
  packed(values: Float64Array, width: number): void {
    let held = 0;
    let heldBits = 0;
    for (const value of values) {
      // At most 7 bits are held, so that value × 2^7 stays below 2^39: exact in a double.
      held += value * 2 ** heldBits;
      heldBits += width;
      while (heldBits >= 8) {
        this.u8(held % 256);
        held = Math.floor(held / 256);
        heldBits -= 8;
      }
    }
    if (heldBits > 0) this.u8(held);
  }

  done(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}

/** Reads what `ChunkWriter` wrote; every read past the end is `storage-corrupt`. */
export class ChunkReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  u8(): number {
    const value = this.#bytes[this.#at++];
    if (value === undefined) throw damaged('it ends early');
    return value;
  }

  varint(): number {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = this.u8();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      factor *= 128;
      if (factor > 2 ** 56) throw damaged('a number is too long');
    }
  }

  bigVarint(): bigint {
    let value = 0n;
    let shift = 0n;
    for (;;) {
      const byte = this.u8();
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
      shift += 7n;
    }
  }

  /** A count, refused above `limit` so that damage cannot ask for any amount of memory. */
  count(limit: number): number {
    const value = this.varint();
    if (value > limit) throw damaged('a count is too large');
    return value;
  }

  take(length: number): Uint8Array {
    const from = this.#at;
    this.#at += length;
    if (this.#at > this.#bytes.length) throw damaged('it ends early');
    return this.#bytes.slice(from, this.#at);
  }

  packed(count: number, width: number): Float64Array {
    const out = new Float64Array(count);
    const size = 2 ** width;
    let held = 0;
    let heldBits = 0;
    for (let i = 0; i < count; i++) {
      while (heldBits < width) {
        held += this.u8() * 2 ** heldBits;
        heldBits += 8;
      }
      out[i] = held % size;
      held = Math.floor(held / size);
      heldBits -= width;
    }
    return out;
  }
}
