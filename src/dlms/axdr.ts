import { ByteReader } from '../base/bytes.ts';
import { DcuError } from '../base/errors.ts';
import { readLength, readOctets } from './axdr-length.ts';
import { FIXED_SIZES, typeOfTag } from './axdr-types.ts';
import type { DlmsData, DlmsType, SimpleType, TypeDescription } from './data.ts';

export { descriptionOf, encodeData, writeData } from './axdr-encode.ts';

/** Arrays and structures inside one another. */
export const MAX_AXDR_DEPTH = 16;
/** Values of one decoding: what a hostile peer can make us build. */
const MOST_VALUES = 1_000_000;
/** So many a compact-array may unfold to, and so many more for each byte of its contents, for null-data takes none. */
const FREE_VALUES = 64;
const VALUES_PER_BYTE = 8;

/**
 * Decodes one A-XDR value that fills `bytes`. Throws `axdr-invalid` (unknown tag, bad length, bytes behind the
 * value), `axdr-too-deep` or `truncated`, each with the offset.
 */
export function decodeData(bytes: Uint8Array): DlmsData {
  const reader = new ByteReader(bytes);
  const value = readData(reader);
  if (reader.remaining > 0) {
    throw new DcuError('axdr-invalid', `${reader.remaining} bytes behind the value`, {
      offset: reader.offset,
    });
  }
  return value;
}

/** Decodes the next A-XDR value and leaves the reader behind it; errors as `decodeData`. */
export function readData(reader: ByteReader): DlmsData {
  return new Decoder(reader).value(0);
}

class Decoder {
  readonly #reader: ByteReader;
  #most = MOST_VALUES;
  #values = 0;

  constructor(reader: ByteReader) {
    this.#reader = reader;
  }

  value(depth: number): DlmsData {
    const type = this.#type();
    switch (type) {
      case 'array':
      case 'structure': {
        const count = this.#count(depth);
        const elements: DlmsData[] = [];
        for (let i = 0; i < count; i++) elements.push(this.value(depth + 1));
        return { type, elements };
      }
      case 'compact-array':
        return this.#compactArray(depth);
      default:
        return this.#simple(type);
    }
  }

  #type(): DlmsType {
    const at = this.#reader.offset;
    const tag = this.#reader.u8('data tag');
    const type = typeOfTag(tag);
    if (type === undefined) {
      throw new DcuError('axdr-invalid', `no data type has tag ${tag}`, { offset: at });
    }
    return type;
  }

  /** Each element takes at least its tag, so a count beyond the bytes left is known to be wrong at once. */
  #count(depth: number): number {
    const at = this.#reader.offset;
    if (depth >= MAX_AXDR_DEPTH) {
      throw new DcuError('axdr-too-deep', `data nested deeper than ${MAX_AXDR_DEPTH}`, { offset: at });
    }
    const count = readLength(this.#reader);
    if (count > this.#reader.remaining) {
      throw new DcuError('truncated', `${count} elements announced, ${this.#reader.remaining} bytes left`, {
        offset: at,
      });
    }
    return count;
  }

  #simple(type: SimpleType): DlmsData {
    const reader = this.#reader;
    this.#charge(1);
    switch (type) {
      case 'null-data':
      case 'dont-care':
        return { type };
      case 'boolean':
        return { type, value: reader.u8(type) !== 0 };
      case 'bit-string': {
        const bits = readLength(reader);
        return { type, value: reader.take(Math.ceil(bits / 8), type).slice(), bits };
      }
      case 'octet-string':
        return { type, value: readOctets(reader, type).slice() };
      case 'visible-string':
        return { type, value: latin1(readOctets(reader, type)) };
      case 'utf8-string':
        return { type, value: utf8(readOctets(reader, type), reader.offset) };
      case 'double-long':
      case 'delta-double-long':
        return { type, value: reader.i32(type) };
      case 'double-long-unsigned':
      case 'delta-double-long-unsigned':
        return { type, value: reader.u32(type) };
      case 'integer':
      case 'delta-integer':
        return { type, value: reader.i8(type) };
      case 'long':
      case 'delta-long':
        return { type, value: reader.i16(type) };
      case 'long-unsigned':
      case 'delta-long-unsigned':
        return { type, value: reader.u16(type) };
      case 'bcd':
      case 'unsigned':
      case 'delta-unsigned':
      case 'enum':
        return { type, value: reader.u8(type) };
      case 'long64':
        return { type, value: reader.i64(type) };
      case 'long64-unsigned':
        return { type, value: reader.u64(type) };
      case 'float32':
        return { type, value: reader.f32(type) };
      case 'float64':
        return { type, value: reader.f64(type) };
      case 'date-time':
        return { type, value: reader.take(12, type).slice() };
      case 'date':
        return { type, value: reader.take(5, type).slice() };
      case 'time':
        return { type, value: reader.take(4, type).slice() };
    }
  }

  /** Null-data and empty structures in a compact-array take no bytes, so the input's length bounds nothing. */
  #charge(values: number): void {
    this.#values += values;
    if (this.#values > this.#most) {
      throw new DcuError('axdr-invalid', `more than ${this.#most} values`, {
        offset: this.#reader.offset,
      });
    }
  }

  #compactArray(depth: number): DlmsData {
    const description = this.#description(depth);
    const at = this.#reader.offset;
    const length = readLength(this.#reader);
    if (length > this.#reader.remaining) {
      throw new DcuError('truncated', `contents of ${length} bytes, ${this.#reader.remaining} left`, {
        offset: at,
      });
    }
    this.#most = Math.min(MOST_VALUES, this.#values + FREE_VALUES + VALUES_PER_BYTE * length);
    const end = this.#reader.offset + length;
    const elements: DlmsData[] = [];
    while (this.#reader.offset < end) {
      const before = this.#reader.offset;
      elements.push(this.#described(description, depth + 1));
      if (this.#reader.offset === before || this.#reader.offset > end) {
        throw new DcuError('axdr-invalid', 'contents of a compact-array do not fit its description', {
          offset: before,
        });
      }
    }
    this.#most = MOST_VALUES;
    return { type: 'compact-array', elements };
  }

  #description(depth: number): TypeDescription {
    const at = this.#reader.offset;
    if (depth >= MAX_AXDR_DEPTH) {
      throw new DcuError('axdr-too-deep', `types nested deeper than ${MAX_AXDR_DEPTH}`, {
        offset: at,
      });
    }
    const type = this.#type();
    switch (type) {
      case 'array':
        return { type, count: this.#reader.u16('element count'), element: this.#description(depth + 1) };
      case 'structure': {
        const count = this.#count(depth);
        const elements: TypeDescription[] = [];
        for (let i = 0; i < count; i++) elements.push(this.#description(depth + 1));
        return { type, elements };
      }
      case 'compact-array':
        throw new DcuError('axdr-invalid', 'a compact-array cannot hold compact-arrays', { offset: at });
      default:
        return { type };
    }
  }

  #described(description: TypeDescription, depth: number): DlmsData {
    switch (description.type) {
      case 'array': {
        this.#charge(description.count);
        const elements: DlmsData[] = [];
        for (let i = 0; i < description.count; i++) {
          elements.push(this.#described(description.element, depth + 1));
        }
        return { type: 'array', elements };
      }
      case 'structure':
        this.#charge(description.elements.length);
        return {
          type: 'structure',
          elements: description.elements.map((element) => this.#described(element, depth + 1)),
        };
      default:
        return this.#simple(description.type);
    }
  }
}

/**
 * Moves the reader behind the next value without building it; the same errors as `readData`, but no depth
 * bound, for nothing is kept.
 */
export function skipData(reader: ByteReader): void {
  for (let pending = 1; pending > 0; pending--) {
    const at = reader.offset;
    const tag = reader.u8('data tag');
    const type = typeOfTag(tag);
    if (type === undefined) {
      throw new DcuError('axdr-invalid', `no data type has tag ${tag}`, { offset: at });
    }
    const size = FIXED_SIZES[type];
    if (size !== undefined) {
      reader.take(size, type);
      continue;
    }
    if (type === 'compact-array') skipDescription(reader);
    const length = readLength(reader);
    if (type === 'array' || type === 'structure') {
      if (length > reader.remaining) {
        throw new DcuError('truncated', `${length} elements announced, ${reader.remaining} bytes left`, {
          offset: at,
        });
      }
      pending += length;
    } else {
      reader.take(type === 'bit-string' ? Math.ceil(length / 8) : length, type);
    }
  }
}

function skipDescription(reader: ByteReader): void {
  for (let pending = 1; pending > 0; pending--) {
    const at = reader.offset;
    const type = typeOfTag(reader.u8('type description'));
    if (type === 'structure') pending += readLength(reader);
    else if (type === 'array') {
      reader.u16('element count');
      pending++;
    } else if (type === undefined || type === 'compact-array') {
      throw new DcuError('axdr-invalid', 'not a type description', { offset: at });
    }
  }
}

function latin1(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

const utf8Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function utf8(bytes: Uint8Array, offset: number): string {
  try {
    return utf8Decoder.decode(bytes);
  } catch (cause) {
    throw new DcuError('axdr-invalid', 'utf8-string is not UTF-8', { offset: offset - bytes.length, cause });
  }
}
