import { ByteReader, ByteWriter } from '../base/bytes.ts';
import { DcuError } from '../base/errors.ts';
import { type RawSelection, readDataBytes } from '../dlms/apdu/fields.ts';
import { dataAccessResultName } from '../dlms/apdu/results.ts';
import { readOctets } from '../dlms/axdr-length.ts';

/** READ in short-name referencing as a tester builds and takes it apart (Green Book 9.5). */

export const SN = {
  readRequest: 0x05,
  writeRequest: 0x06,
  readResponse: 0x0c,
  writeResponse: 0x0d,
  /** Class 12: object_list, access_rights_list, read_by_logicalname, reply_to_HLS_authentication (version 1 on). */
  association: 0xfa00,
  objectList: 0xfa08,
  accessRights: 0xfa10,
  readByLogicalName: 0xfa30,
  replyToHls: 0xfa58,
  /** Attribute 2 of the logical device name. */
  deviceName: 0xfd08,
  /** VAA name of an association with short names. */
  vaaName: 0xfa00,
} as const;

/** Attributes lie so far apart. */
export const NAME_STEP = 8;

/** A variable to read: whole, or with parameters. */
export interface Variable {
  readonly name: number;
  readonly selection?: RawSelection;
}

/** read-request of these variables. */
export function readRequest(...variables: readonly Variable[]): Uint8Array {
  const writer = new ByteWriter(64).u8(SN.readRequest).u8(variables.length);
  for (const { name, selection } of variables) {
    if (selection === undefined) writer.u8(2).u16(name);
    else writer.u8(4).u16(name).u8(selection.selector).put(selection.parameters);
  }
  return writer.done();
}

/** read-request that asks for the block behind this one. */
export const nextBlockRequest = (blockNumber: number): Uint8Array =>
  new ByteWriter(5).u8(SN.readRequest).u8(1).u8(5).u16(blockNumber).done();

export type ReadResult =
  | { readonly kind: 'data'; readonly data: Uint8Array }
  | { readonly kind: 'refused'; readonly result: string };

/** Results of a read-response, blocks aside; undefined when it is none. */
export function readResults(plain: Uint8Array | undefined): ReadResult[] | undefined {
  return plain?.[0] === SN.readResponse ? resultList(plain.subarray(1)) : undefined;
}

/** The list of results without its tag, as the blocks hold it; undefined when it is malformed. */
export function resultList(bytes: Uint8Array): ReadResult[] | undefined {
  try {
    const reader = new ByteReader(bytes);
    const count = reader.u8();
    const results: ReadResult[] = [];
    for (let i = 0; i < count; i++) {
      const choice = reader.u8();
      if (choice === 0) results.push({ kind: 'data', data: lastOrNext(reader, i === count - 1) });
      else if (choice === 1) results.push({ kind: 'refused', result: dataAccessResultName(reader.u8()) });
      else return undefined;
    }
    return reader.remaining === 0 ? results : undefined;
  } catch (error) {
    if (error instanceof DcuError) return undefined;
    throw error;
  }
}

/** A value that is the last is taken as it is, whatever it may be. */
const lastOrNext = (reader: ByteReader, last: boolean): Uint8Array =>
  last ? reader.rest().slice() : readDataBytes(reader).slice();

/** A block of a read-response that stands alone; undefined for anything else. */
export function readBlock(
  plain: Uint8Array | undefined,
): { last: boolean; number: number; raw: Uint8Array } | undefined {
  if (plain?.[0] !== SN.readResponse || plain[1] !== 1 || plain[2] !== 2) return undefined;
  try {
    const reader = new ByteReader(plain, 3);
    const last = reader.u8() !== 0;
    const number = reader.u16();
    return { last, number, raw: readOctets(reader, 'raw-data').slice() };
  } catch (error) {
    if (error instanceof DcuError) return undefined;
    throw error;
  }
}

/** reply_to_HLS_authentication with a proof: a method that is read with its parameter. */
export function replyToHlsByName(proof: Uint8Array): Uint8Array {
  const parameters = new ByteWriter(proof.length + 2).u8(0x09).u8(proof.length).put(proof).done();
  return readRequest({ name: SN.replyToHls, selection: { selector: 0, parameters } });
}
