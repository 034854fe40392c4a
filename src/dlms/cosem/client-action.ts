import { ByteReader, ByteWriter } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import {
  type ActionResponse,
  type ActionResult,
  decodeActionResponse,
  decodeActionResults,
  encodeActionRequest,
} from '../apdu/action.ts';
import { readGetResult, writeList } from '../apdu/fields.ts';
import { TAG } from '../apdu/tags.ts';
import type { AccessResult, ClientEvent, CosemAttribute, GetResult } from '../client-types.ts';
import { BlockAssembly } from './block-assembly.ts';
import {
  carriesInvokeId,
  DESCRIPTOR_BYTES,
  expectTag,
  MAX_TRANSFER_BYTES,
  type Operation,
  type OperationLimits,
  type Progress,
  withoutTrailer,
} from './client-operations.ts';
import { OutgoingBlocks } from './outgoing-blocks.ts';

/** A method and the A-XDR bytes of its parameter. */
export interface RawCall {
  readonly method: CosemAttribute;
  readonly parameter?: Uint8Array | undefined;
}

/** What stands for no parameter in a list. */
const NULL_DATA = Uint8Array.of(0);

/** ACTION of one method, its parameter and its return value in blocks where they are long. */
export class ActionOperation implements Operation {
  readonly unanswered?: ClientEvent;
  readonly #limits: OperationLimits;
  readonly #method: CosemAttribute;
  readonly #outgoing: OutgoingBlocks | undefined;
  readonly #assembly = new BlockAssembly(MAX_TRANSFER_BYTES);

  /** Without confirmation nothing is answered, so the parameter must fit one APDU. */
  constructor(limits: OperationLimits, { method, parameter }: RawCall, blocks: boolean, confirmed = true) {
    this.#limits = limits;
    this.#method = method;
    if (parameter !== undefined) {
      this.#outgoing = new OutgoingBlocks(parameter, DESCRIPTOR_BYTES, limits, blocks && confirmed);
    }
    if (!confirmed) this.unanswered = { type: 'action-result', result: 'success' };
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
        return { done: { type: 'action-result', ...outcomeOf(response.response) } };
      case 'next-pblock':
        return nextBlock(invoke, this.#outgoing, response);
      case 'with-pblock': {
        const { more, event, bytes } = takeBlock(invoke, this.#assembly, response);
        if (bytes === undefined) return { event, send: more };
        return { event, done: { type: 'action-result', result: 'success', data: returnedData(bytes) } };
      }
      default:
        throw new DcuError('apdu-unexpected', `action-response ${response.type} to a single action-request`);
    }
  }
}

/** ACTION of several methods in one list, in blocks both ways where it does not fit one APDU. */
export class ActionListOperation implements Operation {
  readonly #limits: OperationLimits;
  readonly #calls: readonly RawCall[];
  readonly #outgoing: OutgoingBlocks;
  readonly #assembly = new BlockAssembly(MAX_TRANSFER_BYTES);

  constructor(limits: OperationLimits, calls: readonly RawCall[], blocks: boolean) {
    this.#limits = limits;
    this.#calls = calls;
    const parameters = new ByteWriter();
    writeList(parameters, this.#parameters, (out, value) => out.put(value));
    this.#outgoing = new OutgoingBlocks(parameters.done(), calls.length * DESCRIPTOR_BYTES, limits, blocks);
  }

  get #parameters(): readonly Uint8Array[] {
    return this.#calls.map(({ parameter }) => parameter ?? NULL_DATA);
  }

  start(): Uint8Array {
    const { invoke } = this.#limits;
    const methods = this.#calls.map(({ method }) => method);
    if (this.#outgoing.whole) {
      return encodeActionRequest({ type: 'with-list', invoke, methods, parameters: this.#parameters });
    }
    const block = this.#outgoing.next();
    return encodeActionRequest({ type: 'with-list-and-first-pblock', invoke, methods, block });
  }

  answers(apdu: Uint8Array): boolean {
    return carriesInvokeId(apdu, this.#limits.invoke);
  }

  receive(apdu: Uint8Array): Progress {
    const { invoke } = this.#limits;
    const response = decodeActionResponse(expectTag(apdu, TAG.actionResponse));
    switch (response.type) {
      case 'with-list':
        return this.#finish(response.responses);
      case 'normal':
        // A refused list may come back as one plain refusal.
        return this.#finish(this.#calls.map(() => response.response));
      case 'next-pblock':
        return nextBlock(invoke, this.#outgoing, response);
      case 'with-pblock': {
        const { more, event, bytes } = takeBlock(invoke, this.#assembly, response);
        if (bytes === undefined) return { event, send: more };
        return { event, ...this.#finish(decodeActionResults(bytes)) };
      }
    }
  }

  #finish(responses: readonly ActionResult[]): Progress {
    if (responses.length !== this.#calls.length) {
      throw new DcuError('apdu-invalid', `${responses.length} results for ${this.#calls.length} methods`);
    }
    return { done: { type: 'action-list-result', results: responses.map(outcomeOf) } };
  }
}

function nextBlock(
  invoke: number,
  outgoing: OutgoingBlocks | undefined,
  response: Extract<ActionResponse, { type: 'next-pblock' }>,
): Progress {
  if (outgoing === undefined) {
    throw new DcuError('apdu-unexpected', 'the server asks for a block of a request that has none');
  }
  outgoing.acknowledge(response.blockNumber);
  return { send: encodeActionRequest({ type: 'with-pblock', invoke, block: outgoing.next() }) };
}

/** `bytes` is the whole content once the last block is there; `more` asks for the next one. */
function takeBlock(
  invoke: number,
  assembly: BlockAssembly,
  { block }: Extract<ActionResponse, { type: 'with-pblock' }>,
): { event: ClientEvent; more: Uint8Array; bytes: Uint8Array | undefined } {
  const { last, blockNumber, raw } = block;
  assembly.add(blockNumber, raw, last);
  return {
    event: { type: 'block', blockNumber, data: raw },
    more: encodeActionRequest({ type: 'next-pblock', invoke, blockNumber }),
    bytes: last ? assembly.bytes() : undefined,
  };
}

/** The result of a method that went well but could not return its value is the reason for that. */
function outcomeOf({ result, returned }: ActionResult): AccessResult {
  if (returned === undefined) return { result };
  if (returned.ok) return { result, data: returned.data };
  const refused = result === 'success' && returned.result !== 'success';
  return { result: refused ? returned.result : result };
}

/**
 * The value that a method returned in blocks. Most servers put the value itself in them, some all of
 * Action-Response-With-Optional-Data.
 */
function returnedData(bytes: Uint8Array): Uint8Array {
  const data = withoutTrailer(bytes);
  if (data.length === bytes.length) return data;
  const reader = new ByteReader(bytes);
  try {
    const result = reader.u8('action-result');
    const isPresent = reader.u8('presence flag') === 1;
    const returned: GetResult | undefined = isPresent ? readGetResult(reader, false) : undefined;
    return result === 0 && returned?.ok && reader.remaining === 0 ? returned.data : data;
  } catch (error) {
    if (error instanceof DcuError) return data;
    throw error;
  }
}
