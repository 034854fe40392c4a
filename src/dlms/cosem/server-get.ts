import { DcuError } from '../../base/errors.ts';
import type { AttributeRequest } from '../apdu/fields.ts';
import { decodeGetRequest, encodeGetResponse, encodeGetResults } from '../apdu/get.ts';
import type { GetResult } from '../client-types.ts';
import type { CosemResponse } from '../server-types.ts';
import { getEach, joinEach } from './attribute-zero.ts';
import { decodeSelection } from './selective-access.ts';
import {
  BLOCK_RESPONSE_HEADER,
  fits,
  isGranted,
  type JobItem,
  OutgoingTransfer,
  requireAttributeZero,
  requireGranted,
  requireListLength,
  type Service,
  type ServiceLimits,
  type ServiceReply,
} from './server-services.ts';

const PROFILE_GENERIC = 7;

/** GET, server role (Green Book 9.3.6): normal, next, with-list, and long answers in blocks. */
export class GetService implements Service {
  readonly #limits: ServiceLimits;
  #transfer: OutgoingTransfer | undefined;
  /** The answer to the last request for a block. */
  #said: { readonly invoke: number; readonly asked: number; readonly apdu: Uint8Array } | undefined;

  constructor(limits: ServiceLimits) {
    this.#limits = limits;
  }

  receive(plain: Uint8Array): ServiceReply {
    requireGranted(this.#limits, 'get');
    const request = decodeGetRequest(plain);
    const { invoke } = request;
    if (request.type === 'next') return { apdu: this.#next(invoke, request.blockNumber) };
    this.#transfer = undefined;
    this.#said = undefined;
    if (request.type === 'normal' && request.request.attribute.attribute === 0) {
      requireAttributeZero(this.#limits, request.request.attribute, 'get');
      return {
        job: {
          items: getEach(request.request.attribute),
          finish: (responses) => this.#single(invoke, resultOf(joinEach(responses))),
        },
      };
    }
    if (request.type === 'normal') {
      return {
        job: {
          items: [getItem(this.#limits, request.request)],
          finish: ([response]) => this.#single(invoke, resultOf(response)),
        },
      };
    }
    requireGranted(this.#limits, 'multiple-references');
    requireListLength(request.requests.length);
    return {
      job: {
        items: request.requests.map((item) => getItem(this.#limits, item)),
        finish: (responses) => this.#list(invoke, responses.map(resultOf)),
      },
    };
  }

  #single(invoke: number, result: GetResult): Uint8Array {
    const apdu = encodeGetResponse({ type: 'normal', invoke, result });
    if (apdu.length <= this.#limits.maxApdu || !result.ok) return apdu;
    return (
      this.#inBlocks(invoke, result.data) ??
      this.#whole(apdu) ??
      encodeGetResponse({ type: 'normal', invoke, result: { ok: false, result: 'other-reason' } })
    );
  }

  #list(invoke: number, results: readonly GetResult[]): Uint8Array {
    const apdu = encodeGetResponse({ type: 'with-list', invoke, results });
    if (apdu.length <= this.#limits.maxApdu) return apdu;
    const inBlocks = this.#inBlocks(invoke, encodeGetResults(results)) ?? this.#whole(apdu);
    if (inBlocks !== undefined) return inBlocks;
    const refused = results.map((): GetResult => ({ ok: false, result: 'other-reason' }));
    return encodeGetResponse({ type: 'with-list', invoke, results: refused });
  }

  /** An answer that general blocks carry; undefined when the client cannot take them. */
  #whole(apdu: Uint8Array): Uint8Array | undefined {
    return fits(this.#limits, apdu) ? apdu : undefined;
  }

  /** The first block; undefined when the client cannot take blocks. */
  #inBlocks(invoke: number, bytes: Uint8Array): Uint8Array | undefined {
    if (!isGranted(this.#limits, 'block-transfer-with-get-or-read')) return undefined;
    this.#transfer = new OutgoingTransfer(bytes, this.#limits.maxApdu - BLOCK_RESPONSE_HEADER);
    return this.#block(invoke, this.#transfer);
  }

  #next(invoke: number, blockNumber: number): Uint8Array {
    const said = this.#said;
    // Who asks for it once more has not got the answer.
    if (said?.invoke === invoke && said.asked === blockNumber) return said.apdu;
    const transfer = this.#transfer;
    if (transfer !== undefined && blockNumber === transfer.blockNumber) {
      const apdu = this.#block(invoke, transfer);
      this.#said = { invoke, asked: blockNumber, apdu };
      return apdu;
    }
    this.#transfer = undefined;
    const result = transfer === undefined ? 'no-long-get-in-progress' : 'data-block-number-invalid';
    return encodeGetResponse({
      type: 'with-datablock',
      invoke,
      last: true,
      blockNumber,
      block: { ok: false, result },
    });
  }

  #block(invoke: number, transfer: OutgoingTransfer): Uint8Array {
    const { last, blockNumber, raw } = transfer.next();
    if (last) this.#transfer = undefined;
    return encodeGetResponse({
      type: 'with-datablock',
      invoke,
      last,
      blockNumber,
      block: { ok: true, data: raw },
    });
  }
}

/** A GET as the device is asked; a selection that cannot be understood is a refusal of this item alone. */
export function getItem(limits: ServiceLimits, { attribute, selection }: AttributeRequest): JobItem {
  requireAttributeZero(limits, attribute, 'get');
  // All attributes at once are an answer of their own.
  if (attribute.attribute === 0) return { result: 'scope-of-access-violated' };
  if (selection === undefined) return { type: 'get', attribute };
  if (!isGranted(limits, 'selective-access')) return { result: 'scope-of-access-violated' };
  try {
    const decoded = decodeSelection(selection);
    const described = attribute.classId !== PROFILE_GENERIC || decoded.by !== 'selector';
    return described ? { type: 'get', attribute, selection: decoded } : { result: 'type-unmatched' };
  } catch (error) {
    if (error instanceof DcuError) return { result: 'type-unmatched' };
    throw error;
  }
}

function resultOf(response: CosemResponse | undefined): GetResult {
  if (response === undefined) return { ok: false, result: 'other-reason' };
  if (response.result !== 'success') return { ok: false, result: response.result };
  return response.data === undefined
    ? { ok: false, result: 'other-reason' }
    : { ok: true, data: response.data };
}
