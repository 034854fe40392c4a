import { DcuError } from '../../base/errors.ts';
import type { AttributeRequest } from '../apdu/fields.ts';
import { decodeGetResponse, decodeGetResults, encodeGetRequest } from '../apdu/get.ts';
import { TAG } from '../apdu/tags.ts';
import type { ClientEvent, GetResult } from '../client-types.ts';
import { BlockAssembly } from './block-assembly.ts';
import {
  BLOCK_HEADER,
  carriesInvokeId,
  DESCRIPTOR_BYTES,
  expectTag,
  MAX_TRANSFER_BYTES,
  type Operation,
  type OperationLimits,
  type Progress,
  withoutTrailer,
} from './client-operations.ts';

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

  /** Batches share their invoke id: a late answer to one would be taken for that of the next. */
  get repeatable(): boolean {
    return this.#batches.length === 1;
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
