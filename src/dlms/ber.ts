import { type ByteReader, ByteWriter } from '../base/bytes.ts';
import { DcuError } from '../base/errors.ts';

/** One BER element with a one-byte tag; `value` is a view. */
export interface BerElement {
  readonly tag: number;
  readonly value: Uint8Array;
  /** Offset of the tag in the reader's bytes. */
  readonly offset: number;
}

/** Definite length of up to four bytes (X.690 §8.1.3). Throws `apdu-invalid` or `truncated`. */
export function readBerLength(reader: ByteReader): number {
  const at = reader.offset;
  const first = reader.u8('BER length');
  let length = first;
  if (first >= 0x80) {
    const size = first & 0x7f;
    if (size < 1 || size > 4) {
      throw new DcuError('apdu-invalid', `BER length form 0x${first.toString(16)} is not allowed`, {
        offset: at,
      });
    }
    length = 0;
    for (let i = 0; i < size; i++) length = length * 256 + reader.u8('BER length');
  }
  if (length > reader.remaining) {
    throw new DcuError('truncated', `BER element of ${length} bytes, ${reader.remaining} left`, {
      offset: at,
    });
  }
  return length;
}

/** The next element; throws `apdu-invalid` for tags of more than one byte, which no ACSE APDU has. */
export function readBer(reader: ByteReader): BerElement {
  const offset = reader.offset;
  const tag = reader.u8('BER tag');
  if ((tag & 0x1f) === 0x1f) {
    throw new DcuError('apdu-invalid', 'BER tag of more than one byte', { offset });
  }
  return { tag, value: reader.take(readBerLength(reader), 'BER value'), offset };
}

/** Tag, definite length in its shortest form, contents. */
export function ber(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const length = contents.reduce((sum, part) => sum + part.length, 0);
  const writer = new ByteWriter(length + 6);
  writer.u8(tag);
  if (length < 0x80) writer.u8(length);
  else if (length < 0x100) writer.u8(0x81).u8(length);
  else writer.u8(0x82).u16(length);
  for (const part of contents) writer.put(part);
  return writer.done();
}
