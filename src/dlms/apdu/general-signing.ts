import { ByteReader, ByteWriter } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import { readOctets, writeOctets } from '../axdr-length.ts';
import { encodeGeneralHeader, type GeneralHeader, readGeneralHeader } from './general-ciphering.ts';
import { TAG } from './tags.ts';

export interface GeneralSigning extends GeneralHeader {
  /** An APDU of any kind, ciphered or not. */
  readonly content: Uint8Array;
  /** R and S: 64 bytes in suite 1, 96 in suite 2. */
  readonly signature: Uint8Array;
}

/**
 * What the signature is over: the fields from transaction-id to content with their lengths, that is the APDU without
 * its tag and signature (Green Book 9.2.7.2.5; GBCS 6.2.2.2 signs the same bytes).
 */
export function encodeSignedPart(header: GeneralHeader, content: Uint8Array): Uint8Array {
  const writer = new ByteWriter(content.length + 64).put(encodeGeneralHeader(header));
  writeOctets(writer, content);
  return writer.done();
}

export function encodeGeneralSigning(signedPart: Uint8Array, signature: Uint8Array): Uint8Array {
  const writer = new ByteWriter(signedPart.length + signature.length + 4);
  writeOctets(writer.u8(TAG.generalSigning).put(signedPart), signature);
  return writer.done();
}

/**
 * A general-signing APDU, its tag first, with the bytes that the signature is over; all of it views of the input, bytes
 * behind it are passed over. Throws `apdu-invalid`, `truncated` or `axdr-invalid` with the offset.
 */
export function decodeGeneralSigning(
  bytes: Uint8Array,
): GeneralSigning & { readonly signedPart: Uint8Array } {
  const reader = new ByteReader(bytes);
  const tag = reader.u8('APDU tag');
  if (tag !== TAG.generalSigning) throw new DcuError('apdu-invalid', 'not general-signing', { offset: 0 });
  const header = readGeneralHeader(reader);
  const content = readOctets(reader, 'signed content');
  const signedPart = bytes.subarray(1, reader.offset);
  return { ...header, content, signature: readOctets(reader, 'signature'), signedPart };
}
