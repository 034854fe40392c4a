import type { Clock } from '../base/clock.ts';
import type { DcuError } from '../base/errors.ts';
import type { LineJob, LineOpening, LineSession } from './line-job.ts';

/** A job on a line, and how it has fared there. */
export interface Entry<Session extends LineSession> {
  readonly id: string;
  readonly meterId: number;
  readonly priority: number;
  readonly job: LineJob<Session>;
  readonly queuedAt: number;
  startedAt: number | null;
  prepared: boolean;
  begun: boolean;
  /** Failures without progress in between. */
  failures: number;
  progress: number;
  /** Repetitions of a step that its line allows. */
  tries: number;
  readonly spent: RetryBudget;
  /** Times in a row that it has made room for something more urgent. */
  brokenOff: number;
}

export function newEntry<Session extends LineSession>(job: LineJob<Session>, clock: Clock): Entry<Session> {
  const { id, meterId, priority } = job;
  return {
    id,
    meterId,
    priority,
    job,
    queuedAt: clock.now(),
    startedAt: null,
    prepared: false,
    begun: false,
    failures: 0,
    progress: 0,
    tries: 1,
    spent: new RetryBudget(),
    brokenOff: 0,
  };
}

/** A step may fail so many times as often as its tries allow, when it gains a little each time. */
const MOST_ROUNDS = 4;

/** What a job may cost in failures, whatever it gains in between. */
export class RetryBudget {
  #failures = 0;
  #lostMs = 0;
  #allowedMs = Number.POSITIVE_INFINITY;
  #allowedFailures = Number.POSITIVE_INFINITY;

  /** As the line of the job allows. */
  bound({ tries, budgetMs }: Pick<LineOpening<unknown>, 'tries' | 'budgetMs'>): void {
    this.#allowedFailures = tries * MOST_ROUNDS;
    this.#allowedMs = budgetMs ?? Number.POSITIVE_INFINITY;
  }

  /** A failure that has cost `ms`; true when there is none left to have. */
  failed(ms: number): boolean {
    this.#failures++;
    this.#lostMs += ms;
    return this.#failures >= this.#allowedFailures || this.#lostMs >= this.#allowedMs;
  }
}

/** `preempted` is no failure: the job made room and goes on where it stood. */
export const madeRoom = (error: DcuError): boolean => error.code === 'preempted';
