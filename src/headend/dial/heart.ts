import type { Clock } from '../../base/clock.ts';
import { DcuError, toDcuError } from '../../base/errors.ts';
import type { Heartbeat, HeartbeatFacts, HeartbeatLine } from './heartbeats/heartbeat.ts';

export interface HeartOptions {
  readonly heartbeat: Heartbeat;
  readonly facts: Omit<HeartbeatFacts, 'count'>;
  readonly line: HeartbeatLine;
  /** From the beginning of one to that of the next. */
  readonly intervalMs: number;
  /** An answer that has not come by then was missed. */
  readonly timeoutMs: number;
  /** So many missed ones running end the connection. */
  readonly mostMissed: number;
  readonly clock: Clock;
  readonly onAnswered: () => void;
  /** Nobody is there any more. */
  readonly onDead: (reason: DcuError) => void;
}

export interface HeartState {
  readonly sent: number;
  readonly answered: number;
  /** Since the last one that was answered. */
  readonly missed: number;
}

/** Rejects with the signal's reason. */
const abortOf = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));

/** Lets the head-end know that the concentrator is there, and finds out whether the head-end is. */
export class Heart {
  readonly #options: HeartOptions;
  #stopped = false;
  /** Of the one that is under way. */
  #beating = new AbortController();
  #cancel: () => void = () => {};
  #sent = 0;
  #answered = 0;
  #missed = 0;

  constructor(options: HeartOptions) {
    this.#options = options;
  }

  get state(): HeartState {
    return { sent: this.#sent, answered: this.#answered, missed: this.#missed };
  }

  /** The first one goes at once: many head-ends learn from it who has dialled. */
  start(): void {
    void this.#beat();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
    this.#beating.abort(new DcuError('cancelled', 'the connection is over'));
  }

  /** Never rejects: a heartbeat that failed is a missed one. */
  async #beat(): Promise<void> {
    const { heartbeat, facts, line, intervalMs, timeoutMs, mostMissed, clock, onDead } = this.#options;
    const nextMs = clock.monotonicMs() + intervalMs;
    const beating = new AbortController();
    this.#beating = beating;
    const cancelLate = clock.after(timeoutMs, () =>
      beating.abort(new DcuError('link-timeout', `no answer to a heartbeat within ${timeoutMs} ms`)),
    );
    try {
      const count = this.#sent++;
      const { signal } = beating;
      const beat = heartbeat.beat({ ...facts, count }, line, signal);
      const outcome = await Promise.race([beat, abortOf(signal)]);
      if (outcome === 'answered') this.#wasAnswered();
    } catch (thrown) {
      if (this.#stopped) return;
      this.#missed++;
      if (this.#missed >= mostMissed) {
        onDead(
          new DcuError(
            'link-timeout',
            `${this.#missed} heartbeats were not answered: ${toDcuError(thrown).message}`,
          ),
        );
        return;
      }
    } finally {
      cancelLate();
    }
    if (this.#stopped) return;
    this.#cancel = clock.after(Math.max(0, nextMs - clock.monotonicMs()), () => void this.#beat());
  }

  #wasAnswered(): void {
    this.#answered++;
    this.#missed = 0;
    this.#options.onAnswered();
  }
}
