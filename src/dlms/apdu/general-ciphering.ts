import { ByteReader, ByteWriter } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import { readOctets, writeOctets } from '../axdr-length.ts';
import { TAG } from './tags.ts';

/**
 * What general-ciphering and general-signing say about the message, in the order of the bytes; each may be empty.
 * The content of each field is an octet string.
 */
export interface GeneralHeader {
  readonly transactionId: Uint8Array;
  readonly originatorSystemTitle: Uint8Array;
  readonly recipientSystemTitle: Uint8Array;
  /** A date-time of 12 bytes, or empty. */
  readonly dateTime: Uint8Array;
  readonly otherInformation: Uint8Array;
}

/** Which key protects the content (Green Book 9.5, Key-Info). */
export type KeyInfo =
  /** 0 = global unicast encryption key, 1 = global broadcast encryption key. */
  | { readonly kind: 'identified'; readonly keyId: number }
  /** The key of this message, wrapped; `kekId` 0 = master key. */
  | { readonly kind: 'wrapped'; readonly kekId: number; readonly keyCipheredData: Uint8Array }
  /** Parameters 01 = C(1e, 1s), 02 = C(0e, 2s); ciphered data is the ephemeral public key and its signature, or empty. */
  | { readonly kind: 'agreed'; readonly keyParameters: Uint8Array; readonly keyCipheredData: Uint8Array };

export interface GeneralCiphering extends GeneralHeader {
  readonly keyInfo?: KeyInfo;
  /** Security control, invocation counter, content, tag. */
  readonly cipheredContent: Uint8Array;
}

/** The five header fields with their lengths, as they stand in the APDU and in what is authenticated or signed. */
export function encodeGeneralHeader(header: GeneralHeader): Uint8Array {
  const writer = new ByteWriter(64);
  for (const field of [
    header.transactionId,
    header.originatorSystemTitle,
    header.recipientSystemTitle,
    header.dateTime,
    header.otherInformation,
  ]) {
    writeOctets(writer, field);
  }
  return writer.done();
}

/** Reads the five header fields; views of the input. Throws `truncated` or `axdr-invalid` with the offset. */
export function readGeneralHeader(reader: ByteReader): GeneralHeader {
  return {
    transactionId: readOctets(reader, 'transaction id'),
    originatorSystemTitle: readOctets(reader, 'originator system title'),
    recipientSystemTitle: readOctets(reader, 'recipient system title'),
    dateTime: readOctets(reader, 'date-time'),
    otherInformation: readOctets(reader, 'other information'),
  };
}

export function encodeGeneralCiphering(apdu: GeneralCiphering): Uint8Array {
  const writer = new ByteWriter(apdu.cipheredContent.length + 128);
  writer.u8(TAG.generalCiphering).put(encodeGeneralHeader(apdu));
  writeKeyInfo(writer, apdu.keyInfo);
  writeOctets(writer, apdu.cipheredContent);
  return writer.done();
}

/**
 * A general-ciphering APDU, its tag first; fields are views of the input, bytes behind it are passed over. Throws
 * `apdu-invalid`, `truncated` or `axdr-invalid` with the offset.
 */
export function decodeGeneralCiphering(bytes: Uint8Array): GeneralCiphering {
  const reader = new ByteReader(bytes);
  const tag = reader.u8('APDU tag');
  if (tag !== TAG.generalCiphering)
    throw new DcuError('apdu-invalid', 'not general-ciphering', { offset: 0 });
  const header = readGeneralHeader(reader);
  const keyInfo = readKeyInfo(reader);
  const cipheredContent = readOctets(reader, 'ciphered content');
  return { ...header, ...(keyInfo === undefined ? {} : { keyInfo }), cipheredContent };
}

const IDENTIFIED = 0;
const WRAPPED = 1;
const AGREED = 2;

function writeKeyInfo(writer: ByteWriter, keyInfo: KeyInfo | undefined): void {
  if (keyInfo === undefined) {
    writer.u8(0);
    return;
  }
  writer.u8(1);
  switch (keyInfo.kind) {
    case 'identified':
      writer.u8(IDENTIFIED).u8(keyInfo.keyId);
      return;
    case 'wrapped':
      writeOctets(writer.u8(WRAPPED).u8(keyInfo.kekId), keyInfo.keyCipheredData);
      return;
    case 'agreed':
      writeOctets(writer.u8(AGREED), keyInfo.keyParameters);
      writeOctets(writer, keyInfo.keyCipheredData);
  }
}

function readKeyInfo(reader: ByteReader): KeyInfo | undefined {
  const offset = reader.offset;
  const present = reader.u8('key-info presence');
  if (present === 0) return undefined;
  if (present !== 1) {
    throw new DcuError('apdu-invalid', `key-info presence 0x${present.toString(16)}`, { offset });
  }
  const choice = reader.u8('key-info choice');
  switch (choice) {
    case IDENTIFIED:
      return { kind: 'identified', keyId: reader.u8('key id') };
    case WRAPPED:
      return {
        kind: 'wrapped',
        kekId: reader.u8('key-encrypting key id'),
        keyCipheredData: readOctets(reader, 'wrapped key'),
      };
    case AGREED:
      return {
        kind: 'agreed',
        keyParameters: readOctets(reader, 'key parameters'),
        keyCipheredData: readOctets(reader, 'key ciphered data'),
      };
    default:
      throw new DcuError('apdu-invalid', `key-info choice ${choice} is not known`, { offset: offset + 1 });
  }
}
