import { DcuError } from '../../base/errors.ts';
import { type ConformanceBit, conformanceMask } from '../apdu/conformance.ts';
import type { AttributeRequest } from '../apdu/fields.ts';
import { decodeData } from '../axdr.ts';
import type { CosemAttribute, Referencing } from '../client-types.ts';
import type { DlmsData } from '../data.ts';
import type { CosemRequest, CosemResponse } from '../server-types.ts';

/** A request as the device is asked, or what it is answered without being asked. */
export type JobItem = CosemRequest | CosemResponse;

/** Requests to a logical device, one after the other, and the APDU that their responses make. */
export interface Job {
  readonly items: readonly JobItem[];
  /** Items behind one that fails are not done. */
  readonly breakOnError?: boolean;
  /** Undefined where the service is not confirmed. */
  finish(responses: readonly CosemResponse[]): Uint8Array | undefined;
}

/** What a request leads to: an answer at once (none for an unconfirmed service), or a job. */
export type ServiceReply = { readonly apdu: Uint8Array | undefined } | { readonly job: Job };

export interface ServiceLimits {
  readonly referencing: Referencing;
  /** Negotiated conformance, 24 bits. */
  readonly conformance: number;
  /** Longest plain APDU for the client. */
  readonly maxApdu: number;
}

/** Longest value that a client may hand over in blocks. */
export const MAX_INCOMING_BYTES = 64 * 1024;
/** Items of one request: each may lead to a long answer. */
const MAX_LIST_ITEMS = 256;
/** Tag, type, invoke id, last-block, block number, choice and length of a response with a block. */
export const BLOCK_RESPONSE_HEADER = 13;

/** One service of an association: its requests, and the one block transfer that may be under way. */
export interface Service {
  /** Throws DcuError for what is malformed or was not granted. */
  receive(plain: Uint8Array): ServiceReply;
}

/** Throws `not-granted` unless the conformance bit was negotiated. */
export function requireGranted(limits: ServiceLimits, bit: ConformanceBit): void {
  if (isGranted(limits, bit)) return;
  throw new DcuError('not-granted', `${bit} was not negotiated`, { facts: { bit } });
}

export function isGranted(limits: ServiceLimits, bit: ConformanceBit): boolean {
  return (limits.conformance & conformanceMask([bit])) !== 0;
}

/** Whether the client takes this answer in one piece, or in general blocks. */
export function fits(limits: ServiceLimits, apdu: Uint8Array): boolean {
  return apdu.length <= limits.maxApdu || isGranted(limits, 'general-block-transfer');
}

/** Throws `apdu-too-long` for a list with more items than are served at once. */
export function requireListLength(items: number): void {
  if (items > MAX_LIST_ITEMS) {
    throw new DcuError('apdu-too-long', `a list of ${items} items, at most ${MAX_LIST_ITEMS} are served`);
  }
}

/** Attribute 0 stands for all attributes of an object. Throws `not-granted` unless that was negotiated. */
export function requireAttributeZero(
  limits: ServiceLimits,
  { attribute }: CosemAttribute,
  service: 'get' | 'set',
): void {
  if (attribute === 0) requireGranted(limits, `attribute0-supported-with-${service}`);
}

/** A SET as the device is asked; a value that cannot be decoded is a refusal of this item alone. */
export function setItem(request: AttributeRequest, value: Uint8Array): JobItem {
  if (request.selection !== undefined) return { result: 'scope-of-access-violated' };
  const data = decodedOrRefused(value);
  return 'result' in data ? data : { type: 'set', attribute: request.attribute, value: data.value };
}

export function actionItem(method: CosemAttribute, parameter: Uint8Array | undefined): JobItem {
  if (parameter === undefined) return { type: 'action', method };
  const data = decodedOrRefused(parameter);
  return 'result' in data ? data : { type: 'action', method, parameter: data.value };
}

function decodedOrRefused(bytes: Uint8Array): { value: DlmsData } | { result: string } {
  try {
    return { value: decodeData(bytes) };
  } catch (error) {
    if (error instanceof DcuError) return { result: 'type-unmatched' };
    throw error;
  }
}

/** A long answer that leaves in numbered blocks, each when the client has asked for it. */
export class OutgoingTransfer {
  readonly #bytes: Uint8Array;
  readonly #blockSize: number;
  #offset = 0;
  #blockNumber = 0;

  constructor(bytes: Uint8Array, blockSize: number) {
    this.#bytes = bytes;
    this.#blockSize = blockSize;
  }

  /** Number of the block sent last. */
  get blockNumber(): number {
    return this.#blockNumber;
  }

  get finished(): boolean {
    return this.#offset >= this.#bytes.length;
  }

  next(): { last: boolean; blockNumber: number; raw: Uint8Array } {
    const raw = this.#bytes.subarray(this.#offset, this.#offset + this.#blockSize);
    this.#offset += raw.length;
    this.#blockNumber++;
    return { last: this.finished, blockNumber: this.#blockNumber, raw };
  }
}
