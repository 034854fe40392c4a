import { concat } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';

/** Blocks without content that are not the last: more than a few are a server that will never come to an end. */
const MOST_EMPTY_BLOCKS = 3;
/** So are crumbs: from so many blocks on, each must have brought so many bytes on average. The smallest PDU has more. */
const CRUMBS = { from: 64, leastBytes: 8 } as const;

/** Joins the numbered blocks of one transfer; kept apart until the end, so that each byte is copied once. */
export class BlockAssembly {
  readonly #limit: number;
  readonly #parts: Uint8Array[] = [];
  #length = 0;
  #empty = 0;
  #next = 1;

  /** `limit` is the most bytes that the transfer may have. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Throws `block-out-of-order`, `apdu-too-long`, or `apdu-invalid` for a transfer that does not move. */
  add(blockNumber: number, raw: Uint8Array, last: boolean): void {
    if (blockNumber !== this.#next) {
      throw new DcuError('block-out-of-order', `block ${blockNumber} came where ${this.#next} is due`, {
        facts: { expected: this.#next, received: blockNumber },
      });
    }
    if (raw.length === 0 && !last && ++this.#empty > MOST_EMPTY_BLOCKS) {
      throw new DcuError('apdu-invalid', 'the peer keeps sending empty blocks');
    }
    if (this.#length + raw.length > this.#limit) {
      throw new DcuError('apdu-too-long', `block transfer of more than ${this.#limit} bytes`);
    }
    this.#length += raw.length;
    if (!last && blockNumber >= CRUMBS.from && this.#length < blockNumber * CRUMBS.leastBytes) {
      throw new DcuError('apdu-invalid', `${blockNumber} blocks hold no more than ${this.#length} bytes`);
    }
    this.#next++;
    this.#parts.push(raw);
  }

  /** What was received so far, joined. */
  bytes(): Uint8Array {
    return concat(this.#parts);
  }
}
