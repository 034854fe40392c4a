import { ByteReader, ByteWriter } from '../../base/bytes.ts';
import type { CosemAttribute, GetResult } from '../client-types.ts';
import {
  type DataBlock,
  expectEnd,
  expectTag,
  present,
  readDataBlock,
  readDataBytes,
  readDescriptor,
  readGetResult,
  readList,
  unknownType,
  writeDataBlock,
  writeDescriptor,
  writeGetResult,
  writeList,
} from './fields.ts';
import { actionResultCode, actionResultName } from './results.ts';
import { TAG } from './tags.ts';

/** Parameters are A-XDR bytes; `invoke` is the raw Invoke-Id-And-Priority byte. */
export type ActionRequest =
  | {
      readonly type: 'normal';
      readonly invoke: number;
      readonly method: CosemAttribute;
      readonly parameter?: Uint8Array;
    }
  | { readonly type: 'next-pblock'; readonly invoke: number; readonly blockNumber: number }
  | {
      readonly type: 'with-list';
      readonly invoke: number;
      readonly methods: readonly CosemAttribute[];
      readonly parameters: readonly Uint8Array[];
    }
  | {
      readonly type: 'with-first-pblock';
      readonly invoke: number;
      readonly method: CosemAttribute;
      readonly block: DataBlock;
    }
  | {
      readonly type: 'with-list-and-first-pblock';
      readonly invoke: number;
      readonly methods: readonly CosemAttribute[];
      readonly block: DataBlock;
    }
  | { readonly type: 'with-pblock'; readonly invoke: number; readonly block: DataBlock };

/** Action-Response-With-Optional-Data. */
export interface ActionResult {
  readonly result: string;
  readonly returned?: GetResult;
}

export type ActionResponse =
  | { readonly type: 'normal'; readonly invoke: number; readonly response: ActionResult }
  | { readonly type: 'with-pblock'; readonly invoke: number; readonly block: DataBlock }
  | { readonly type: 'with-list'; readonly invoke: number; readonly responses: readonly ActionResult[] }
  | { readonly type: 'next-pblock'; readonly invoke: number; readonly blockNumber: number };

export function encodeActionRequest(request: ActionRequest): Uint8Array {
  const writer = new ByteWriter(64).u8(TAG.actionRequest);
  switch (request.type) {
    case 'normal':
      writeDescriptor(writer.u8(1).u8(request.invoke), request.method);
      if (request.parameter === undefined) writer.u8(0);
      else writer.u8(1).put(request.parameter);
      break;
    case 'next-pblock':
      writer.u8(2).u8(request.invoke).u32(request.blockNumber);
      break;
    case 'with-list':
      writeList(writer.u8(3).u8(request.invoke), request.methods, writeDescriptor);
      writeList(writer, request.parameters, (out, value) => out.put(value));
      break;
    case 'with-first-pblock':
      writeDescriptor(writer.u8(4).u8(request.invoke), request.method);
      writeDataBlock(writer, request.block);
      break;
    case 'with-list-and-first-pblock':
      writeList(writer.u8(5).u8(request.invoke), request.methods, writeDescriptor);
      writeDataBlock(writer, request.block);
      break;
    case 'with-pblock':
      writeDataBlock(writer.u8(6).u8(request.invoke), request.block);
      break;
  }
  return writer.done();
}

/** Throws `apdu-invalid`, `axdr-invalid` or `truncated`. */
export function decodeActionRequest(bytes: Uint8Array): ActionRequest {
  const reader = new ByteReader(bytes);
  expectTag(reader, TAG.actionRequest, 'action-request');
  const type = reader.u8('action-request type');
  const invoke = reader.u8('invoke-id-and-priority');
  const request = readActionRequest(reader, type, invoke);
  expectEnd(reader);
  return request;
}

function readActionRequest(reader: ByteReader, type: number, invoke: number): ActionRequest {
  switch (type) {
    case 1: {
      const method = readDescriptor(reader);
      if (!present(reader)) return { type: 'normal', invoke, method };
      return { type: 'normal', invoke, method, parameter: readDataBytes(reader) };
    }
    case 2:
      return { type: 'next-pblock', invoke, blockNumber: reader.u32('block number') };
    case 3:
      return {
        type: 'with-list',
        invoke,
        methods: readList(reader, readDescriptor),
        parameters: readList(reader, readDataBytes),
      };
    case 4:
      return {
        type: 'with-first-pblock',
        invoke,
        method: readDescriptor(reader),
        block: readDataBlock(reader),
      };
    case 5:
      return {
        type: 'with-list-and-first-pblock',
        invoke,
        methods: readList(reader, readDescriptor),
        block: readDataBlock(reader),
      };
    case 6:
      return { type: 'with-pblock', invoke, block: readDataBlock(reader) };
    default:
      throw unknownType('action-request', type);
  }
}

export function encodeActionResponse(response: ActionResponse): Uint8Array {
  const writer = new ByteWriter(64).u8(TAG.actionResponse);
  switch (response.type) {
    case 'normal':
      writeActionResult(writer.u8(1).u8(response.invoke), response.response);
      break;
    case 'with-pblock':
      writeDataBlock(writer.u8(2).u8(response.invoke), response.block);
      break;
    case 'with-list':
      writeList(writer.u8(3).u8(response.invoke), response.responses, writeActionResult);
      break;
    case 'next-pblock':
      writer.u8(4).u8(response.invoke).u32(response.blockNumber);
      break;
  }
  return writer.done();
}

/** Throws `apdu-invalid`, `axdr-invalid` or `truncated`; bytes behind the response are passed over. */
export function decodeActionResponse(bytes: Uint8Array): ActionResponse {
  const reader = new ByteReader(bytes);
  expectTag(reader, TAG.actionResponse, 'action-response');
  const type = reader.u8('action-response type');
  const invoke = reader.u8('invoke-id-and-priority');
  switch (type) {
    case 1:
      return { type: 'normal', invoke, response: readActionResult(reader, true) };
    case 2:
      return { type: 'with-pblock', invoke, block: readDataBlock(reader) };
    case 3:
      return { type: 'with-list', invoke, responses: readActionResults(reader) };
    case 4:
      return { type: 'next-pblock', invoke, blockNumber: reader.u32('block number') };
    default:
      throw unknownType('action-response', type);
  }
}

/** SEQUENCE OF Action-Response-With-Optional-Data: what a with-list response carries, also in blocks. */
export function encodeActionResults(results: readonly ActionResult[]): Uint8Array {
  const writer = new ByteWriter();
  writeList(writer, results, writeActionResult);
  return writer.done();
}

/** The same list, joined from blocks. Throws `apdu-invalid`, `axdr-invalid` or `truncated`. */
export function decodeActionResults(bytes: Uint8Array): ActionResult[] {
  return readActionResults(new ByteReader(bytes));
}

function readActionResults(reader: ByteReader): ActionResult[] {
  return readList(reader, (item) => readActionResult(item, false));
}

function writeActionResult(writer: ByteWriter, response: ActionResult): void {
  writer.u8(actionResultCode(response.result));
  if (response.returned === undefined) writer.u8(0);
  else writeGetResult(writer.u8(1), response.returned);
}

/** Some servers end the APDU behind the result, without the presence flag. */
function readActionResult(reader: ByteReader, last: boolean): ActionResult {
  const result = actionResultName(reader.u8('action-result'));
  if (last && reader.remaining === 0) return { result };
  if (!present(reader)) return { result };
  return { result, returned: readGetResult(reader, last) };
}
