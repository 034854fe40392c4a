import { DcuError } from '../../base/errors.ts';
import {
  type AccessRequestItem,
  decodeAccessResponse,
  encodeAccessRequest,
  LONG_INVOKE,
} from '../apdu/access.ts';
import { TAG } from '../apdu/tags.ts';
import { encodeData } from '../axdr.ts';
import type { AccessResult, AccessSpecification } from '../client-types.ts';
import { expectTag, type Operation, type Progress } from './client-operations.ts';
import { encodeSelection } from './selective-access.ts';

/** Stands in the list of data for an item that takes or gives none. */
const NULL_DATA = Uint8Array.of(0);
/** What became of items behind the one that failed, where the server does not say. */
const NOT_DONE: AccessResult = { result: 'other-reason' };

export interface AccessLimits {
  /** Long-Invoke-Id-And-Priority of this call. */
  readonly longInvoke: number;
  readonly maxApdu: number;
  /** Longer APDUs go in general block transfer. */
  readonly generalBlocks: boolean;
}

/** ACCESS: gets, sets and actions in one request (Green Book 9.3.13). */
export class AccessOperation implements Operation {
  readonly #limits: AccessLimits;
  readonly #specifications: readonly AccessSpecification[];

  constructor(limits: AccessLimits, specifications: readonly AccessSpecification[]) {
    this.#limits = limits;
    this.#specifications = specifications;
  }

  start(): Uint8Array {
    const { longInvoke, maxApdu, generalBlocks } = this.#limits;
    const items = this.#specifications.map(itemOf);
    const data = this.#specifications.map(dataOf);
    const apdu = encodeAccessRequest({ longInvoke, items, data });
    if (apdu.length > maxApdu && !generalBlocks) {
      throw new DcuError('apdu-too-long', `a request of ${apdu.length} bytes, the server takes ${maxApdu}`);
    }
    return apdu;
  }

  answers(apdu: Uint8Array): boolean {
    if (apdu[0] !== TAG.accessResponse) return true;
    const id = ((apdu[2] ?? 0) << 16) | ((apdu[3] ?? 0) << 8) | (apdu[4] ?? 0);
    return id === (this.#limits.longInvoke & LONG_INVOKE.id);
  }

  receive(apdu: Uint8Array): Progress {
    const { data, results } = decodeAccessResponse(expectTag(apdu, TAG.accessResponse));
    const asked = this.#specifications.length;
    if (data.length > asked || results.length > asked) {
      throw new DcuError('apdu-invalid', `${results.length} results for ${asked} items`);
    }
    const breaks = (this.#limits.longInvoke & LONG_INVOKE.breakOnError) !== 0;
    if (results.length < asked && !breaks) {
      throw new DcuError('apdu-invalid', `${results.length} results for ${asked} items`);
    }
    return {
      done: {
        type: 'access-result',
        results: this.#specifications.map((specification, i) => {
          const result = results[i];
          const value = data[i];
          if (result === undefined) return NOT_DONE;
          const isValue = value !== undefined && (specification.type === 'get' || value[0] !== 0);
          return isValue && result.result === 'success'
            ? { result: result.result, data: value }
            : { result: result.result };
        }),
      },
    };
  }
}

function itemOf(specification: AccessSpecification): AccessRequestItem {
  switch (specification.type) {
    case 'get': {
      const { attribute, selection } = specification;
      return { type: 'get', attribute, ...(selection ? { selection: encodeSelection(selection) } : {}) };
    }
    case 'set':
      return { type: 'set', attribute: specification.attribute };
    case 'action':
      return { type: 'action', method: specification.method };
  }
}

function dataOf(specification: AccessSpecification): Uint8Array {
  switch (specification.type) {
    case 'get':
      return NULL_DATA;
    case 'set':
      return encodeData(specification.value);
    case 'action':
      return specification.parameter === undefined ? NULL_DATA : encodeData(specification.parameter);
  }
}
