import { ByteReader, ByteWriter } from '../../base/bytes.ts';
import { readOctets, writeOctets } from '../axdr-length.ts';
import type { GetResult } from '../client-types.ts';
import {
  type AttributeRequest,
  expectEnd,
  expectTag,
  readAttributeRequest,
  readChoice,
  readGetResult,
  readList,
  unknownType,
  writeAttributeRequest,
  writeGetResult,
  writeList,
} from './fields.ts';
import { dataAccessResultCode, dataAccessResultName } from './results.ts';
import { TAG } from './tags.ts';

/** `invoke` is the raw Invoke-Id-And-Priority byte. */
export type GetRequest =
  | { readonly type: 'normal'; readonly invoke: number; readonly request: AttributeRequest }
  | { readonly type: 'next'; readonly invoke: number; readonly blockNumber: number }
  | { readonly type: 'with-list'; readonly invoke: number; readonly requests: readonly AttributeRequest[] };

export type GetResponse =
  | { readonly type: 'normal'; readonly invoke: number; readonly result: GetResult }
  | {
      readonly type: 'with-datablock';
      readonly invoke: number;
      readonly last: boolean;
      readonly blockNumber: number;
      /** Raw bytes of the block, or the reason why there is none. */
      readonly block: GetResult;
    }
  | { readonly type: 'with-list'; readonly invoke: number; readonly results: readonly GetResult[] };

export function encodeGetRequest(request: GetRequest): Uint8Array {
  const writer = new ByteWriter(64).u8(TAG.getRequest);
  switch (request.type) {
    case 'normal':
      writeAttributeRequest(writer.u8(1).u8(request.invoke), request.request);
      break;
    case 'next':
      writer.u8(2).u8(request.invoke).u32(request.blockNumber);
      break;
    case 'with-list':
      writeList(writer.u8(3).u8(request.invoke), request.requests, writeAttributeRequest);
      break;
  }
  return writer.done();
}

/** Throws `apdu-invalid`, `axdr-invalid` or `truncated`. */
export function decodeGetRequest(bytes: Uint8Array): GetRequest {
  const reader = new ByteReader(bytes);
  expectTag(reader, TAG.getRequest, 'get-request');
  const type = reader.u8('get-request type');
  const invoke = reader.u8('invoke-id-and-priority');
  const request = readGetRequest(reader, type, invoke);
  expectEnd(reader);
  return request;
}

function readGetRequest(reader: ByteReader, type: number, invoke: number): GetRequest {
  switch (type) {
    case 1:
      return { type: 'normal', invoke, request: readAttributeRequest(reader) };
    case 2:
      return { type: 'next', invoke, blockNumber: reader.u32('block number') };
    case 3:
      return { type: 'with-list', invoke, requests: readList(reader, readAttributeRequest) };
    default:
      throw unknownType('get-request', type);
  }
}

export function encodeGetResponse(response: GetResponse): Uint8Array {
  const writer = new ByteWriter(64).u8(TAG.getResponse);
  switch (response.type) {
    case 'normal':
      writeGetResult(writer.u8(1).u8(response.invoke), response.result);
      break;
    case 'with-datablock':
      writer
        .u8(2)
        .u8(response.invoke)
        .u8(response.last ? 1 : 0)
        .u32(response.blockNumber);
      if (response.block.ok) writeOctets(writer.u8(0), response.block.data);
      else writer.u8(1).u8(dataAccessResultCode(response.block.result));
      break;
    case 'with-list':
      encodeGetResults(response.results, writer.u8(3).u8(response.invoke));
      break;
  }
  return writer.done();
}

/** Throws `apdu-invalid`, `axdr-invalid` or `truncated`; bytes behind the response are passed over. */
export function decodeGetResponse(bytes: Uint8Array): GetResponse {
  const reader = new ByteReader(bytes);
  expectTag(reader, TAG.getResponse, 'get-response');
  const type = reader.u8('get-response type');
  const invoke = reader.u8('invoke-id-and-priority');
  switch (type) {
    case 1:
      return { type: 'normal', invoke, result: readGetResult(reader, true) };
    case 2: {
      const last = reader.u8('last-block') !== 0;
      const blockNumber = reader.u32('block number');
      const block: GetResult = readChoice(reader)
        ? { ok: false, result: dataAccessResultName(reader.u8('data-access-result')) }
        : { ok: true, data: readOctets(reader, 'raw-data') };
      return { type: 'with-datablock', invoke, last, blockNumber, block };
    }
    case 3:
      return { type: 'with-list', invoke, results: readGetResults(reader) };
    default:
      throw unknownType('get-response', type);
  }
}

/** SEQUENCE OF Get-Data-Result: the body of a with-list response, whole or joined from blocks. */
export function decodeGetResults(bytes: Uint8Array): GetResult[] {
  return readGetResults(new ByteReader(bytes));
}

export function encodeGetResults(results: readonly GetResult[], writer = new ByteWriter()): Uint8Array {
  writeList(writer, results, writeGetResult);
  return writer.done();
}

function readGetResults(reader: ByteReader): GetResult[] {
  return readList(reader, (item) => readGetResult(item, false));
}
