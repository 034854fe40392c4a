import { ByteReader, ByteWriter } from '../base/bytes.ts';
import { DcuError } from '../base/errors.ts';

/**
 * The two editions of the interface that are in the field: Q/GDW 376.2-2009, and 1376.2-2013 with its successor
 * 10376.2-2019, which added fields to some data units.
 */
export type Edition = '376.2' | '10376.2';

/** Reads and writes one value of a data unit; words are low byte first. */
export interface Codec<T> {
  /** Throws `truncated`, `overflow` (a count above the bound) or `link-protocol`, with the offset in the data unit. */
  read(from: UnitReader): T;
  /** Throws `invalid-field` for what the field cannot hold. */
  write(to: UnitWriter, value: T): void;
}

export class UnitReader {
  readonly edition: Edition;
  readonly #bytes: ByteReader;

  constructor(bytes: Uint8Array, edition: Edition) {
    this.#bytes = new ByteReader(bytes);
    this.edition = edition;
  }

  get offset(): number {
    return this.#bytes.offset;
  }

  get remaining(): number {
    return this.#bytes.remaining;
  }

  uint(width: number): number {
    const bytes = this.#bytes.take(width, 'number');
    return bytes.reduceRight((value, byte) => value * 256 + byte, 0);
  }

  take(length: number): Uint8Array {
    return this.#bytes.take(length).slice();
  }
}

export class UnitWriter {
  readonly edition: Edition;
  readonly #bytes = new ByteWriter(64, 0xffff);

  constructor(edition: Edition) {
    this.edition = edition;
  }

  uint(width: number, value: number): void {
    if (!Number.isInteger(value) || value < 0 || value >= 256 ** width) {
      throw new DcuError('invalid-field', `${value} does not fit ${width} bytes`, { field: 'value' });
    }
    let rest = value;
    for (let i = 0; i < width; i++) {
      this.#bytes.u8(rest % 256);
      rest = Math.floor(rest / 256);
    }
  }

  put(bytes: Uint8Array): void {
    this.#bytes.put(bytes);
  }

  done(): Uint8Array {
    return this.#bytes.done();
  }
}

export const uint = (width: 1 | 2 | 3 | 4): Codec<number> => ({
  read: (from) => from.uint(width),
  write: (to, value) => to.uint(width, value),
});
export const u8 = uint(1);
export const u16 = uint(2);
export const u32 = uint(4);

/** A fixed run of bytes as they are. */
export const bytes = (length: number): Codec<Uint8Array> => ({
  read: (from) => from.take(length),
  write: (to, value) => {
    fixed(value.length, length, 'bytes');
    to.put(value);
  },
});

/** Everything that is left. */
export const rest: Codec<Uint8Array> = {
  read: (from) => from.take(from.remaining),
  write: (to, value) => to.put(value),
};

/** A length of `width` bytes and so many bytes. */
export const counted = (width: 1 | 2): Codec<Uint8Array> => ({
  read: (from) => from.take(from.uint(width)),
  write: (to, value) => {
    to.uint(width, value.length);
    to.put(value);
  },
});

/**
 * Digits, two to a byte, low byte first: the text reads as on a nameplate. A nibble above nine, which real modules do
 * send, is a letter `a` to `f`.
 */
export const digits = (length: number): Codec<string> => ({
  read: (from) => from.take(length).reverse().toHex(),
  write: (to, value) => {
    if (value.length !== 2 * length || !/^[0-9a-f]*$/.test(value)) {
      throw new DcuError('invalid-field', `'${value}' is not ${2 * length} digits`, { field: 'digits' });
    }
    to.put(Uint8Array.fromHex(value).reverse());
  },
});

/** The address of a node: twelve digits. */
export const address = digits(6);

/** Letters, last one first on the line. */
export const letters = (length: number): Codec<string> => ({
  read: (from) => String.fromCharCode(...from.take(length).reverse()),
  write: (to, value) => {
    fixed(value.length, length, 'letters');
    to.put(Uint8Array.from(value, (letter) => letter.charCodeAt(0) & 0xff).reverse());
  },
});

/** A count of one byte and so many items, `most` at most. */
export function list<T>(item: Codec<T>, most = 0xff): Codec<readonly T[]> {
  return {
    read(from) {
      const at = from.offset;
      const count = from.uint(1);
      if (count > most) {
        throw new DcuError('overflow', `${count} items, at most ${most} are taken`, { offset: at });
      }
      return Array.from({ length: count }, () => item.read(from));
    },
    write(to, value) {
      if (value.length > most) {
        throw new DcuError('invalid-field', `${value.length} items, at most ${most} fit`, { field: 'items' });
      }
      to.uint(1, value.length);
      for (const one of value) item.write(to, one);
    },
  };
}

/** A field that only one edition has; `absent` is its value in the other. */
export const onlyIn = <T>(edition: Edition, field: Codec<T>, absent: T): Codec<T> => ({
  read: (from) => (from.edition === edition ? field.read(from) : absent),
  write: (to, value) => {
    if (to.edition === edition) field.write(to, value);
  },
});

/** A value made out of another that is on the line, for bit fields. */
export const mapped = <Raw, T>(
  raw: Codec<Raw>,
  decode: (value: Raw) => T,
  encode: (value: T) => Raw,
): Codec<T> => ({
  read: (from) => decode(raw.read(from)),
  write: (to, value) => raw.write(to, encode(value)),
});

type Fields<T> = { readonly [K in keyof T]: Codec<T[K]> };

/** Fields one after the other, in the order in which they are written down. */
export function struct<T extends object>(fields: Fields<T>): Codec<Readonly<T>> {
  const keys = Object.keys(fields) as (keyof T)[];
  return {
    read(from) {
      const value: Partial<T> = {};
      for (const key of keys) value[key] = fields[key].read(from);
      return value as T;
    },
    write(to, value) {
      for (const key of keys) fields[key].write(to, value[key]);
    },
  };
}

/** No data at all. */
export const nothing: Codec<undefined> = { read: () => undefined, write: () => {} };

function fixed(length: number, wanted: number, field: string): void {
  if (length === wanted) return;
  throw new DcuError('invalid-field', `${length} ${field}, exactly ${wanted} fit`, { field });
}
