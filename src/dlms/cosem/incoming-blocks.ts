import { concat } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import { type GeneralBlock, MAX_WINDOW } from '../apdu/general-block-transfer.ts';

/** Blocks so small on average are no transfer but a way to hold memory. */
const CRUMBS = { from: 64, leastBytes: 4 } as const;

/** The blocks of one message of the peer, which may come in any order and more than once. */
export class IncomingBlocks {
  readonly #limit: number;
  readonly #parts: Uint8Array[] = [];
  /** Blocks that came before one that is missing. */
  readonly #early = new Map<number, GeneralBlock>();
  readonly #before: number;
  #contiguous: number;
  #bytes = 0;
  #joined = 0;
  #complete = false;

  /** `before` is the number before the first block; `limit` the most bytes that are taken in. */
  constructor(before: number, limit: number) {
    this.#before = before;
    this.#contiguous = before;
    this.#limit = limit;
  }

  /** Number of the last block without a gap before it. */
  get contiguous(): number {
    return this.#contiguous;
  }

  get complete(): boolean {
    return this.#complete;
  }

  /** Blocks that are missing before the first early one; 0 when none is known to be. */
  get gap(): number {
    if (this.#early.size === 0) return 0;
    return Math.min(...this.#early.keys()) - this.#contiguous - 1;
  }

  /** Throws `apdu-too-long`, or `apdu-invalid` for a message that does not move. */
  add(block: GeneralBlock): void {
    const { blockNumber, data } = block;
    const ahead = blockNumber - this.#contiguous;
    // What is not new, or further ahead than any window reaches, says nothing.
    if (this.#complete || ahead < 1 || ahead > MAX_WINDOW || this.#early.has(blockNumber)) return;
    this.#bytes += data.length;
    if (this.#bytes > this.#limit) {
      throw new DcuError('apdu-too-long', `general block transfer of more than ${this.#limit} bytes`);
    }
    this.#early.set(blockNumber, block);
    this.#join();
  }

  #join(): void {
    for (;;) {
      const next = this.#early.get(this.#contiguous + 1);
      if (next === undefined) return;
      this.#contiguous++;
      this.#early.delete(this.#contiguous);
      this.#joined += next.data.length;
      this.#parts.push(next.data);
      // A block without content before all others is an acknowledgement that was late.
      if (next.last && this.#joined > 0) {
        this.#complete = true;
        this.#early.clear();
        return;
      }
      const blocks = this.#contiguous - this.#before;
      if (blocks >= CRUMBS.from && this.#joined < blocks * CRUMBS.leastBytes) {
        throw new DcuError('apdu-invalid', `${blocks} blocks hold no more than ${this.#joined} bytes`);
      }
    }
  }

  bytes(): Uint8Array {
    return concat(this.#parts);
  }
}
