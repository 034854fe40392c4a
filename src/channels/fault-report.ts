import type { Clock } from '../base/clock.ts';
import type { PushFault } from './push-listen.ts';

export interface ToldFault {
  readonly fault: PushFault;
  /** Times that the same host had the same since it was told last. */
  readonly repeated: number;
  /** UTC ms. */
  readonly timeMs: number;
}

interface Last {
  readonly atMs: number;
  repeated: number;
}

const QUIET_MS = 60_000;
const MOST_CAUSES = 1024;

/** Tells what was wrong with pushed data at most once a minute for each host and cause. */
export class FaultReport {
  readonly #clock: Clock;
  readonly #tell: (told: ToldFault) => void;
  readonly #last = new Map<string, Last>();

  constructor(clock: Clock, tell: (told: ToldFault) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  tell(fault: PushFault): void {
    const cause = `${fault.host} ${fault.transport} ${fault.error.code}`;
    const nowMs = this.#clock.monotonicMs();
    const last = this.#last.get(cause);
    if (last !== undefined && nowMs - last.atMs < QUIET_MS) {
      last.repeated++;
      return;
    }
    // At the end again, so that the first one is the one told longest ago.
    this.#last.delete(cause);
    const [oldest] = this.#last.keys();
    if (this.#last.size >= MOST_CAUSES && oldest !== undefined) this.#last.delete(oldest);
    this.#last.set(cause, { atMs: nowMs, repeated: 0 });
    this.#tell({ fault, repeated: last?.repeated ?? 0, timeMs: this.#clock.now() });
  }
}
