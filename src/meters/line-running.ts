import type { Clock } from '../base/clock.ts';
import { DcuError } from '../base/errors.ts';
import type { Entry } from './line-entry.ts';
import type { LineSession } from './line-job.ts';
import { peaceMs } from './line-turns.ts';

/** Work whose turn has come after much that was on demand is left in peace for so long. */
const OTHERS_TURN_MS = 3_000;

export const preempted = (): DcuError => new DcuError('preempted', 'it made room for something more urgent');

/** The step that a line is busy with, and how it makes room. */
export class RunningStep<Session extends LineSession> {
  readonly entry: Entry<Session>;
  readonly abort = new AbortController();
  readonly startedMs: number;
  readonly #clock: Clock;
  readonly #breakOff: () => void;
  /** Not broken off before, monotonic ms. */
  readonly #peaceUntilMs: number;
  #opening = true;
  /** Something more urgent waits for the end of the opening. */
  #wanted = false;
  #cancelLater: (() => void) | undefined;

  /** `othersTurn`: it was passed over for long; `breakOff` ends its transfer at the next APDU. */
  constructor(entry: Entry<Session>, clock: Clock, othersTurn: boolean, breakOff: () => void) {
    this.entry = entry;
    this.#clock = clock;
    this.#breakOff = breakOff;
    this.startedMs = clock.monotonicMs();
    const peace = Math.max(peaceMs(entry.brokenOff), othersTurn ? OTHERS_TURN_MS : 0);
    this.#peaceUntilMs = this.startedMs + peace;
  }

  /** The meter has answered: the session begins to work. Throws `preempted` when something more urgent waits already. */
  opened(): void {
    this.#opening = false;
    if (this.#wanted) throw preempted();
  }

  /**
   * Broken off at the next APDU, for something more urgent that could begin; an opening that is not answered yet makes room
   * at once for another meter's work on demand.
   */
  makeRoomFor(other: Entry<Session>): void {
    const { entry } = this;
    if (other.priority >= entry.priority) return;
    const leftMs = this.#peaceUntilMs - this.#clock.monotonicMs();
    if (leftMs > 0) this.#cancelLater ??= this.#clock.after(leftMs, () => this.makeRoomFor(other));
    else if (!this.#opening) this.#breakOff();
    else if (other.priority === 0 && other.meterId !== entry.meterId) this.abort.abort(preempted());
    else this.#wanted = true;
  }

  /** It is over. */
  end(): void {
    this.#cancelLater?.();
  }
}
