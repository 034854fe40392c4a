import { toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { CosemAttribute } from '../dlms/client.ts';
import type { AssociationChanges } from '../dlms/cosem/association-object.ts';
import type { CosemObject } from '../dlms/cosem/cosem-object.ts';
import { createLogicalDevice, type DeviceAssociation, type SapEntry } from '../dlms/cosem/object-model.ts';
import type { Caller, CosemRequest, CosemResponse, CountedKey, LogicalDevice } from '../dlms/server.ts';
import type { DeviceCounters } from './hes-counters.ts';
import type { Later } from './later.ts';
import { resultOf } from './result-of.ts';

/** What a device is made of for one request. */
export interface Contents {
  /** Logical device name. */
  readonly name: string;
  readonly objects: readonly CosemObject[];
  readonly saps?: readonly SapEntry[];
  /** What the objects begin and end later. */
  readonly later?: Later;
  /** What clients may change about their association; nothing if not given. */
  readonly changes?: AssociationChanges;
}

export interface FetchedDeviceOptions {
  readonly address: number;
  readonly systemTitle: Uint8Array;
  /** As they are by now. */
  readonly associations: () => readonly DeviceAssociation[];
  readonly counters: DeviceCounters;
  /**
   * Gets at hand what the request needs, and no more: objects that it does not touch may be empty. Undefined when the
   * device is there no more.
   */
  readonly fetch: (request: CosemRequest, caller: Caller) => Promise<Contents | undefined>;
  /**
   * Answers what the objects leave open, and all that is to be set or done but for what every device has itself:
   * association, SAP assignment and name. `object-undefined` if not given.
   */
  readonly beyond?: (request: CosemRequest, caller: Caller) => Promise<CosemResponse>;
  /** Whether a caller wants everything answered by `beyond`, what is at hand too. Nobody does if not given. */
  readonly isLive?: (caller: Caller) => boolean;
  /** Told of each answer, in the order of the requests. */
  readonly respond: (response: CosemResponse) => void;
  readonly log: Log;
}

/** Association, SAP assignment, logical device name: what every device has of itself. */
export const OWN_OBJECTS: ReadonlySet<string> = new Set([
  '0.0.40.0.0.255',
  '0.0.41.0.0.255',
  '0.0.42.0.0.255',
]);

/** Answers that somebody else may know better. */
const isOpen = (response: CosemResponse | undefined): boolean =>
  response === undefined || response.result === 'object-undefined';

/**
 * A logical device whose objects live for one request: what a request is about is fetched, then the objects that are made
 * of it answer as those of any other device. Between requests it holds nothing, so that thousands of them cost nothing.
 */
export class FetchedDevice implements LogicalDevice {
  readonly address: number;
  readonly systemTitle: Uint8Array;
  readonly #options: FetchedDeviceOptions;

  constructor(options: FetchedDeviceOptions) {
    this.#options = options;
    this.address = options.address;
    this.systemTitle = options.systemTitle;
  }

  get associations(): readonly DeviceAssociation[] {
    return this.#options.associations();
  }

  nextInvocationCounter(): number {
    return this.#options.counters.next();
  }

  acceptInvocationCounter(clientAddress: number, counter: number, key: CountedKey): boolean {
    return this.#options.counters.accept(clientAddress, counter, key);
  }

  expectedInvocationCounter(clientAddress: number): number {
    return this.#options.counters.expected(clientAddress);
  }

  handle(request: CosemRequest, caller: Caller): undefined {
    const { respond, log } = this.#options;
    this.#answer(request, caller).then(respond, (error: unknown) => {
      log.error('a request of the head-end failed', { ...toDcuError(error).toJSON() });
      respond({ result: resultOf(toDcuError(error)) });
    });
  }

  async #answer(request: CosemRequest, caller: Caller): Promise<CosemResponse> {
    const { fetch, beyond, isLive, counters } = this.#options;
    await counters.ready();
    const own = OWN_OBJECTS.has(targetOf(request).obis);
    const passes = request.type !== 'get' || isLive?.(caller) === true;
    if (beyond !== undefined && passes && !own) return beyond(request, caller);
    const contents = await fetch(request, caller);
    if (contents === undefined) return { result: 'object-unavailable' };
    const response = this.#deviceOf(contents).handle(request, caller);
    if (response === undefined && contents.later?.answer !== undefined) return contents.later.answer;
    if (beyond !== undefined && isOpen(response)) return beyond(request, caller);
    return response ?? { result: 'object-undefined' };
  }

  #deviceOf({ name, objects, saps, changes }: Contents): LogicalDevice {
    return createLogicalDevice({
      address: this.address,
      systemTitle: this.systemTitle,
      name,
      objects,
      associations: this.associations,
      ...(saps === undefined ? {} : { saps: () => saps }),
      ...(changes === undefined ? {} : { changes }),
      nextInvocationCounter: () => this.nextInvocationCounter(),
      acceptInvocationCounter: (...accepted) => this.acceptInvocationCounter(...accepted),
    });
  }
}

const targetOf = (request: CosemRequest): CosemAttribute =>
  request.type === 'action' ? request.method : request.attribute;
