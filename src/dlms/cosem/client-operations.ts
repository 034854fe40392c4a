import { ByteReader } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import { apduName } from '../apdu/tags.ts';
import { skipData } from '../axdr.ts';
import type { ClientEvent } from '../client-types.ts';

/** What one answer leads to: an event on the way, and the next request or the result. */
export interface Progress {
  readonly event?: ClientEvent;
  /** Together with `done`: nothing answers it. */
  readonly send?: Uint8Array;
  readonly done?: ClientEvent;
}

/** One service call of the client: a first APDU, and for each answer what comes next. */
export interface Operation {
  /** What came of it, where there is nothing to ask; the other members are not used then. */
  readonly settled?: ClientEvent;
  /** What it ends with as soon as its first APDU is sent: an unconfirmed service is not answered. */
  readonly unanswered?: ClientEvent;
  start(): Uint8Array;
  /** Whether what was sent last may be sent once more: it changes nothing, and two answers to it cannot be mistaken. */
  readonly repeatable?: boolean;
  /** Whether this may be the answer that is due: a late answer to an earlier request is passed over. */
  answers(apdu: Uint8Array): boolean;
  /** Throws DcuError: the call has failed, the association stands. */
  receive(apdu: Uint8Array): Progress;
}

export interface OperationLimits {
  /** Raw Invoke-Id-And-Priority of this call. */
  readonly invoke: number;
  /** Longest plain APDU that the server takes. */
  readonly maxApdu: number;
  /** Longer APDUs go in general block transfer. */
  readonly generalBlocks: boolean;
}

/** Longest value that is joined from blocks. */
export const MAX_TRANSFER_BYTES = 16 * 1024 * 1024;
/** Type, invoke id, last-block, block number and length behind the tag of a request with a block. */
export const BLOCK_HEADER = 12;
/** Class, logical name, index, and the flag for no selection. */
export const DESCRIPTOR_BYTES = 10;

export function notGranted(what: string): DcuError {
  return new DcuError('not-granted', `the server did not grant ${what}`);
}

/** Cuts bytes behind a complete value; a value that cannot be walked is left to its decoder, whole. */
export function withoutTrailer(bytes: Uint8Array): Uint8Array {
  const reader = new ByteReader(bytes);
  try {
    skipData(reader);
  } catch (error) {
    if (error instanceof DcuError) return bytes;
    throw error;
  }
  return bytes.subarray(0, reader.offset);
}

/** Whether the Invoke-Id-And-Priority of an answer names the request. */
export function carriesInvokeId(apdu: Uint8Array, invoke: number): boolean {
  return ((apdu[2] ?? 0) & 0x0f) === (invoke & 0x0f);
}

export function expectTag(apdu: Uint8Array, tag: number): Uint8Array {
  const found = apdu[0] ?? 0;
  if (found === tag) return apdu;
  throw new DcuError('apdu-unexpected', `${apduName(found)} where ${apduName(tag)} is due`, { offset: 0 });
}
