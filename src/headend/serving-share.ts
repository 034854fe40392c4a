import { type Clock, sleep } from '../base/clock.ts';
import type { MeterReadings } from './ports.ts';

export interface ServingShareOptions {
  readonly clock: Clock;
  /** Whether meters are being read at the moment. */
  readonly isReading: () => boolean;
}

/**
 * Cells a second that head-ends get out of the store while meters are read: some percent of what it can give, which is about a
 * megabit a second.
 */
const CELLS_PER_SECOND = 20_000;
/** What a request costs besides its cells. */
const CELLS_PER_REQUEST = 100;
/** How soon it is noticed that nothing is read any more. */
const LOOK_EVERY_MS = 50;

/**
 * What all head-ends together may take of the store, and with it of the processor, while meters are read: one request at a time in the
 * order of asking, and after it a pause as long as its answer is worth. Nobody waits while nothing is read.
 */
export class ServingShare {
  readonly #options: ServingShareOptions;
  #last: Promise<void> = Promise.resolve();
  /** Monotonic ms until which what was given is paid for. */
  #paidAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: ServingShareOptions) {
    this.#options = options;
  }

  /** Does `work` when it is its turn; `cellsOf` says what came of it. */
  async give<Result>(work: () => Promise<Result>, cellsOf: (result: Result) => number): Promise<Result> {
    const { promise: done, resolve: release } = Promise.withResolvers<void>();
    const before = this.#last;
    this.#last = done;
    try {
      await before;
      await this.#paid();
      const result = await work();
      this.#charge(cellsOf(result));
      return result;
    } finally {
      release();
    }
  }

  async #paid(): Promise<void> {
    const { clock, isReading } = this.#options;
    for (;;) {
      const leftMs = this.#paidAtMs - clock.monotonicMs();
      if (leftMs <= 0 || !isReading()) return;
      await sleep(clock, Math.min(leftMs, LOOK_EVERY_MS));
    }
  }

  #charge(cells: number): void {
    const { clock, isReading } = this.#options;
    if (!isReading()) return;
    const worthMs = ((CELLS_PER_REQUEST + cells) / CELLS_PER_SECOND) * 1000;
    this.#paidAtMs = Math.max(this.#paidAtMs, clock.monotonicMs()) + worthMs;
  }
}

/** The readings of the store as head-ends get them. */
export function sharedReadings(readings: MeterReadings, share: ServingShare): MeterReadings {
  return {
    profile: (...wanted) =>
      share.give(
        () => readings.profile(...wanted),
        (rows) => (rows === undefined ? 0 : rows.times.length * (1 + rows.columns.length)),
      ),
    events: (...wanted) =>
      share.give(
        () => readings.events(...wanted),
        ({ rows }) => rows.length * 2,
      ),
    registers: (meterId) =>
      share.give(
        () => readings.registers(meterId),
        (registers) => registers.length,
      ),
  };
}
