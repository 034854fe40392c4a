import { ByteReader, ByteWriter } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import { expectEnd, expectTag, readDataBytes, readList, writeList } from './fields.ts';
import { dataAccessResultCode, dataAccessResultName } from './results.ts';
import { TAG } from './tags.ts';
import { readVariableAccess, type VariableAccess, writeVariableAccess } from './variable-access.ts';

/** What to write, and the A-XDR bytes of a value for each. */
export interface WriteRequest {
  readonly accesses: readonly VariableAccess[];
  readonly values: readonly Uint8Array[];
}

/** One element of a write-response. */
export type WriteResult =
  | { readonly type: 'success' }
  /** The standard's name of the data-access-result. */
  | { readonly type: 'data-access-error'; readonly result: string }
  /** The piece of a request with this number has arrived; stands alone. */
  | { readonly type: 'block-number'; readonly blockNumber: number };

/** 06, the list of variables and the list of their values (Green Book 9.5, WriteRequest). */
export function encodeWriteRequest(request: WriteRequest): Uint8Array {
  return encodeWriteLists(request, new ByteWriter(128).u8(TAG.writeRequest));
}

/** The lists of a write-request without its tag: what its blocks are pieces of. */
export function encodeWriteLists(request: WriteRequest, writer = new ByteWriter(128)): Uint8Array {
  writeList(writer, request.accesses, writeVariableAccess);
  writeList(writer, request.values, (out, value) => out.put(value));
  return writer.done();
}

/** Throws `apdu-invalid`, `axdr-invalid` or `truncated`. The two lists may differ in length. */
export function decodeWriteRequest(bytes: Uint8Array): WriteRequest {
  const reader = new ByteReader(bytes);
  expectTag(reader, TAG.writeRequest, 'write-request');
  return readWriteLists(reader);
}

/** The lists joined from blocks; errors as `decodeWriteRequest`. */
export function decodeWriteLists(bytes: Uint8Array): WriteRequest {
  return readWriteLists(new ByteReader(bytes));
}

/** Both lists, to the end of the bytes. */
export function readWriteLists(reader: ByteReader): WriteRequest {
  const accesses = readList(reader, readVariableAccess);
  const values = readList(reader, readDataBytes);
  expectEnd(reader);
  return { accesses, values };
}

/** 0D and the list of results (Green Book 9.5, WriteResponse). */
export function encodeWriteResponse(results: readonly WriteResult[]): Uint8Array {
  const writer = new ByteWriter(32).u8(TAG.writeResponse);
  writeList(writer, results, writeWriteResult);
  return writer.done();
}

/** Throws `apdu-invalid` or `truncated`; bytes behind the last result are passed over. */
export function decodeWriteResponse(bytes: Uint8Array): WriteResult[] {
  const reader = new ByteReader(bytes);
  expectTag(reader, TAG.writeResponse, 'write-response');
  return readList(reader, readWriteResult);
}

function writeWriteResult(writer: ByteWriter, result: WriteResult): void {
  switch (result.type) {
    case 'success':
      writer.u8(0);
      break;
    case 'data-access-error':
      writer.u8(1).u8(dataAccessResultCode(result.result));
      break;
    case 'block-number':
      writer.u8(2).u16(result.blockNumber);
      break;
  }
}

function readWriteResult(reader: ByteReader): WriteResult {
  const at = reader.offset;
  const choice = reader.u8('write-response choice');
  switch (choice) {
    case 0:
      return { type: 'success' };
    case 1:
      return { type: 'data-access-error', result: dataAccessResultName(reader.u8('data-access-error')) };
    case 2:
      return { type: 'block-number', blockNumber: reader.u16('block number') };
    default:
      throw new DcuError('apdu-invalid', `no result of a write has choice ${choice}`, { offset: at });
  }
}
