/** Doublings that are remembered: 64 times the estimate is beyond every bound in use. */
const MOST_DOUBLINGS = 6;

/**
 * How long a peer takes to answer, as RFC 6298 (2.2, 2.3, 5.5) estimates it: a smoothed time and its variation, and a
 * time-out that doubles with each silence until an answer to a first try comes. Milliseconds.
 */
export class ResponseTimes {
  #smoothedMs: number | undefined;
  #variationMs = 0;
  #doublings = 0;

  /** Undefined before the first answer. */
  get smoothedMs(): number | undefined {
    return this.#smoothedMs;
  }

  /** Smoothed time and four variations, doubled for each silence since; undefined before the first answer. */
  get timeoutMs(): number | undefined {
    if (this.#smoothedMs === undefined) return undefined;
    return (this.#smoothedMs + 4 * this.#variationMs) * 2 ** this.#doublings;
  }

  /** An answer to what was sent once: which try a repeated one belongs to nobody can tell (Karn). */
  answered(ms: number): void {
    this.#doublings = 0;
    if (this.#smoothedMs === undefined) {
      this.#smoothedMs = ms;
      this.#variationMs = ms / 2;
      return;
    }
    this.#variationMs = 0.75 * this.#variationMs + 0.25 * Math.abs(this.#smoothedMs - ms);
    this.#smoothedMs = 0.875 * this.#smoothedMs + 0.125 * ms;
  }

  silent(): void {
    this.#doublings = Math.min(MOST_DOUBLINGS, this.#doublings + 1);
  }
}
