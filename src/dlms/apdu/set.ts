import { ByteReader, ByteWriter } from '../../base/bytes.ts';
import {
  type AttributeRequest,
  type DataBlock,
  expectEnd,
  expectTag,
  readAttributeRequest,
  readDataBlock,
  readDataBytes,
  readList,
  unknownType,
  writeAttributeRequest,
  writeDataBlock,
  writeList,
} from './fields.ts';
import { dataAccessResultCode, dataAccessResultName } from './results.ts';
import { TAG } from './tags.ts';

/** Values are A-XDR bytes; `invoke` is the raw Invoke-Id-And-Priority byte. */
export type SetRequest =
  | {
      readonly type: 'normal';
      readonly invoke: number;
      readonly request: AttributeRequest;
      readonly value: Uint8Array;
    }
  | {
      readonly type: 'with-first-datablock';
      readonly invoke: number;
      readonly request: AttributeRequest;
      readonly block: DataBlock;
    }
  | { readonly type: 'with-datablock'; readonly invoke: number; readonly block: DataBlock }
  | {
      readonly type: 'with-list';
      readonly invoke: number;
      readonly requests: readonly AttributeRequest[];
      readonly values: readonly Uint8Array[];
    }
  | {
      readonly type: 'with-list-and-first-datablock';
      readonly invoke: number;
      readonly requests: readonly AttributeRequest[];
      readonly block: DataBlock;
    };

/** Results are the standard's names. */
export type SetResponse =
  | { readonly type: 'normal'; readonly invoke: number; readonly result: string }
  | { readonly type: 'datablock'; readonly invoke: number; readonly blockNumber: number }
  | {
      readonly type: 'last-datablock';
      readonly invoke: number;
      readonly result: string;
      readonly blockNumber: number;
    }
  | {
      readonly type: 'last-datablock-with-list';
      readonly invoke: number;
      readonly results: readonly string[];
      readonly blockNumber: number;
    }
  | { readonly type: 'with-list'; readonly invoke: number; readonly results: readonly string[] };

export function encodeSetRequest(request: SetRequest): Uint8Array {
  const writer = new ByteWriter(128).u8(TAG.setRequest);
  switch (request.type) {
    case 'normal':
      writeAttributeRequest(writer.u8(1).u8(request.invoke), request.request);
      writer.put(request.value);
      break;
    case 'with-first-datablock':
      writeAttributeRequest(writer.u8(2).u8(request.invoke), request.request);
      writeDataBlock(writer, request.block);
      break;
    case 'with-datablock':
      writeDataBlock(writer.u8(3).u8(request.invoke), request.block);
      break;
    case 'with-list':
      writeList(writer.u8(4).u8(request.invoke), request.requests, writeAttributeRequest);
      writeList(writer, request.values, (out, value) => out.put(value));
      break;
    case 'with-list-and-first-datablock':
      writeList(writer.u8(5).u8(request.invoke), request.requests, writeAttributeRequest);
      writeDataBlock(writer, request.block);
      break;
  }
  return writer.done();
}

/** Throws `apdu-invalid`, `axdr-invalid` or `truncated`. */
export function decodeSetRequest(bytes: Uint8Array): SetRequest {
  const reader = new ByteReader(bytes);
  expectTag(reader, TAG.setRequest, 'set-request');
  const type = reader.u8('set-request type');
  const invoke = reader.u8('invoke-id-and-priority');
  const request = readSetRequest(reader, type, invoke);
  expectEnd(reader);
  return request;
}

function readSetRequest(reader: ByteReader, type: number, invoke: number): SetRequest {
  switch (type) {
    case 1:
      return { type: 'normal', invoke, request: readAttributeRequest(reader), value: readDataBytes(reader) };
    case 2:
      return {
        type: 'with-first-datablock',
        invoke,
        request: readAttributeRequest(reader),
        block: readDataBlock(reader),
      };
    case 3:
      return { type: 'with-datablock', invoke, block: readDataBlock(reader) };
    case 4:
      return {
        type: 'with-list',
        invoke,
        requests: readList(reader, readAttributeRequest),
        values: readList(reader, readDataBytes),
      };
    case 5:
      return {
        type: 'with-list-and-first-datablock',
        invoke,
        requests: readList(reader, readAttributeRequest),
        block: readDataBlock(reader),
      };
    default:
      throw unknownType('set-request', type);
  }
}

export function encodeSetResponse(response: SetResponse): Uint8Array {
  const writer = new ByteWriter(32).u8(TAG.setResponse);
  switch (response.type) {
    case 'normal':
      writer.u8(1).u8(response.invoke).u8(dataAccessResultCode(response.result));
      break;
    case 'datablock':
      writer.u8(2).u8(response.invoke).u32(response.blockNumber);
      break;
    case 'last-datablock':
      writer.u8(3).u8(response.invoke).u8(dataAccessResultCode(response.result)).u32(response.blockNumber);
      break;
    case 'last-datablock-with-list':
      writeList(writer.u8(4).u8(response.invoke), response.results, writeResult);
      writer.u32(response.blockNumber);
      break;
    case 'with-list':
      writeList(writer.u8(5).u8(response.invoke), response.results, writeResult);
      break;
  }
  return writer.done();
}

/** Throws `apdu-invalid` or `truncated`; bytes behind the response are passed over. */
export function decodeSetResponse(bytes: Uint8Array): SetResponse {
  const reader = new ByteReader(bytes);
  expectTag(reader, TAG.setResponse, 'set-response');
  const type = reader.u8('set-response type');
  const invoke = reader.u8('invoke-id-and-priority');
  switch (type) {
    case 1:
      return { type: 'normal', invoke, result: readResult(reader) };
    case 2:
      return { type: 'datablock', invoke, blockNumber: reader.u32('block number') };
    case 3:
      return {
        type: 'last-datablock',
        invoke,
        result: readResult(reader),
        blockNumber: reader.u32('block number'),
      };
    case 4:
      return {
        type: 'last-datablock-with-list',
        invoke,
        results: readList(reader, readResult),
        blockNumber: reader.u32('block number'),
      };
    case 5:
      return { type: 'with-list', invoke, results: readList(reader, readResult) };
    default:
      throw unknownType('set-response', type);
  }
}

function readResult(reader: ByteReader): string {
  return dataAccessResultName(reader.u8('data-access-result'));
}

function writeResult(writer: ByteWriter, result: string): void {
  writer.u8(dataAccessResultCode(result));
}
