import { DcuError } from '../../base/errors.ts';
import {
  type AccessRequest,
  type AccessRequestItem,
  decodeAccessRequest,
  encodeAccessResponse,
  hasLongInvokeBit,
} from '../apdu/access.ts';
import type { CosemResponse } from '../server-types.ts';
import { getItem } from './server-get.ts';
import {
  actionItem,
  fits,
  isGranted,
  type JobItem,
  requireAttributeZero,
  requireGranted,
  requireListLength,
  type Service,
  type ServiceLimits,
  type ServiceReply,
  setItem,
} from './server-services.ts';

const NULL_DATA = Uint8Array.of(0);
const NULL_DATA_TAG = 0;

/** ACCESS, server role (Green Book 9.3.13): gets, sets and actions of one request, in order. */
export class AccessService implements Service {
  readonly #limits: ServiceLimits;

  constructor(limits: ServiceLimits) {
    this.#limits = limits;
  }

  receive(plain: Uint8Array): ServiceReply {
    requireGranted(this.#limits, 'access');
    const request = decodeAccessRequest(plain);
    const { items, data, longInvoke } = request;
    if (items.length !== data.length) {
      throw new DcuError('apdu-invalid', `${data.length} values for ${items.length} items`);
    }
    requireListLength(items.length);
    return {
      job: {
        items: items.map((item, i) => this.#item(item, data[i] ?? NULL_DATA)),
        breakOnError: hasLongInvokeBit(longInvoke, 'breakOnError'),
        finish: (responses) => this.#answer(request, responses),
      },
    };
  }

  /** A service that was not granted by itself is not granted inside of ACCESS either. */
  #item(item: AccessRequestItem, value: Uint8Array): JobItem {
    if (!isGranted(this.#limits, item.type)) return { result: 'read-write-denied' };
    switch (item.type) {
      case 'get':
        return getItem(this.#limits, item);
      case 'set':
        requireAttributeZero(this.#limits, item.attribute, 'set');
        return setItem(item, value);
      case 'action':
        return actionItem(item.method, value[0] === NULL_DATA_TAG ? undefined : value);
    }
  }

  #answer(request: AccessRequest, responses: readonly CosemResponse[]): Uint8Array {
    const { longInvoke, items } = request;
    const answer = (given: readonly CosemResponse[]): Uint8Array =>
      encodeAccessResponse({
        longInvoke,
        ...(hasLongInvokeBit(longInvoke, 'selfDescriptive') ? { items } : {}),
        data: given.map(({ data }) => data ?? NULL_DATA),
        results: items.map(({ type }, i) => ({ type, result: given[i]?.result ?? 'other-reason' })),
      });
    const apdu = answer(responses);
    return fits(this.#limits, apdu) ? apdu : answer(items.map(() => ({ result: 'other-reason' })));
  }
}
