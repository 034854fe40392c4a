import { ByteReader, ByteWriter, concat } from '../base/bytes.ts';
import type { SecuritySuite } from '../base/model.ts';
import { readOctets, writeOctets } from '../dlms/axdr-length.ts';
import { ecdsaSign, ecdsaVerify } from '../kernels/ecc.ts';

/** general-ciphering and general-signing as a tester builds and takes them apart (Green Book 9.5). */

export const GENERAL = { glo: 0xdb, ded: 0xdc, ciphering: 0xdd, signing: 0xdf } as const;

const NOTHING = new Uint8Array(0);
const IDENTIFIED_KEY = 0;

/** What both say about the message; date-time and other-information are left empty. */
export interface Header {
  readonly transaction: Uint8Array;
  readonly originator: Uint8Array;
  readonly recipient: Uint8Array;
}

/** The five fields with their lengths, as they are authenticated and signed. */
export function headerBytes({ transaction, originator, recipient }: Header): Uint8Array {
  const writer = new ByteWriter(64);
  for (const field of [transaction, originator, recipient, NOTHING, NOTHING]) writeOctets(writer, field);
  return writer.done();
}

/** A general-ciphering APDU whose key-info names a key that both sides have: 0 unicast, 1 broadcast. */
export function generalCiphering(header: Uint8Array, keyId: number, sealed: Uint8Array): Uint8Array {
  const writer = new ByteWriter(header.length + sealed.length + 16).u8(GENERAL.ciphering).put(header);
  writeOctets(writer.u8(1).u8(IDENTIFIED_KEY).u8(keyId), sealed);
  return writer.done();
}

/** Header bytes, originator and content of general-ciphering; undefined with a key-info of another kind. @throws DcuError */
export function readGeneralCiphering(
  apdu: Uint8Array,
): { header: Uint8Array; originator: Uint8Array; sealed: Uint8Array } | undefined {
  const reader = new ByteReader(apdu, 1);
  const { header, originator } = readHeader(reader, apdu);
  if (reader.u8() === 1 && (reader.u8() !== IDENTIFIED_KEY || reader.u8() > 1)) return undefined;
  return { header, originator, sealed: readOctets(reader, 'ciphered content') };
}

function readHeader(
  reader: ByteReader,
  apdu: Uint8Array,
): Pick<Header, 'originator'> & { header: Uint8Array } {
  readOctets(reader, 'transaction');
  const originator = readOctets(reader, 'originator').slice();
  for (const field of ['recipient', 'date-time', 'other information']) readOctets(reader, field);
  return { header: apdu.slice(1, reader.offset), originator };
}

const curveOf = (suite: SecuritySuite): 'P-256' | 'P-384' => (suite === 2 ? 'P-384' : 'P-256');

/** general-signing of `content`; `spoil` changes the signature, R and S. */
export function generalSigning(
  header: Uint8Array,
  content: Uint8Array,
  suite: SecuritySuite,
  privateKey: Uint8Array,
  spoil: (signature: Uint8Array) => Uint8Array = (signature) => signature,
): Uint8Array {
  const body = new ByteWriter(content.length + 8);
  writeOctets(body, content);
  const signed = concat([header, body.done()]);
  const writer = new ByteWriter(signed.length + 128).u8(GENERAL.signing).put(signed);
  writeOctets(writer, spoil(ecdsaSign(curveOf(suite), privateKey, signed)));
  return writer.done();
}

/** The content; undefined when the signature does not verify. Without a public key it is taken as it is. @throws DcuError */
export function openSigning(
  apdu: Uint8Array,
  suite: SecuritySuite,
  publicKey: Uint8Array | undefined,
): Uint8Array | undefined {
  const reader = new ByteReader(apdu, 1);
  readHeader(reader, apdu);
  const content = readOctets(reader, 'signed content').slice();
  const signed = apdu.subarray(1, reader.offset);
  const signature = readOctets(reader, 'signature');
  if (publicKey !== undefined && !ecdsaVerify(curveOf(suite), publicKey, signed, signature)) return undefined;
  return content;
}
