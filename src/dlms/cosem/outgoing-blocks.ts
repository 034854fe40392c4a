import { DcuError } from '../../base/errors.ts';
import { BLOCK_HEADER, notGranted, type OperationLimits } from './client-operations.ts';

/** A value cut into numbered blocks, each sent when the one before has been acknowledged. */
export class OutgoingBlocks {
  readonly value: Uint8Array;
  /** Whether the value goes in one APDU. */
  readonly whole: boolean;
  readonly #firstSize: number;
  readonly #blockSize: number;
  #sent = 0;
  #blockNumber = 0;

  /**
   * `descriptors` is what stands before the first block. Throws `not-granted` when the value does not fit and blocks
   * were not granted, `apdu-too-long` when the server's PDU has no room for a block.
   */
  constructor(value: Uint8Array, descriptors: number, limits: OperationLimits, blocks: boolean) {
    const { maxApdu, generalBlocks } = limits;
    this.value = value;
    this.#blockSize = maxApdu - BLOCK_HEADER;
    this.#firstSize = this.#blockSize - descriptors;
    this.whole = value.length <= this.#firstSize || (generalBlocks && !blocks);
    if (this.whole) return;
    if (!blocks) throw notGranted('block transfer of requests');
    if (this.#firstSize < 1) {
      throw new DcuError('apdu-too-long', `the server's PDU of ${maxApdu} bytes has no room for a block`);
    }
  }

  next(): { last: boolean; blockNumber: number; raw: Uint8Array } {
    if (this.#blockNumber > 0 && this.#sent >= this.value.length) {
      throw new DcuError('apdu-unexpected', 'the server asks for a block behind the last one');
    }
    const size = this.#blockNumber === 0 ? this.#firstSize : this.#blockSize;
    const raw = this.value.subarray(this.#sent, this.#sent + size);
    this.#sent += raw.length;
    this.#blockNumber++;
    return { last: this.#sent >= this.value.length, blockNumber: this.#blockNumber, raw };
  }

  acknowledge(blockNumber: number): void {
    if (blockNumber === this.#blockNumber) return;
    throw new DcuError('block-out-of-order', `block ${blockNumber} acknowledged, ${this.#blockNumber} sent`, {
      facts: { expected: this.#blockNumber, received: blockNumber },
    });
  }
}
