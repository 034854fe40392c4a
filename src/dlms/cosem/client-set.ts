import { ByteWriter } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import { type AttributeRequest, writeList } from '../apdu/fields.ts';
import { decodeSetResponse, encodeSetRequest, type SetResponse } from '../apdu/set.ts';
import { TAG } from '../apdu/tags.ts';
import type { ClientEvent, CosemAttribute } from '../client-types.ts';
import {
  carriesInvokeId,
  DESCRIPTOR_BYTES,
  expectTag,
  type Operation,
  type OperationLimits,
  type Progress,
} from './client-operations.ts';
import { OutgoingBlocks } from './outgoing-blocks.ts';

/** An attribute and the A-XDR bytes that it is set to. */
export interface RawSetting {
  readonly attribute: CosemAttribute;
  readonly value: Uint8Array;
}

/** SET of one attribute, in blocks when the value does not fit one APDU. */
export class SetOperation implements Operation {
  readonly unanswered?: ClientEvent;
  readonly #limits: OperationLimits;
  readonly #request: AttributeRequest;
  readonly #outgoing: OutgoingBlocks;

  /** Without confirmation nothing is answered, so the value must fit one APDU. */
  constructor(limits: OperationLimits, { attribute, value }: RawSetting, blocks: boolean, confirmed = true) {
    this.#limits = limits;
    this.#request = { attribute };
    this.#outgoing = new OutgoingBlocks(value, DESCRIPTOR_BYTES, limits, blocks && confirmed);
    if (!confirmed) this.unanswered = { type: 'set-result', result: 'success' };
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
        throw unexpected(response);
    }
  }
}

/** SET of several attributes in one list, whose values go in blocks when the list does not fit one APDU. */
export class SetListOperation implements Operation {
  readonly #limits: OperationLimits;
  readonly #settings: readonly RawSetting[];
  readonly #outgoing: OutgoingBlocks;

  constructor(limits: OperationLimits, settings: readonly RawSetting[], blocks: boolean) {
    this.#limits = limits;
    this.#settings = settings;
    const values = new ByteWriter();
    writeList(values, settings, (out, { value }) => out.put(value));
    this.#outgoing = new OutgoingBlocks(values.done(), settings.length * DESCRIPTOR_BYTES, limits, blocks);
  }

  start(): Uint8Array {
    const { invoke } = this.#limits;
    const requests = this.#settings.map(({ attribute }) => ({ attribute }));
    if (this.#outgoing.whole) {
      const values = this.#settings.map(({ value }) => value);
      return encodeSetRequest({ type: 'with-list', invoke, requests, values });
    }
    const block = this.#outgoing.next();
    return encodeSetRequest({ type: 'with-list-and-first-datablock', invoke, requests, block });
  }

  answers(apdu: Uint8Array): boolean {
    return carriesInvokeId(apdu, this.#limits.invoke);
  }

  receive(apdu: Uint8Array): Progress {
    const { invoke } = this.#limits;
    const response = decodeSetResponse(expectTag(apdu, TAG.setResponse));
    switch (response.type) {
      case 'with-list':
      case 'last-datablock-with-list':
        return this.#finish(response.results);
      case 'normal':
      case 'last-datablock':
        // A refused list may come back as one plain refusal.
        return this.#finish(this.#settings.map(() => response.result));
      case 'datablock':
        this.#outgoing.acknowledge(response.blockNumber);
        return { send: encodeSetRequest({ type: 'with-datablock', invoke, block: this.#outgoing.next() }) };
    }
  }

  #finish(results: readonly string[]): Progress {
    if (results.length !== this.#settings.length) {
      throw new DcuError('apdu-invalid', `${results.length} results for ${this.#settings.length} attributes`);
    }
    return { done: { type: 'set-list-result', results } };
  }
}

function unexpected(response: SetResponse): DcuError {
  return new DcuError('apdu-unexpected', `set-response ${response.type} to a single set-request`);
}
