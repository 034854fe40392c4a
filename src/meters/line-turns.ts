/** Steps of on-demand work in a row while other work waits, before a step of that comes in between. */
const MOST_URGENT = 8;
/** A meter that holds the line for so long lets the next one of its priority go on: opening anew costs a second or two. */
const TURN_MS = 60_000;
/** Work that has made room so often in a row is left in peace at first. */
const MOST_BROKEN_OFF = 2;
const PEACE_MS = 3_000;

/** Who may keep a line and for how long, so that nobody starves. Times are monotonic milliseconds. */
export class LineTurns {
  #urgentInARow = 0;
  #sinceMs = 0;

  /** A meter has got the line. */
  begun(nowMs: number): void {
    this.#sinceMs = nowMs;
  }

  /** Whether the meter that has the line is to hand it on, if another of the same priority waits. */
  over(nowMs: number): boolean {
    return nowMs - this.#sinceMs >= TURN_MS;
  }

  /** Whether it is the turn of work that is not on demand, for it has been passed over long enough. */
  get othersTurn(): boolean {
    return this.#urgentInARow >= MOST_URGENT;
  }

  /** A step was chosen. `othersWait`: some work that is not on demand was ready as well. */
  chosen(priority: number, othersWait: boolean): void {
    this.#urgentInARow = priority === 0 && othersWait ? this.#urgentInARow + 1 : 0;
  }
}

/** How long a step that began now is not broken off, by how often its job has been in a row. */
export const peaceMs = (brokenOff: number): number => (brokenOff >= MOST_BROKEN_OFF ? PEACE_MS : 0);
