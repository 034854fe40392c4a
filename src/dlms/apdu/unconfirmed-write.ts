import { ByteReader, ByteWriter } from '../../base/bytes.ts';
import { expectTag } from './fields.ts';
import { TAG } from './tags.ts';
import { encodeWriteLists, readWriteLists, type WriteRequest } from './write.ts';

/** 16, the list of variables and the list of their values (Green Book 9.5); nothing answers it. */
export function encodeUnconfirmedWriteRequest(request: WriteRequest): Uint8Array {
  return encodeWriteLists(request, new ByteWriter(128).u8(TAG.unconfirmedWriteRequest));
}

/** Throws `apdu-invalid`, `axdr-invalid` or `truncated`. */
export function decodeUnconfirmedWriteRequest(bytes: Uint8Array): WriteRequest {
  const reader = new ByteReader(bytes);
  expectTag(reader, TAG.unconfirmedWriteRequest, 'unconfirmed-write-request');
  return readWriteLists(reader);
}
