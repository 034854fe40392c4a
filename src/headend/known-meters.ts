import type { Meter } from '../base/model.ts';

/** The meters of the archive by their id; asked for once, until they change. */
export class KnownMeters {
  readonly #ask: () => Promise<readonly Meter[]>;
  #known: Promise<ReadonlyMap<number, Meter>> | undefined;

  constructor(ask: () => Promise<readonly Meter[]>) {
    this.#ask = ask;
  }

  /** To be called when a meter has changed. */
  forget(): void {
    this.#known = undefined;
  }

  all(): Promise<ReadonlyMap<number, Meter>> {
    this.#known ??= this.#ask().then((all) => new Map(all.map((meter) => [meter.id, meter])));
    // Nothing is remembered that could not be read.
    this.#known.catch(() => this.forget());
    return this.#known;
  }
}
