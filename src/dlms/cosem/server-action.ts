import { ByteReader } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import {
  type ActionResult,
  decodeActionRequest,
  encodeActionResponse,
  encodeActionResults,
} from '../apdu/action.ts';
import { type DataBlock, expectEnd, readDataBytes, readList } from '../apdu/fields.ts';
import type { CosemAttribute } from '../client-types.ts';
import type { CosemResponse } from '../server-types.ts';
import { BlockAssembly } from './block-assembly.ts';
import {
  actionItem,
  BLOCK_RESPONSE_HEADER,
  fits,
  isGranted,
  MAX_INCOMING_BYTES,
  OutgoingTransfer,
  requireGranted,
  requireListLength,
  type Service,
  type ServiceLimits,
  type ServiceReply,
} from './server-services.ts';

interface IncomingAction {
  readonly methods: readonly CosemAttribute[];
  readonly list: boolean;
  readonly assembly: BlockAssembly;
}

const NULL_DATA_TAG = 0;

/** ACTION, server role (Green Book 9.3.8): normal, with-list, and blocks both ways. */
export class ActionService implements Service {
  readonly #limits: ServiceLimits;
  #incoming: IncomingAction | undefined;
  #outgoing: OutgoingTransfer | undefined;

  constructor(limits: ServiceLimits) {
    this.#limits = limits;
  }

  receive(plain: Uint8Array): ServiceReply {
    requireGranted(this.#limits, 'action');
    const request = decodeActionRequest(plain);
    const { invoke } = request;
    if (request.type === 'next-pblock') return { apdu: this.#next(invoke, request.blockNumber) };
    this.#outgoing = undefined;
    if (request.type === 'with-pblock') return this.#block(invoke, request.block);
    this.#incoming = undefined;
    switch (request.type) {
      case 'normal':
        return this.#single(invoke, request.method, request.parameter);
      case 'with-list':
        requireGranted(this.#limits, 'multiple-references');
        return this.#list(invoke, request.methods, request.parameters);
      case 'with-first-pblock':
        return this.#begin(invoke, [request.method], false, request.block);
      case 'with-list-and-first-pblock':
        requireGranted(this.#limits, 'multiple-references');
        return this.#begin(invoke, request.methods, true, request.block);
    }
  }

  #single(invoke: number, method: CosemAttribute, parameter: Uint8Array | undefined): ServiceReply {
    return {
      job: {
        items: [actionItem(method, parameter)],
        finish: ([response]) => this.#answer(invoke, resultOf(response)),
      },
    };
  }

  #answer(invoke: number, response: ActionResult): Uint8Array {
    const apdu = encodeActionResponse({ type: 'normal', invoke, response });
    if (apdu.length <= this.#limits.maxApdu || !response.returned?.ok) return apdu;
    return this.#inBlocks(invoke, response.returned.data, apdu);
  }

  /** A list has a parameter for each method; null-data stands for none. */
  #list(invoke: number, methods: readonly CosemAttribute[], parameters: readonly Uint8Array[]): ServiceReply {
    requireListLength(methods.length);
    if (methods.length !== parameters.length) {
      throw new DcuError('apdu-invalid', `${parameters.length} parameters for ${methods.length} methods`);
    }
    return {
      job: {
        items: methods.map((method, i) => {
          const parameter = parameters[i];
          return actionItem(method, parameter?.[0] === NULL_DATA_TAG ? undefined : parameter);
        }),
        finish: (results) => {
          const responses = results.map(resultOf);
          const apdu = encodeActionResponse({ type: 'with-list', invoke, responses });
          return apdu.length <= this.#limits.maxApdu
            ? apdu
            : this.#inBlocks(invoke, encodeActionResults(responses), apdu);
        },
      },
    };
  }

  /** `whole` is the answer without blocks of the service, which general blocks can carry. */
  #inBlocks(invoke: number, bytes: Uint8Array, whole: Uint8Array): Uint8Array {
    if (!isGranted(this.#limits, 'block-transfer-with-action')) {
      if (fits(this.#limits, whole)) return whole;
      return encodeActionResponse({ type: 'normal', invoke, response: { result: 'other-reason' } });
    }
    this.#outgoing = new OutgoingTransfer(bytes, this.#limits.maxApdu - BLOCK_RESPONSE_HEADER);
    return this.#outgoingBlock(invoke, this.#outgoing);
  }

  #next(invoke: number, blockNumber: number): Uint8Array {
    const outgoing = this.#outgoing;
    if (outgoing !== undefined && blockNumber === outgoing.blockNumber) {
      return this.#outgoingBlock(invoke, outgoing);
    }
    this.#outgoing = undefined;
    const result = outgoing === undefined ? 'no-long-action-in-progress' : 'long-action-aborted';
    return encodeActionResponse({ type: 'normal', invoke, response: { result } });
  }

  #outgoingBlock(invoke: number, outgoing: OutgoingTransfer): Uint8Array {
    const block = outgoing.next();
    if (block.last) this.#outgoing = undefined;
    return encodeActionResponse({ type: 'with-pblock', invoke, block });
  }

  #begin(invoke: number, methods: readonly CosemAttribute[], list: boolean, block: DataBlock): ServiceReply {
    requireGranted(this.#limits, 'block-transfer-with-action');
    requireListLength(methods.length);
    this.#incoming = { methods, list, assembly: new BlockAssembly(MAX_INCOMING_BYTES) };
    return this.#block(invoke, block);
  }

  #block(invoke: number, { blockNumber, last, raw }: DataBlock): ServiceReply {
    const incoming = this.#incoming;
    if (incoming === undefined) return abort(invoke, 'no-long-action-in-progress');
    try {
      incoming.assembly.add(blockNumber, raw, last);
    } catch (error) {
      if (!(error instanceof DcuError)) throw error;
      this.#incoming = undefined;
      return abort(invoke, 'long-action-aborted');
    }
    if (!last) return { apdu: encodeActionResponse({ type: 'next-pblock', invoke, blockNumber }) };
    this.#incoming = undefined;
    const bytes = incoming.assembly.bytes();
    const [method] = incoming.methods;
    if (!incoming.list && method !== undefined) return this.#single(invoke, method, bytes);
    const reader = new ByteReader(bytes);
    const parameters = readList(reader, readDataBytes);
    expectEnd(reader);
    return this.#list(invoke, incoming.methods, parameters);
  }
}

function abort(invoke: number, result: string): ServiceReply {
  return { apdu: encodeActionResponse({ type: 'normal', invoke, response: { result } }) };
}

function resultOf(response: CosemResponse | undefined): ActionResult {
  if (response === undefined) return { result: 'other-reason' };
  const { result, data } = response;
  return data === undefined ? { result } : { result, returned: { ok: true, data } };
}
