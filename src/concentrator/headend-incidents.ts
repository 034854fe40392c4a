import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { HesIncident } from '../headend/hes-server.ts';

const TOLD_AGAIN_MS = 60_000;
const MOST_TOLD = 1024;

export interface HesIncidentsOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Into the concentrator's logbook. */
  readonly record: (type: HesIncident, detail: string) => void;
}

/** What head-ends were refused: told once a minute for each channel, peer and cause, however often they try. */
export class HesIncidents {
  readonly #options: HesIncidentsOptions;
  readonly #told = new Map<string, number>();

  constructor(options: HesIncidentsOptions) {
    this.#options = options;
  }

  tell(channel: string, type: HesIncident, host: string, detail: string): void {
    const { clock, log, record } = this.#options;
    const cause = `${channel} ${type} ${host} ${detail}`;
    const nowMs = clock.monotonicMs();
    const last = this.#told.get(cause);
    if (last !== undefined && nowMs - last < TOLD_AGAIN_MS) return;
    this.#told.delete(cause);
    const [oldest] = this.#told.keys();
    if (this.#told.size >= MOST_TOLD && oldest !== undefined) this.#told.delete(oldest);
    this.#told.set(cause, nowMs);
    log.warn('head-end refused', { channel, host, reason: detail });
    record(type, `${channel}, ${host}: ${detail}`);
  }
}
