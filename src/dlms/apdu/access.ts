import { ByteReader, ByteWriter } from '../../base/bytes.ts';
import { readOctets, writeOctets } from '../axdr-length.ts';
import type { CosemAttribute } from '../client-types.ts';
import {
  expectEnd,
  expectTag,
  present,
  type RawSelection,
  readDataBytes,
  readDescriptor,
  readList,
  unknownType,
  writeDescriptor,
  writeList,
} from './fields.ts';
import { actionResultCode, actionResultName, dataAccessResultCode, dataAccessResultName } from './results.ts';
import { TAG } from './tags.ts';

/** Bits of Long-Invoke-Id-And-Priority (Green Book 9.5): the invoke id has the lower 24. */
export const LONG_INVOKE = {
  id: 0x00ffffff,
  /** The response repeats the specifications of the request. */
  selfDescriptive: 0x10000000,
  /** Nothing is done behind the first item that fails. */
  breakOnError: 0x20000000,
  confirmed: 0x40000000,
  highPriority: 0x80000000,
} as const;

export function hasLongInvokeBit(longInvoke: number, bit: keyof typeof LONG_INVOKE): boolean {
  return (longInvoke & LONG_INVOKE[bit]) !== 0;
}

/** Access-Request-Specification; the value of each item is at its place in the list of data. */
export type AccessRequestItem =
  | { readonly type: 'get' | 'set'; readonly attribute: CosemAttribute; readonly selection?: RawSelection }
  | { readonly type: 'action'; readonly method: CosemAttribute };

export interface AccessRequest {
  /** Long-Invoke-Id-And-Priority, 32 bits. */
  readonly longInvoke: number;
  /** Date-time of 12 bytes; absent when the sender gives none. */
  readonly dateTime?: Uint8Array;
  readonly items: readonly AccessRequestItem[];
  /** A-XDR bytes, one for each item; null-data where an item takes none. */
  readonly data: readonly Uint8Array[];
}

export interface AccessResponseItem {
  readonly type: 'get' | 'set' | 'action';
  /** The standard's name of the data-access-result or action-result. */
  readonly result: string;
}

export interface AccessResponse {
  readonly longInvoke: number;
  readonly dateTime?: Uint8Array;
  /** The items of the request, where it asked for a self-descriptive response. */
  readonly items?: readonly AccessRequestItem[];
  /** A-XDR bytes, one for each item; null-data where nothing comes back. */
  readonly data: readonly Uint8Array[];
  readonly results: readonly AccessResponseItem[];
}

const CHOICES = { get: 1, set: 2, action: 3 } as const;
const WITH_SELECTION = 3;

/** D9, long invoke id, date-time as an octet-string that may be empty, specifications, data (Green Book 9.5). */
export function encodeAccessRequest(request: AccessRequest): Uint8Array {
  const writer = new ByteWriter(128).u8(TAG.accessRequest);
  writeHeader(writer, request);
  writeList(writer, request.items, writeItem);
  writeList(writer, request.data, putBytes);
  return writer.done();
}

/** Throws `apdu-invalid`, `axdr-invalid` or `truncated`. */
export function decodeAccessRequest(bytes: Uint8Array): AccessRequest {
  const reader = new ByteReader(bytes);
  expectTag(reader, TAG.accessRequest, 'access-request');
  const header = readHeader(reader);
  const request = { ...header, items: readList(reader, readItem), data: readList(reader, readDataBytes) };
  expectEnd(reader);
  return request;
}

/** DA, long invoke id, date-time, the request's specifications where they were asked for, data, results. */
export function encodeAccessResponse(response: AccessResponse): Uint8Array {
  const writer = new ByteWriter(128).u8(TAG.accessResponse);
  writeHeader(writer, response);
  if (response.items === undefined) writer.u8(0);
  else writeList(writer.u8(1), response.items, writeItem);
  writeList(writer, response.data, putBytes);
  writeList(writer, response.results, (out, { type, result }) => {
    out.u8(CHOICES[type]).u8(type === 'action' ? actionResultCode(result) : dataAccessResultCode(result));
  });
  return writer.done();
}

/** Throws `apdu-invalid`, `axdr-invalid` or `truncated`; bytes behind the response are passed over. */
export function decodeAccessResponse(bytes: Uint8Array): AccessResponse {
  const reader = new ByteReader(bytes);
  expectTag(reader, TAG.accessResponse, 'access-response');
  const header = readHeader(reader);
  const items = present(reader) ? readList(reader, readItem) : undefined;
  const data = readList(reader, readDataBytes);
  return { ...header, ...(items ? { items } : {}), data, results: readList(reader, readResult) };
}

function writeHeader(writer: ByteWriter, header: { longInvoke: number; dateTime?: Uint8Array }): void {
  writeOctets(writer.u32(header.longInvoke), header.dateTime ?? new Uint8Array(0));
}

function readHeader(reader: ByteReader): { longInvoke: number; dateTime?: Uint8Array } {
  const longInvoke = reader.u32('long-invoke-id-and-priority');
  const dateTime = readOctets(reader, 'date-time');
  return { longInvoke, ...(dateTime.length === 0 ? {} : { dateTime }) };
}

function writeItem(writer: ByteWriter, item: AccessRequestItem): void {
  if (item.type === 'action') {
    writeDescriptor(writer.u8(CHOICES.action), item.method);
    return;
  }
  const { attribute, selection } = item;
  writeDescriptor(writer.u8(CHOICES[item.type] + (selection ? WITH_SELECTION : 0)), attribute);
  if (selection !== undefined) writer.u8(selection.selector).put(selection.parameters);
}

function readItem(reader: ByteReader): AccessRequestItem {
  const choice = reader.u8('access-request-specification');
  switch (choice) {
    case 1:
      return { type: 'get', attribute: readDescriptor(reader) };
    case 2:
      return { type: 'set', attribute: readDescriptor(reader) };
    case 3:
      return { type: 'action', method: readDescriptor(reader) };
    case 4:
      return { type: 'get', attribute: readDescriptor(reader), selection: readSelection(reader) };
    case 5:
      return { type: 'set', attribute: readDescriptor(reader), selection: readSelection(reader) };
    default:
      throw unknownType('access-request-specification', choice);
  }
}

function readSelection(reader: ByteReader): RawSelection {
  return { selector: reader.u8('access selector'), parameters: readDataBytes(reader) };
}

function readResult(reader: ByteReader): AccessResponseItem {
  const choice = reader.u8('access-response-specification');
  const code = reader.u8('result');
  switch (choice) {
    case 1:
      return { type: 'get', result: dataAccessResultName(code) };
    case 2:
      return { type: 'set', result: dataAccessResultName(code) };
    case 3:
      return { type: 'action', result: actionResultName(code) };
    default:
      throw unknownType('access-response-specification', choice);
  }
}

function putBytes(writer: ByteWriter, bytes: Uint8Array): void {
  writer.put(bytes);
}
