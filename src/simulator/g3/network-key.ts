import { createCipheriv } from 'node:crypto';

/**
 * What goes wrong with a new key: it is refused; it is answered but never taken; it is taken and the meter does not come
 * back.
 */
export type KeyFailure = 'refuse' | 'ignore' | 'lose';

const CHECK_BYTES = 3;
const BLOCK_BYTES = 16;

/** Where a meter keeps its pre-shared key: a new one is used some time after it was answered. */
export class G3KeyPlace {
  readonly #takeOverMs: number;
  #key: Uint8Array;
  #next: { readonly key: Uint8Array; readonly fromMs: number; readonly loses: boolean } | undefined;
  #failure: KeyFailure | undefined;

  constructor(key: Uint8Array, takeOverMs: number) {
    this.#key = key.slice();
    this.#takeOverMs = takeOverMs;
  }

  /** The key in use. */
  at(nowMs: number): Uint8Array {
    this.#settle(nowMs);
    return (this.lost(nowMs) && this.#next ? this.#next.key : this.#key).slice();
  }

  /** First three bytes of a block of zeros under the key in use. */
  checkValue(nowMs: number): Uint8Array {
    this.#settle(nowMs);
    return createCipheriv('aes-128-ecb', this.#key, null)
      .update(new Uint8Array(BLOCK_BYTES))
      .subarray(0, CHECK_BYTES);
  }

  /** Whether the meter is out of reach because of a key that it took over. */
  lost(nowMs: number): boolean {
    this.#settle(nowMs);
    return this.#next?.loses === true && nowMs >= this.#next.fromMs;
  }

  /** Takes a key of 16 bytes; the standard's name of the result. */
  offer(key: Uint8Array, nowMs: number): string {
    if (this.#failure === 'refuse') return 'temporary-failure';
    this.#settle(nowMs);
    if (this.#failure !== 'ignore') {
      this.#next = {
        key: key.slice(),
        fromMs: nowMs + this.#takeOverMs,
        loses: this.#failure === 'lose',
      };
    }
    return 'success';
  }

  fail(failure: KeyFailure | undefined): void {
    this.#failure = failure;
    if (failure === undefined && this.#next?.loses === true) this.#next = { ...this.#next, loses: false };
  }

  #settle(nowMs: number): void {
    if (this.#next === undefined || this.#next.loses || nowMs < this.#next.fromMs) return;
    this.#key = this.#next.key;
    this.#next = undefined;
  }
}
