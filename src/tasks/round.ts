import type { Clock } from '../base/clock.ts';
import type { DcuError } from '../base/errors.ts';
import type { Meter, TaskItem } from '../base/model.ts';
import type { JobOutcome } from '../meters/line-job.ts';
import type { CollectJob } from './collect-job.ts';
import { kindOf } from './task-type.ts';

export interface RoundSummary {
  readonly meters: number;
  /** Meters of which every item ended well or had nothing to do. */
  readonly read: number;
  readonly failed: number;
  readonly jobs: number;
  /** Rows of energy and demand profiles that were new. */
  readonly profileRows: number;
  readonly billingRows: number;
  readonly eventRows: number;
  readonly durationMs: number;
  readonly failures: readonly {
    readonly meterNo: string;
    readonly item: string;
    readonly code: string;
    readonly message: string;
  }[];
}

/** Keeps the tally of jobs that were queued together. */
export class Round {
  readonly #clock: Clock;
  readonly #startedMs: number;
  readonly #open = new Map<string, CollectJob>();
  readonly #meters = new Set<number>();
  readonly #failedMeters = new Set<number>();
  readonly #failures: RoundSummary['failures'][number][] = [];
  #jobs = 0;
  #profileRows = 0;
  #billingRows = 0;
  #eventRows = 0;
  #wake: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedMs = clock.monotonicMs();
  }

  meter(meter: Meter): void {
    this.#meters.add(meter.id);
  }

  add(job: CollectJob): void {
    this.#jobs++;
    this.#open.set(job.id, job);
  }

  open(): string[] {
    return [...this.#open.keys()];
  }

  failed(meter: Meter, item: TaskItem, error: DcuError): void {
    this.#failedMeters.add(meter.id);
    this.#failures.push({
      meterNo: meter.meterNo,
      item: item.name,
      code: error.code,
      message: error.message,
    });
  }

  /** Jobs of other rounds are not counted. */
  finished(jobId: string, outcome: JobOutcome, rows: number): void {
    const job = this.#open.get(jobId);
    if (job === undefined) return;
    this.#open.delete(jobId);
    const kind = kindOf(job.definition);
    if (kind === 'energy' || kind === 'demand') this.#profileRows += rows;
    else if (kind === 'billing') this.#billingRows += rows;
    else this.#eventRows += rows;
    if ('error' in outcome) this.failed(job.meter, job.item, outcome.error);
    if (this.#open.size === 0) this.#wake?.();
  }

  /** Resolves when no job is open any more. */
  async end(): Promise<RoundSummary> {
    if (this.#open.size > 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return {
      meters: this.#meters.size,
      read: this.#meters.size - this.#failedMeters.size,
      failed: this.#failedMeters.size,
      jobs: this.#jobs,
      profileRows: this.#profileRows,
      billingRows: this.#billingRows,
      eventRows: this.#eventRows,
      durationMs: Math.round(this.#clock.monotonicMs() - this.#startedMs),
      failures: this.#failures,
    };
  }
}
