/** Lines that may be busy beyond the limit when an operator waits. */
const ON_DEMAND_EXTRA = 16;
/** Lines that may wait for an answer without a slot: each is a socket and some kilobytes. */
const MOST_LENT = 512;

/** The right of a line to be busy. */
export interface Slot {
  /** Lets others go on while the line only waits; nothing happens when too many do so already. */
  lend(): void;
  /** Resolves when the line may be busy again: to false, at once, when nothing was lent. `urgent`: on demand. */
  resume(urgent: boolean): Promise<boolean>;
  release(): void;
}

interface Waiting {
  readonly line: string;
  /** Lower goes first. */
  readonly rank: number;
  readonly grant: () => void;
}

/** A line that comes back to a meter which has answered goes before all but on-demand work. */
const RESUMING = 0.5;
/** Lines whose meter was silent lately go behind all others. */
const DOUBTFUL = 10;

/**
 * Which lines may work at the same time: at most `limit`, on-demand work excepted. A line that waits for a meter to
 * say its first word lends its slot to others, so that dead meters keep nobody from being read.
 */
export class Slots {
  readonly #limit: number;
  readonly #waiting: Waiting[] = [];
  #busy = 0;
  #lent = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** `priority` of the line's work, 0 to 5; `doubtful`: its meter was silent lately. */
  async take(line: string, priority: number, doubtful: boolean): Promise<Slot> {
    await this.#acquire(line, doubtful && priority > 0 ? priority + DOUBTFUL : priority);
    let state: 'held' | 'lent' | 'released' = 'held';
    return {
      lend: () => {
        if (state !== 'held' || this.#lent >= MOST_LENT) return;
        state = 'lent';
        this.#lent++;
        this.#free();
      },
      resume: async (urgent) => {
        if (state !== 'lent') return false;
        // Held from now on, also while it waits: nobody else ends that.
        state = 'held';
        this.#lent--;
        await this.#acquire(line, urgent ? 0 : RESUMING);
        return true;
      },
      release: () => {
        if (state === 'held') this.#free();
        else if (state === 'lent') this.#lent--;
        state = 'released';
      },
    };
  }

  /** On-demand work has come to a line that may be waiting. */
  hurry(line: string): void {
    const at = this.#waiting.findIndex((waiting) => waiting.line === line);
    const [found] = at < 0 ? [] : this.#waiting.splice(at, 1);
    if (found === undefined) return;
    this.#wait({ ...found, rank: 0 });
    this.#grant();
  }

  async #acquire(line: string, rank: number): Promise<void> {
    if (this.#isFree(rank)) this.#busy++;
    else await new Promise<void>((grant) => this.#wait({ line, rank, grant }));
  }

  #free(): void {
    this.#busy--;
    this.#grant();
  }

  #isFree(rank: number): boolean {
    return this.#busy < this.#limit + (rank === 0 ? ON_DEMAND_EXTRA : 0);
  }

  /** Behind those that are as urgent. */
  #wait(waiting: Waiting): void {
    const behind = this.#waiting.findIndex((other) => other.rank > waiting.rank);
    this.#waiting.splice(behind < 0 ? this.#waiting.length : behind, 0, waiting);
  }

  #grant(): void {
    for (
      let next = this.#waiting[0];
      next !== undefined && this.#isFree(next.rank);
      next = this.#waiting[0]
    ) {
      this.#waiting.shift();
      this.#busy++;
      next.grant();
    }
  }
}
