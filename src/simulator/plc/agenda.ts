interface Entry {
  readonly atMs: number;
  readonly order: number;
  readonly run: (atMs: number) => void;
}

/** What is to happen, in the order of its time; what has the same time, in the order in which it was added. */
export class Agenda {
  #entries: Entry[] = [];
  #order = 0;

  /** When the next thing is due. */
  get dueMs(): number | undefined {
    return this.#entries[0]?.atMs;
  }

  add(atMs: number, run: (atMs: number) => void): void {
    const entry = { atMs, order: this.#order++, run };
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#entries[middle]?.atMs ?? 0) <= atMs) low = middle + 1;
      else high = middle;
    }
    this.#entries.splice(low, 0, entry);
  }

  /** Everything that is due, each at its own time. */
  run(nowMs: number): void {
    while (this.dueMs !== undefined && this.dueMs <= nowMs) this.runOne();
  }

  /** The next thing, if there is one. */
  runOne(): void {
    const next = this.#entries.shift();
    next?.run(next.atMs);
  }

  clear(): void {
    this.#entries = [];
  }
}
