import type { ByteReader, ByteWriter } from '../base/bytes.ts';
import { DcuError } from '../base/errors.ts';

/**
 * Reads a length or element count: one byte below 0x80, else 0x81..0x84 and that many bytes, big-endian.
 * Throws `axdr-invalid` for other forms, `truncated` when bytes are missing.
 */
export function readLength(reader: ByteReader): number {
  const at = reader.offset;
  const first = reader.u8('length');
  switch (first) {
    case 0x81:
      return reader.u8('length');
    case 0x82:
      return reader.u16('length');
    case 0x83:
      return reader.u8('length') * 0x10000 + reader.u16('length');
    case 0x84:
      return reader.u32('length');
    default:
      if (first < 0x80) return first;
      throw new DcuError('axdr-invalid', `length form 0x${first.toString(16)} is not allowed`, {
        offset: at,
      });
  }
}

/** Writes a length or element count in its shortest form. */
export function writeLength(writer: ByteWriter, length: number): void {
  if (length < 0x80) writer.u8(length);
  else if (length < 0x100) writer.u8(0x81).u8(length);
  else if (length < 0x10000) writer.u8(0x82).u16(length);
  else if (length < 0x1000000)
    writer
      .u8(0x83)
      .u8(length >>> 16)
      .u16(length & 0xffff);
  else writer.u8(0x84).u32(length);
}

/** An OCTET STRING: length and content; the result is a view. */
export function readOctets(reader: ByteReader, what: string): Uint8Array {
  const at = reader.offset;
  const length = readLength(reader);
  if (length > reader.remaining) {
    throw new DcuError('truncated', `${what} of ${length} bytes, ${reader.remaining} left`, { offset: at });
  }
  return reader.take(length, what);
}

export function writeOctets(writer: ByteWriter, bytes: Uint8Array): void {
  writeLength(writer, bytes.length);
  writer.put(bytes);
}
