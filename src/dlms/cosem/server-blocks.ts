import { DcuError } from '../../base/errors.ts';
import { type GeneralBlockStep, GeneralBlocks } from './general-blocks.ts';
import { MAX_INCOMING_BYTES } from './server-services.ts';

/** General block transfer below the services of a server's association: what goes in blocks, and what comes in them. */
export class ServerBlocks {
  readonly #blocks: GeneralBlocks;
  readonly #maxApdu: number;

  /** `maxApdu` is the longest APDU that the client takes; `window`: blocks in one go. */
  constructor(maxApdu: number, window: number) {
    this.#maxApdu = maxApdu;
    this.#blocks = new GeneralBlocks({ window, maxApdu, limit: MAX_INCOMING_BYTES });
  }

  /** Throws what `GeneralBlocks.receive` throws. */
  receive(apdu: Uint8Array): GeneralBlockStep {
    return this.#blocks.receive(apdu);
  }

  /** Who asks in blocks is answered in blocks; whoever does not gets them where the answer is too long. */
  answer(secured: Uint8Array): readonly Uint8Array[] {
    const due = this.#blocks.state === 'received' || secured.length > this.#maxApdu;
    return due ? this.#blocks.begin(secured).send : [secured];
  }

  /** The first blocks of a long notification. Throws `conflict` while a request is coming in or not answered. */
  notification(secured: Uint8Array): readonly Uint8Array[] {
    const { state } = this.#blocks;
    // An earlier notification that was never acknowledged to its end gives way to this one; a request does not.
    if (state === 'receiving' || state === 'received') {
      throw new DcuError('conflict', 'not possible inside a request in blocks');
    }
    this.#blocks.reset();
    return this.#blocks.begin(secured).send;
  }

  reset(): void {
    this.#blocks.reset();
  }
}
