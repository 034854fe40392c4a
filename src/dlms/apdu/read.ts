import { ByteReader, ByteWriter } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import { readOctets, writeOctets } from '../axdr-length.ts';
import { expectEnd, expectTag, readDataBytes, readLastDataBytes, readList, writeList } from './fields.ts';
import { dataAccessResultCode, dataAccessResultName } from './results.ts';
import { TAG } from './tags.ts';
import { readVariableAccess, type VariableAccess, writeVariableAccess } from './variable-access.ts';

/** One element of a read-response. */
export type ReadResult =
  /** A-XDR bytes of a value. */
  | { readonly type: 'data'; readonly data: Uint8Array }
  /** The standard's name of the data-access-result. */
  | { readonly type: 'data-access-error'; readonly result: string }
  /** A piece of a list of results that does not fit one APDU; stands alone. */
  | {
      readonly type: 'data-block-result';
      readonly last: boolean;
      readonly blockNumber: number;
      readonly raw: Uint8Array;
    }
  /** The piece of a request with this number has arrived; stands alone. */
  | { readonly type: 'block-number'; readonly blockNumber: number };

/** 05 and the list of what to read (Green Book 9.5, ReadRequest). */
export function encodeReadRequest(accesses: readonly VariableAccess[]): Uint8Array {
  return encodeReadList(accesses, new ByteWriter(64).u8(TAG.readRequest));
}

/** The list of a read-request without its tag: what its blocks are pieces of. */
export function encodeReadList(accesses: readonly VariableAccess[], writer = new ByteWriter(64)): Uint8Array {
  writeList(writer, accesses, writeVariableAccess);
  return writer.done();
}

/** Throws `apdu-invalid`, `axdr-invalid` or `truncated`. */
export function decodeReadRequest(bytes: Uint8Array): VariableAccess[] {
  const reader = new ByteReader(bytes);
  expectTag(reader, TAG.readRequest, 'read-request');
  return readWholeList(reader);
}

/** The list joined from blocks; errors as `decodeReadRequest`. */
export function decodeReadList(bytes: Uint8Array): VariableAccess[] {
  return readWholeList(new ByteReader(bytes));
}

function readWholeList(reader: ByteReader): VariableAccess[] {
  const accesses = readList(reader, readVariableAccess);
  expectEnd(reader);
  return accesses;
}

/** 0C and the list of results (Green Book 9.5, ReadResponse). */
export function encodeReadResponse(results: readonly ReadResult[]): Uint8Array {
  return encodeReadResults(results, new ByteWriter(64).u8(TAG.readResponse));
}

/** The list of a read-response without its tag: what its blocks are pieces of. */
export function encodeReadResults(results: readonly ReadResult[], writer = new ByteWriter(64)): Uint8Array {
  writeList(writer, results, writeReadResult);
  return writer.done();
}

/** Throws `apdu-invalid`, `axdr-invalid` or `truncated`; bytes behind the last result are passed over. */
export function decodeReadResponse(bytes: Uint8Array): ReadResult[] {
  const reader = new ByteReader(bytes);
  expectTag(reader, TAG.readResponse, 'read-response');
  return readResults(reader);
}

/** The list joined from blocks; errors as `decodeReadResponse`. */
export function decodeReadResults(bytes: Uint8Array): ReadResult[] {
  return readResults(new ByteReader(bytes));
}

/** A damaged value that is the only one is handed on whole, for its decoder to save what is good. */
function readResults(reader: ByteReader): ReadResult[] {
  const only = reader.peek() === 1;
  return readList(reader, (item) => readReadResult(item, only));
}

function writeReadResult(writer: ByteWriter, result: ReadResult): void {
  switch (result.type) {
    case 'data':
      writer.u8(0).put(result.data);
      break;
    case 'data-access-error':
      writer.u8(1).u8(dataAccessResultCode(result.result));
      break;
    case 'data-block-result':
      writer
        .u8(2)
        .u8(result.last ? 1 : 0)
        .u16(result.blockNumber);
      writeOctets(writer, result.raw);
      break;
    case 'block-number':
      writer.u8(3).u16(result.blockNumber);
      break;
  }
}

function readReadResult(reader: ByteReader, last: boolean): ReadResult {
  const at = reader.offset;
  const choice = reader.u8('read-response choice');
  switch (choice) {
    case 0:
      return { type: 'data', data: last ? readLastDataBytes(reader) : readDataBytes(reader) };
    case 1:
      return { type: 'data-access-error', result: dataAccessResultName(reader.u8('data-access-error')) };
    case 2:
      return {
        type: 'data-block-result',
        last: reader.u8('last-block') !== 0,
        blockNumber: reader.u16('block number'),
        raw: readOctets(reader, 'raw-data'),
      };
    case 3:
      return { type: 'block-number', blockNumber: reader.u16('block number') };
    default:
      throw new DcuError('apdu-invalid', `no result of a read has choice ${choice}`, { offset: at });
  }
}
