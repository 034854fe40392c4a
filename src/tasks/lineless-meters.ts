import type { Clock } from '../base/clock.ts';
import { type DcuError, toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Meter, TaskItem } from '../base/model.ts';
import type { AttemptBook } from './attempt-book.ts';

/**
 * Meters whose line cannot be had: channel off, no device set. Each failed item is on record as an attempt; the log is
 * told once per meter and reason.
 */
export class LinelessMeters {
  readonly #attempts: AttemptBook;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #reasons = new Map<number, string>();

  constructor(attempts: AttemptBook, { clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#attempts = attempts;
    this.#clock = clock;
    this.#log = log;
  }

  reachable(meter: Meter): void {
    this.#reasons.delete(meter.id);
  }

  failed(meter: Meter, item: TaskItem, error: DcuError): void {
    const reason = `${error.code} ${error.message}`;
    if (this.#reasons.get(meter.id) !== reason) {
      this.#reasons.set(meter.id, reason);
      this.#log.warn('meter has no usable line', { meterNo: meter.meterNo, ...error.toJSON() });
    }
    const nowMs = this.#clock.now();
    this.#attempts
      .save({
        meterId: meter.id,
        itemId: item.id,
        startedAt: nowMs,
        finishedAt: nowMs,
        added: 0,
        error: error.code,
        message: error.message,
      })
      .catch((failure: unknown) =>
        this.#log.error('an attempt could not be recorded', { ...toDcuError(failure).toJSON() }),
      );
  }
}
