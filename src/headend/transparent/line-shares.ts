import type { Clock } from '../../base/clock.ts';

/** Head-ends that talk without a break keep a line for so long while other work waits for it. */
export const HOLD_MS = 120_000;
/** Then the others have it to themselves for so long. */
export const OTHERS_MS = 30_000;
/** Nobody else has had a turn between two stays that are closer together. */
const NO_TURN_MS = 1_000;

interface Share {
  /** Since when others have waited while head-ends had the line. */
  wantedSinceMs: number | undefined;
  endedMs: number;
  othersUntilMs: number;
}

/** How long head-ends keep each line from scheduled work, whoever of them and with which meter. Times are monotonic. */
export class LineShares {
  readonly #clock: Clock;
  readonly #shares = new Map<string, Share>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A stay begins. False: it is the turn of the others who wait. */
  begin(line: string, isWanted: boolean): boolean {
    const share = this.#of(line);
    const nowMs = this.#clock.monotonicMs();
    if (isWanted && nowMs < share.othersUntilMs) return false;
    if (nowMs - share.endedMs > NO_TURN_MS) share.wantedSinceMs = undefined;
    return this.mayGoOn(line, isWanted);
  }

  /** To be asked between two APDUs. */
  mayGoOn(line: string, isWanted: boolean): boolean {
    const share = this.#of(line);
    const nowMs = this.#clock.monotonicMs();
    if (!isWanted) {
      share.wantedSinceMs = undefined;
      return true;
    }
    share.wantedSinceMs ??= nowMs;
    if (nowMs - share.wantedSinceMs < HOLD_MS) return true;
    share.wantedSinceMs = undefined;
    share.othersUntilMs = nowMs + OTHERS_MS;
    return false;
  }

  end(line: string): void {
    this.#of(line).endedMs = this.#clock.monotonicMs();
  }

  /** For how long the line belongs to the others, milliseconds. */
  restMs(line: string): number {
    return Math.max(0, (this.#shares.get(line)?.othersUntilMs ?? 0) - this.#clock.monotonicMs());
  }

  #of(line: string): Share {
    let share = this.#shares.get(line);
    if (share === undefined) {
      share = { wantedSinceMs: undefined, endedMs: Number.NEGATIVE_INFINITY, othersUntilMs: 0 };
      this.#shares.set(line, share);
    }
    return share;
  }
}
