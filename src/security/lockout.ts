import type { Clock } from '../base/clock.ts';
import { DcuError } from '../base/errors.ts';

/** What is needed of the store. */
export interface LockoutRows {
  failures(subject: string): Promise<{ readonly count: number; readonly blockedUntil: number | undefined }>;
  saveFailures(subject: string, count: number, blockedUntil: number | undefined): Promise<void>;
}

const BLOCK_MS = 24 * 3_600_000;

/** Counts failed tries per subject and blocks it for 24 hours after too many (user manual §8). */
export class Lockout {
  readonly #rows: LockoutRows;
  readonly #clock: Clock;

  constructor(rows: LockoutRows, clock: Clock) {
    this.#rows = rows;
    this.#clock = clock;
  }

  /** @throws DcuError `locked-out` with fact `retryAfterS` */
  async requireOpen(subjects: readonly string[]): Promise<void> {
    const now = this.#clock.now();
    let until = 0;
    for (const subject of subjects) {
      const { blockedUntil } = await this.#rows.failures(subject);
      until = Math.max(until, blockedUntil ?? 0);
    }
    if (until <= now) return;
    throw new DcuError('locked-out', 'too many failed logins', {
      facts: { retryAfterS: Math.ceil((until - now) / 1000) },
    });
  }

  async fail(subjects: readonly string[], maxFailures: number): Promise<void> {
    const now = this.#clock.now();
    for (const subject of subjects) {
      const before = await this.#rows.failures(subject);
      // A block that is over starts the count anew.
      const count = (before.blockedUntil === undefined ? before.count : 0) + 1;
      await this.#rows.saveFailures(subject, count, count >= maxFailures ? now + BLOCK_MS : undefined);
    }
  }

  async clear(subjects: readonly string[]): Promise<void> {
    for (const subject of subjects) {
      const before = await this.#rows.failures(subject);
      if (before.count > 0 || before.blockedUntil !== undefined) {
        await this.#rows.saveFailures(subject, 0, undefined);
      }
    }
  }
}
