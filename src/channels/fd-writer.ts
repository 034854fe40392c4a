import type { Clock } from '../base/clock.ts';
import { DcuError } from '../base/errors.ts';
import { unsentBytes, writeTty } from './tty.ts';

const SHORTEST_WAIT_MS = 1;
const LONGEST_WAIT_MS = 20;
const BITS_PER_BYTE = 11;
const MARGIN_MS = 5000;
const DEFAULT_STALL_MS = 10_000;

/** Writes to a terminal that takes what fits and sends it at its own pace. One write at a time. */
export class FdWriter {
  readonly #fd: number;
  readonly #clock: Clock;
  #closed = false;

  constructor(fd: number, clock: Clock) {
    this.#fd = fd;
    this.#clock = clock;
  }

  /**
   * Resolves when the kernel has all bytes. Throws `link-closed` when closed meanwhile, `channel-lost` when no byte
   * was taken for `stallMs`, and the system's error.
   */
  async write(bytes: Uint8Array, stallMs = DEFAULT_STALL_MS): Promise<void> {
    let waitMs = SHORTEST_WAIT_MS;
    let lastTakenMs = this.#clock.monotonicMs();
    for (let at = 0; at < bytes.length; ) {
      this.#mustBeOpen();
      const taken = writeTty(this.#fd, bytes.subarray(at));
      at += taken;
      if (at === bytes.length) return;
      const nowMs = this.#clock.monotonicMs();
      if (taken > 0) lastTakenMs = nowMs;
      if (nowMs - lastTakenMs >= stallMs) {
        throw new DcuError('channel-lost', `the port has taken no bytes for ${stallMs} ms`);
      }
      waitMs = taken > 0 ? SHORTEST_WAIT_MS : Math.min(waitMs * 2, LONGEST_WAIT_MS);
      await this.#pause(waitMs);
    }
  }

  /** Resolves when the last bit has left the port. Throws `channel-lost` when it takes longer than the rate explains. */
  async drain(baudRate: number): Promise<void> {
    const first = unsentBytes(this.#fd);
    const giveUpMs = this.#clock.monotonicMs() + (first * BITS_PER_BYTE * 2000) / baudRate + MARGIN_MS;
    for (let left = first; left > 0; left = unsentBytes(this.#fd)) {
      if (this.#clock.monotonicMs() > giveUpMs) {
        throw new DcuError('channel-lost', `the port holds back ${left} bytes at ${baudRate} baud`);
      }
      const sendingMs = Math.ceil((left * BITS_PER_BYTE * 1000) / baudRate);
      await this.#pause(Math.min(Math.max(SHORTEST_WAIT_MS, sendingMs), LONGEST_WAIT_MS));
      this.#mustBeOpen();
    }
  }

  close(): void {
    this.#closed = true;
  }

  #mustBeOpen(): void {
    if (this.#closed) throw new DcuError('link-closed', 'the port was closed');
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.after(ms, resolve);
    });
  }
}
