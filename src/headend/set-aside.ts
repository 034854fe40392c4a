export interface SetAsideOptions {
  /** Failures of one item, after the first, before others go in front of it. */
  readonly retries: number;
}

const FIRST_HOLD_MS = 60_000;
const LONGEST_HOLD_MS = 3_600_000;
/** Items that are tried in the place of one that fails, before it is the receiver that is at fault. */
const FIRST_PROBES = 8;
const MOST_HELD = 256;

interface Failing {
  failures: number;
  /** How often it has failed while others were acknowledged. */
  proven: number;
  /** Acknowledgements of others until it failed last. */
  acknowledgements: number;
  /** Monotonic ms until which others go in front of it. */
  heldUntilMs: number;
}

/**
 * Keeps an item that a head-end fails to acknowledge again and again from keeping all others: it is left out for a while, which
 * grows, and comes again. Nothing is given up. Whether it is the item shows by the others: once one of them is acknowledged the
 * item has another try, and where they fail too it is the head-end that is at fault, and the usual order holds again.
 */
export class SetAside {
  readonly #retries: number;
  readonly #failing = new Map<number, Failing>();
  /** Left out since the last acknowledgement: whether it is they or the head-end is not known yet. */
  readonly #unproven = new Set<number>();
  #acknowledgements = 0;
  #probes = FIRST_PROBES;

  constructor({ retries }: SetAsideOptions) {
    this.#retries = retries;
  }

  /** Tells whether the item is left out from now on. */
  failed(id: number, nowMs: number): boolean {
    const failing = this.#failing.get(id) ?? newFailing(this.#acknowledgements);
    this.#failing.set(id, failing);
    failing.failures++;
    const isBeyond = failing.failures > this.#retries;
    const isTheItem = failing.proven > 0 || this.#acknowledgements > failing.acknowledgements;
    failing.acknowledgements = this.#acknowledgements;
    if (isBeyond && isTheItem) {
      failing.heldUntilMs = nowMs + Math.min(FIRST_HOLD_MS * 2 ** failing.proven++, LONGEST_HOLD_MS);
    } else if (isBeyond || this.#unproven.size > 0) {
      // While it is not known who is at fault, each of the others has one try.
      failing.heldUntilMs = nowMs + FIRST_HOLD_MS;
      this.#unproven.add(id);
    } else return false;
    if (this.#unproven.size <= this.#probes && this.#failing.size <= MOST_HELD) return true;
    this.#release();
    return false;
  }

  acknowledged(id: number): void {
    this.#failing.delete(id);
    this.#acknowledgements++;
    for (const other of this.#unproven) {
      const failing = this.#failing.get(other);
      if (failing !== undefined) failing.heldUntilMs = Number.NEGATIVE_INFINITY;
    }
    this.#unproven.clear();
    this.#probes = FIRST_PROBES;
  }

  /** Items that are not to be sent now. */
  leftOut(nowMs: number): readonly number[] {
    return [...this.#failing].filter(([, { heldUntilMs }]) => heldUntilMs > nowMs).map(([id]) => id);
  }

  /** All in their order again; next time more are tried, in case that many in a row are at fault. */
  #release(): void {
    this.#failing.clear();
    this.#unproven.clear();
    this.#probes = Math.min(this.#probes * 2, MOST_HELD);
  }
}

const newFailing = (acknowledgements: number): Failing => ({
  failures: 0,
  proven: 0,
  acknowledgements,
  heldUntilMs: Number.NEGATIVE_INFINITY,
});
