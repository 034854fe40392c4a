import { ByteReader } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import { decodeActionResponse, encodeActionRequest } from '../apdu/action.ts';
import type { AttributeRequest } from '../apdu/fields.ts';
import { decodeGetResponse, decodeGetResults, encodeGetRequest } from '../apdu/get.ts';
import { decodeSetResponse, encodeSetRequest } from '../apdu/set.ts';
import { apduName, TAG } from '../apdu/tags.ts';
import { skipData } from '../axdr.ts';
import type { ClientEvent, CosemAttribute, GetResult } from '../client-types.ts';
import { BlockAssembly } from './block-assembly.ts';

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
}

/** Longest value that is joined from blocks. */
const MAX_TRANSFER_BYTES = 16 * 1024 * 1024;
/** Type, invoke id, last-block, block number and length behind the tag of a request with a block. */
const BLOCK_HEADER = 12;
/** Class, logical name, index, and the flag for no selection. */
const DESCRIPTOR_BYTES = 10;

/** GET of one attribute after the other, in lists where `batches` holds several. */
export class GetOperation implements Operation {
  readonly #limits: OperationLimits;
  readonly #batches: readonly (readonly AttributeRequest[])[];
  readonly #results: GetResult[] = [];
  #batch = 0;
  #assembly: BlockAssembly | undefined;

  constructor(limits: OperationLimits, batches: readonly (readonly AttributeRequest[])[]) {
    this.#limits = limits;
    this.#batches = batches;
  }

  start(): Uint8Array {
    return this.#request();
  }

  answers(apdu: Uint8Array): boolean {
    return carriesInvokeId(apdu, this.#limits.invoke);
  }

  receive(apdu: Uint8Array): Progress {
    const response = decodeGetResponse(expectTag(apdu, TAG.getResponse));
    switch (response.type) {
      case 'normal':
        return this.#finishBatch(
          // A refused list may come back as one plain refusal.
          response.result.ok ? [response.result] : this.#current.map(() => response.result),
        );
      case 'with-list':
        return this.#finishBatch(response.results);
      case 'with-datablock':
        return this.#block(response.last, response.blockNumber, response.block);
    }
  }

  get #current(): readonly AttributeRequest[] {
    return this.#batches[this.#batch] ?? [];
  }

  #request(): Uint8Array {
    const { invoke } = this.#limits;
    const requests = this.#current;
    const [request] = requests;
    return request !== undefined && requests.length === 1
      ? encodeGetRequest({ type: 'normal', invoke, request })
      : encodeGetRequest({ type: 'with-list', invoke, requests });
  }

  #block(last: boolean, blockNumber: number, block: GetResult): Progress {
    if (!block.ok) return this.#finishBatch(this.#current.map(() => block));
    this.#assembly ??= new BlockAssembly(MAX_TRANSFER_BYTES);
    this.#assembly.add(blockNumber, block.data, last);
    const event: ClientEvent = { type: 'block', blockNumber, data: block.data };
    if (!last) {
      const { invoke } = this.#limits;
      return { event, send: encodeGetRequest({ type: 'next', invoke, blockNumber }) };
    }
    const bytes = this.#assembly.bytes();
    const results: GetResult[] =
      this.#current.length === 1 ? [{ ok: true, data: withoutTrailer(bytes) }] : decodeGetResults(bytes);
    return { event, ...this.#finishBatch(results) };
  }

  #finishBatch(results: readonly GetResult[]): Progress {
    if (results.length !== this.#current.length) {
      throw new DcuError('apdu-invalid', `${results.length} results for ${this.#current.length} attributes`);
    }
    this.#results.push(...results);
    this.#assembly = undefined;
    this.#batch++;
    return this.#batch < this.#batches.length
      ? { send: this.#request() }
      : { done: { type: 'get-result', results: this.#results } };
  }
}

/** Lists as long as the server's PDU allows, or one attribute each where lists were not granted. */
export function planGetBatches(
  requests: readonly AttributeRequest[],
  lists: boolean,
  maxApdu: number,
): AttributeRequest[][] {
  if (!lists) return requests.map((request) => [request]);
  const batches: AttributeRequest[][] = [];
  let room = 0;
  for (const request of requests) {
    const size = DESCRIPTOR_BYTES + (request.selection ? 1 + request.selection.parameters.length : 0);
    const batch = batches.at(-1);
    if (batch === undefined || size > room) {
      batches.push([request]);
      room = maxApdu - BLOCK_HEADER - size;
    } else {
      batch.push(request);
      room -= size;
    }
  }
  return batches;
}

/** SET of one attribute, in blocks when the value does not fit one APDU. */
export class SetOperation implements Operation {
  readonly #limits: OperationLimits;
  readonly #request: AttributeRequest;
  readonly #outgoing: OutgoingBlocks;

  constructor(limits: OperationLimits, attribute: CosemAttribute, value: Uint8Array, blocks: boolean) {
    this.#limits = limits;
    this.#request = { attribute };
    this.#outgoing = new OutgoingBlocks(value, limits.maxApdu, blocks);
  }

  start(): Uint8Array {
    const { invoke } = this.#limits;
    const request = this.#request;
    return this.#outgoing.whole
      ? encodeSetRequest({ type: 'normal', invoke, request, value: this.#outgoing.value })
      : encodeSetRequest({ type: 'with-first-datablock', invoke, request, block: this.#outgoing.next() });
  }

  answers(apdu: Uint8Array): boolean {
    return carriesInvokeId(apdu, this.#limits.invoke);
  }

  receive(apdu: Uint8Array): Progress {
    const { invoke } = this.#limits;
    const response = decodeSetResponse(expectTag(apdu, TAG.setResponse));
    switch (response.type) {
      case 'normal':
      case 'last-datablock':
        return { done: { type: 'set-result', result: response.result } };
      case 'datablock':
        this.#outgoing.acknowledge(response.blockNumber);
        return { send: encodeSetRequest({ type: 'with-datablock', invoke, block: this.#outgoing.next() }) };
      default:
        throw new DcuError('apdu-unexpected', `set-response ${response.type} to a single set-request`);
    }
  }
}

/** ACTION of one method, its parameter and its return value in blocks where they are long. */
export class ActionOperation implements Operation {
  readonly #limits: OperationLimits;
  readonly #method: CosemAttribute;
  readonly #outgoing: OutgoingBlocks | undefined;
  readonly #assembly = new BlockAssembly(MAX_TRANSFER_BYTES);

  constructor(
    limits: OperationLimits,
    method: CosemAttribute,
    parameter: Uint8Array | undefined,
    blocks: boolean,
  ) {
    this.#limits = limits;
    this.#method = method;
    this.#outgoing =
      parameter === undefined ? undefined : new OutgoingBlocks(parameter, limits.maxApdu, blocks);
  }

  start(): Uint8Array {
    const { invoke } = this.#limits;
    const method = this.#method;
    const outgoing = this.#outgoing;
    if (outgoing === undefined) return encodeActionRequest({ type: 'normal', invoke, method });
    return outgoing.whole
      ? encodeActionRequest({ type: 'normal', invoke, method, parameter: outgoing.value })
      : encodeActionRequest({ type: 'with-first-pblock', invoke, method, block: outgoing.next() });
  }

  answers(apdu: Uint8Array): boolean {
    return carriesInvokeId(apdu, this.#limits.invoke);
  }

  receive(apdu: Uint8Array): Progress {
    const { invoke } = this.#limits;
    const response = decodeActionResponse(expectTag(apdu, TAG.actionResponse));
    switch (response.type) {
      case 'normal':
        return { done: actionEvent(response.response.result, response.response.returned) };
      case 'next-pblock':
        if (this.#outgoing === undefined) break;
        this.#outgoing.acknowledge(response.blockNumber);
        return { send: encodeActionRequest({ type: 'with-pblock', invoke, block: this.#outgoing.next() }) };
      case 'with-pblock': {
        const { last, blockNumber, raw } = response.block;
        this.#assembly.add(blockNumber, raw, last);
        const event: ClientEvent = { type: 'block', blockNumber, data: raw };
        if (!last) return { event, send: encodeActionRequest({ type: 'next-pblock', invoke, blockNumber }) };
        const data = withoutTrailer(this.#assembly.bytes());
        return { event, done: { type: 'action-result', result: 'success', data } };
      }
      default:
    }
    throw new DcuError('apdu-unexpected', `action-response ${response.type} to this action-request`);
  }
}

/** The result of a method that went well but could not return its value is the reason for that. */
function actionEvent(result: string, returned: GetResult | undefined): ClientEvent {
  if (returned === undefined) return { type: 'action-result', result };
  if (returned.ok) return { type: 'action-result', result, data: returned.data };
  const refused = result === 'success' && returned.result !== 'success';
  return { type: 'action-result', result: refused ? returned.result : result };
}

/** A value cut into numbered blocks, each sent when the one before has been acknowledged. */
class OutgoingBlocks {
  readonly value: Uint8Array;
  readonly #blockSize: number;
  #sent = 0;
  #blockNumber = 0;

  constructor(value: Uint8Array, maxApdu: number, blocks: boolean) {
    this.value = value;
    this.#blockSize = maxApdu - BLOCK_HEADER - DESCRIPTOR_BYTES;
    if (this.whole) return;
    if (!blocks) throw notGranted('block transfer of requests');
    if (this.#blockSize < 1) {
      throw new DcuError('apdu-too-long', `the server's PDU of ${maxApdu} bytes has no room for a block`);
    }
  }

  get whole(): boolean {
    return this.value.length <= this.#blockSize;
  }

  next(): { last: boolean; blockNumber: number; raw: Uint8Array } {
    if (this.#blockNumber > 0 && this.#sent >= this.value.length) {
      throw new DcuError('apdu-unexpected', 'the server asks for a block behind the last one');
    }
    const raw = this.value.subarray(this.#sent, this.#sent + this.#blockSize);
    this.#sent += raw.length;
    this.#blockNumber++;
    return { last: this.#sent >= this.value.length, blockNumber: this.#blockNumber, raw };
  }

  acknowledge(blockNumber: number): void {
    if (blockNumber === this.#blockNumber) return;
    throw new DcuError('block-out-of-order', `block ${blockNumber} acknowledged, ${this.#blockNumber} sent`, {
      facts: { expected: this.#blockNumber, received: blockNumber },
    });
  }
}

export function notGranted(what: string): DcuError {
  return new DcuError('not-granted', `the server did not grant ${what}`);
}

/** Cuts bytes behind a complete value; a value that cannot be walked is left to its decoder, whole. */
function withoutTrailer(bytes: Uint8Array): Uint8Array {
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
function carriesInvokeId(apdu: Uint8Array, invoke: number): boolean {
  return ((apdu[2] ?? 0) & 0x0f) === (invoke & 0x0f);
}

function expectTag(apdu: Uint8Array, tag: number): Uint8Array {
  const found = apdu[0] ?? 0;
  if (found === tag) return apdu;
  throw new DcuError('apdu-unexpected', `${apduName(found)} where ${apduName(tag)} is due`, { offset: 0 });
}
