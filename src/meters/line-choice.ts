import type { Clock } from '../base/clock.ts';
import type { Health, HealthBook } from './breaker.ts';
import type { JobQueue, Queued } from './job-queue.ts';
import { LineTurns } from './line-turns.ts';

/** What is next on a line: by priority, by what meters may be asked now, and so that nobody starves. */
export class LineChoice<Job extends Queued> {
  readonly turns = new LineTurns();
  readonly #queue: JobQueue<Job>;
  readonly #health: HealthBook;
  readonly #clock: Clock;

  constructor(queue: JobQueue<Job>, health: HealthBook, clock: Clock) {
    this.#queue = queue;
    this.#health = health;
    this.#clock = clock;
  }

  /** `current`: the meter whose association stands. */
  pick(current: number | undefined): Job | undefined {
    const nowMs = this.#clock.monotonicMs();
    const rank = (meterId: number, priority: number): number | undefined => {
      const health = this.#health.of(meterId);
      if (waitUntil(health, meterId === current ? 0 : priority) > nowMs) return undefined;
      return health.failures === 0 ? 0 : 1;
    };
    const handOn = current !== undefined && this.turns.over(nowMs);
    if (handOn) this.#queue.toBack(current);
    const kept = handOn ? undefined : current;
    const chosen = this.#queue.pick(kept, rank);
    if (!this.turns.othersTurn || chosen?.priority !== 0) return chosen;
    const other = this.#queue.pick(kept, (meterId, priority) =>
      priority === 0 ? undefined : rank(meterId, priority),
    );
    return other ?? chosen;
  }

  /** Whether the job may be begun now. */
  isReady({ meterId, priority }: Job): boolean {
    return waitUntil(this.#health.of(meterId), priority) <= this.#clock.monotonicMs();
  }

  /** When the first of the waiting jobs may be begun, monotonic ms; infinite when none waits. */
  earliestMs(): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const { meterId, priority } of this.#queue.meters()) {
      earliest = Math.min(earliest, waitUntil(this.#health.of(meterId), priority));
    }
    return earliest;
  }

  /** The job is begun. */
  chosen({ priority }: Job): void {
    let othersWait = false;
    for (const waiting of this.#queue.meters()) othersWait ||= waiting.priority !== 0;
    this.turns.chosen(priority, othersWait);
  }
}

function waitUntil(health: Health, priority: number): number {
  return priority === 0 ? health.notBeforeMs : Math.max(health.notBeforeMs, health.quietUntilMs);
}
