import type { Clock } from '../../base/clock.ts';
import type { CosemObject, MethodSource } from '../../dlms/cosem/cosem-object.ts';
import { type ImageStore, imageTransferObject } from '../../dlms/cosem/image-transfer-object.ts';
import type { ManagementGroup } from './group.ts';

const IMAGE_TRANSFER = '0.0.44.0.0.255';
const BLOCK_BYTES = 4096;
/** An executable is a hundred megabytes. */
const MOST_IMAGE_BYTES = 512 * 1024 * 1024;
/** Who has begun a transfer and is silent for so long has given it up. */
const GIVEN_UP_MS = 600_000;

/** Image transfer of the concentrator's own firmware: one head-end at a time, and none into another one's image. */
export class SharedImageTransfer {
  readonly #object: CosemObject;
  readonly #clock: Clock;
  #owner: { readonly who: string; readonly seenMs: number } | undefined;

  constructor(store: ImageStore, clock: Clock) {
    this.#clock = clock;
    this.#object = imageTransferObject({
      obis: IMAGE_TRANSFER,
      store,
      blockSize: BLOCK_BYTES,
      maxImageSize: MOST_IMAGE_BYTES,
    });
  }

  /** The object as `who` has it. */
  objectFor(who: string): CosemObject {
    const { methods = {} } = this.#object;
    return {
      ...this.#object,
      methods: Object.fromEntries(
        Object.entries(methods).map(([index, method]) => [index, this.#owned(who, method)]),
      ),
    };
  }

  /** The method, for whoever owns the transfer; it belongs to who acts on it first when it is free. */
  #owned(who: string, method: MethodSource): MethodSource {
    return (parameter, caller) => {
      const nowMs = this.#clock.monotonicMs();
      const owner = this.#owner;
      const taken = owner !== undefined && owner.who !== who && nowMs - owner.seenMs < GIVEN_UP_MS;
      if (taken) return 'temporary-failure';
      this.#owner = { who, seenMs: nowMs };
      return method(parameter, caller);
    };
  }
}

/** Class 18 of the concentrator. */
export const firmwareGroup: ManagementGroup = {
  objects: ({ sources: { management }, channel, host }) => [
    management.imageTransfer.objectFor(`${channel} ${host}`),
  ],
};
