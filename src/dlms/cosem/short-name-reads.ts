import { DcuError } from '../../base/errors.ts';
import {
  decodeReadList,
  decodeReadRequest,
  encodeReadResponse,
  encodeReadResults,
  type ReadResult,
} from '../apdu/read.ts';
import type { VariableAccess } from '../apdu/variable-access.ts';
import type { CosemResponse } from '../server-types.ts';
import { BlockAssembly } from './block-assembly.ts';
import {
  isGranted,
  MAX_INCOMING_BYTES,
  OutgoingTransfer,
  requireGranted,
  type Service,
  type ServiceLimits,
  type ServiceReply,
} from './server-services.ts';
import { finishVariables, MOST_VARIABLES, readVariable, serviceFault } from './short-name-requests.ts';
import type { ShortNameTable } from './short-name-table.ts';

/** Tag, count, choice, last-block, block number and length in front of a block of results. */
const BLOCK_HEADER = 9;
const MOST_BLOCKS = 0xffff;

/** READ, server role (Green Book 9.3.14): lists, parameters, and blocks both ways. */
export class ShortNameReads implements Service {
  readonly #limits: ServiceLimits;
  readonly #names: ShortNameTable;
  #outgoing: OutgoingTransfer | undefined;
  #incoming: BlockAssembly | undefined;

  constructor(limits: ServiceLimits, names: ShortNameTable) {
    this.#limits = limits;
    this.#names = names;
  }

  receive(plain: Uint8Array): ServiceReply {
    try {
      requireGranted(this.#limits, 'read');
      const accesses = decodeReadRequest(plain);
      const [first] = accesses;
      if (first?.type === 'block-number-access' && accesses.length === 1) {
        return { apdu: this.#next(first.blockNumber) };
      }
      this.#outgoing = undefined;
      if (first?.type === 'read-data-block-access' && accesses.length === 1) return this.#piece(first);
      this.#incoming = undefined;
      return this.#list(accesses);
    } catch (error) {
      return { apdu: serviceFault('read', error) };
    }
  }

  #list(accesses: readonly VariableAccess[]): ServiceReply {
    if (accesses.length > 1) requireGranted(this.#limits, 'multiple-references');
    if (accesses.length > MOST_VARIABLES) {
      throw new DcuError('apdu-too-long', `${accesses.length} variables in one request`);
    }
    const variables = accesses.map((access) => readVariable(access, this.#names, this.#limits));
    return {
      job: {
        items: variables.flatMap(({ items }) => items),
        finish: (responses) => this.#answer(finishVariables(variables, responses).map(readResult)),
      },
    };
  }

  #answer(results: readonly ReadResult[]): Uint8Array {
    const whole = encodeReadResponse(results);
    if (whole.length <= this.#limits.maxApdu) return whole;
    const blocks = this.#inBlocks(encodeReadResults(results));
    if (blocks !== undefined) return blocks;
    const refused = encodeReadResponse(results.map(() => refusal('other-reason')));
    if (refused.length <= this.#limits.maxApdu) return refused;
    return serviceFault('read', new DcuError('apdu-too-long', 'the answer does not fit'));
  }

  /** The first block; undefined when the client cannot take blocks, or not so many. */
  #inBlocks(bytes: Uint8Array): Uint8Array | undefined {
    const size = this.#limits.maxApdu - BLOCK_HEADER;
    if (!isGranted(this.#limits, 'block-transfer-with-get-or-read')) return undefined;
    if (bytes.length > size * MOST_BLOCKS) return undefined;
    this.#outgoing = new OutgoingTransfer(bytes, size);
    return this.#block(this.#outgoing);
  }

  #next(blockNumber: number): Uint8Array {
    const outgoing = this.#outgoing;
    if (outgoing !== undefined && blockNumber === outgoing.blockNumber) return this.#block(outgoing);
    this.#outgoing = undefined;
    const result = outgoing === undefined ? 'no-long-get-in-progress' : 'data-block-number-invalid';
    return encodeReadResponse([refusal(result)]);
  }

  #block(outgoing: OutgoingTransfer): Uint8Array {
    const block = outgoing.next();
    if (block.last) this.#outgoing = undefined;
    return encodeReadResponse([{ type: 'data-block-result', ...block }]);
  }

  /** A piece of a request; the first one begins a new transfer, whatever was under way. */
  #piece({
    last,
    blockNumber,
    raw,
  }: Extract<VariableAccess, { type: 'read-data-block-access' }>): ServiceReply {
    requireGranted(this.#limits, 'block-transfer-with-get-or-read');
    const incoming = blockNumber === 1 ? new BlockAssembly(MAX_INCOMING_BYTES) : this.#incoming;
    this.#incoming = undefined;
    if (incoming === undefined) return refuse('no-long-get-in-progress');
    try {
      incoming.add(blockNumber, raw, last);
    } catch (error) {
      if (!(error instanceof DcuError)) throw error;
      return refuse(error.code === 'block-out-of-order' ? 'data-block-number-invalid' : 'long-get-aborted');
    }
    if (last) return this.#list(decodeReadList(incoming.bytes()));
    this.#incoming = incoming;
    return { apdu: encodeReadResponse([{ type: 'block-number', blockNumber }]) };
  }
}

function readResult({ result, data }: CosemResponse): ReadResult {
  if (result !== 'success') return refusal(result);
  return data === undefined ? refusal('other-reason') : { type: 'data', data };
}

function refusal(result: string): ReadResult {
  return { type: 'data-access-error', result };
}

function refuse(result: string): ServiceReply {
  return { apdu: encodeReadResponse([refusal(result)]) };
}
