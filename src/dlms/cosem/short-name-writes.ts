import { DcuError } from '../../base/errors.ts';
import { decodeUnconfirmedWriteRequest } from '../apdu/unconfirmed-write.ts';
import {
  decodeWriteLists,
  decodeWriteRequest,
  encodeWriteResponse,
  type WriteRequest,
  type WriteResult,
} from '../apdu/write.ts';
import { decodeData } from '../axdr.ts';
import { BlockAssembly } from './block-assembly.ts';
import {
  isGranted,
  type Job,
  MAX_INCOMING_BYTES,
  requireGranted,
  type Service,
  type ServiceLimits,
  type ServiceReply,
} from './server-services.ts';
import {
  finishVariables,
  MOST_VARIABLES,
  serviceFault,
  type Variable,
  writeVariable,
} from './short-name-requests.ts';
import type { ShortNameTable } from './short-name-table.ts';

/** WRITE, server role (Green Book 9.3.15): lists, methods, and values that come in blocks. */
export class ShortNameWrites implements Service {
  readonly #limits: ServiceLimits;
  readonly #names: ShortNameTable;
  #incoming: BlockAssembly | undefined;

  constructor(limits: ServiceLimits, names: ShortNameTable) {
    this.#limits = limits;
    this.#names = names;
  }

  receive(plain: Uint8Array): ServiceReply {
    try {
      requireGranted(this.#limits, 'write');
      const request = decodeWriteRequest(plain);
      const [first] = request.accesses;
      if (first?.type === 'write-data-block-access' && request.accesses.length === 1) {
        return this.#piece(first, request.values);
      }
      this.#incoming = undefined;
      return this.#list(request);
    } catch (error) {
      return { apdu: serviceFault('write', error) };
    }
  }

  #list(request: WriteRequest): ServiceReply {
    if (request.accesses.length > 1) requireGranted(this.#limits, 'multiple-references');
    const variables = variablesOf(request, this.#names);
    return {
      job: jobOf(variables, (results) => {
        const apdu = encodeWriteResponse(results);
        if (apdu.length <= this.#limits.maxApdu) return apdu;
        return serviceFault('write', new DcuError('apdu-too-long', 'the answer does not fit'));
      }),
    };
  }

  /** A piece of a request; the first one begins a new transfer, whatever was under way. */
  #piece(
    { last, blockNumber }: { readonly last: boolean; readonly blockNumber: number },
    values: readonly Uint8Array[],
  ): ServiceReply {
    requireGranted(this.#limits, 'block-transfer-with-set-or-write');
    const incoming = blockNumber === 1 ? new BlockAssembly(MAX_INCOMING_BYTES) : this.#incoming;
    this.#incoming = undefined;
    if (incoming === undefined) return refuse('no-long-set-in-progress');
    const [value, further] = values;
    const raw = value && further === undefined ? decodeData(value) : undefined;
    if (raw?.type !== 'octet-string') return refuse('data-block-unavailable');
    try {
      incoming.add(blockNumber, raw.value, last);
    } catch (error) {
      if (!(error instanceof DcuError)) throw error;
      return refuse(error.code === 'block-out-of-order' ? 'data-block-number-invalid' : 'long-set-aborted');
    }
    if (last) return this.#list(decodeWriteLists(incoming.bytes()));
    this.#incoming = incoming;
    return { apdu: encodeWriteResponse([{ type: 'block-number', blockNumber }]) };
  }
}

/** Unconfirmed WRITE, server role: done where it can be, and never answered, also not by an error. */
export class UnconfirmedShortNameWrites implements Service {
  readonly #limits: ServiceLimits;
  readonly #names: ShortNameTable;

  constructor(limits: ServiceLimits, names: ShortNameTable) {
    this.#limits = limits;
    this.#names = names;
  }

  receive(plain: Uint8Array): ServiceReply {
    if (!isGranted(this.#limits, 'unconfirmed-write')) return { apdu: undefined };
    try {
      const variables = variablesOf(decodeUnconfirmedWriteRequest(plain), this.#names);
      return { job: jobOf(variables, () => undefined) };
    } catch (error) {
      if (error instanceof DcuError) return { apdu: undefined };
      throw error;
    }
  }
}

/** Throws `apdu-invalid` unless there is a value for each variable. */
function variablesOf({ accesses, values }: WriteRequest, names: ShortNameTable): Variable[] {
  if (accesses.length !== values.length) {
    throw new DcuError('apdu-invalid', `${values.length} values for ${accesses.length} variables`);
  }
  if (accesses.length > MOST_VARIABLES) {
    throw new DcuError('apdu-too-long', `${accesses.length} variables in one request`);
  }
  return accesses.map((access, i) => writeVariable(access, values[i] ?? new Uint8Array(0), names));
}

function jobOf(
  variables: readonly Variable[],
  answer: (results: readonly WriteResult[]) => Uint8Array | undefined,
): Job {
  return {
    items: variables.flatMap(({ items }) => items),
    finish: (responses) =>
      answer(finishVariables(variables, responses).map(({ result }) => writeResult(result))),
  };
}

function writeResult(result: string): WriteResult {
  return result === 'success' ? { type: 'success' } : { type: 'data-access-error', result };
}

function refuse(result: string): ServiceReply {
  return { apdu: encodeWriteResponse([writeResult(result)]) };
}
