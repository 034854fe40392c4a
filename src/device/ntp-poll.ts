import { type Clock, sleep } from '../base/clock.ts';
import { DcuError, toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { ClockOutcome } from './clock-sync.ts';

export interface NtpSettings {
  /** Empty = none is asked. */
  readonly host: string;
  readonly port: number;
  readonly intervalS: number;
}

/** One look at the server, or the four letters by which it sends clients away. */
export type NtpLook = { readonly offsetMs: number; readonly roundTripMs: number } | { readonly kiss: string };

export interface NtpPollOptions {
  readonly clock: Clock;
  readonly settings: () => Promise<NtpSettings>;
  readonly look: (server: NtpSettings, signal: AbortSignal) => Promise<NtpLook>;
  /** Takes over what time it is; see `ClockSync.setBy`. */
  readonly set: (utcMs: number, who: string) => Promise<ClockOutcome>;
  readonly log: Log;
}

const LOOKS = 4;
/** RFC 5905's burst has them two seconds apart. */
const BETWEEN_MS = 2000;
/** An answer that took longer says too little. */
const MOST_ROUND_TRIP_MS = 2000;
/** Beside what the ways can explain, looks may differ by this. */
const SPREAD_MS = 100;
const FIRST_RETRY_MS = 64_000;
/** The longest time between two looks, however often a server asks for less. */
const LONGEST_MS = 86_400_000;

/** Asks a time server at intervals: several looks each time, of which the fastest counts when the others agree. */
export class NtpPoll {
  readonly #options: NtpPollOptions;
  #settings: NtpSettings = { host: '', port: 0, intervalS: 0 };
  #cancel: () => void = () => {};
  #running = new AbortController();
  #round: Promise<unknown> = Promise.resolve();
  #failures = 0;
  /** RATE doubles the interval. */
  #slower = 1;
  /** DENY and RSTR: this server is not asked again before the settings change. */
  #sentAway = false;
  #lastError: DcuError | undefined;

  constructor(options: NtpPollOptions) {
    this.#options = options;
  }

  /** Why the last round failed; undefined after a good one. */
  get lastError(): DcuError | undefined {
    return this.#lastError;
  }

  /** To be called at start, and when a setting has changed. */
  async reload(): Promise<void> {
    const settings = await this.#options.settings();
    if (Bun.deepEquals(settings, this.#settings)) return;
    this.stop();
    this.#running = new AbortController();
    this.#settings = settings;
    this.#failures = 0;
    this.#slower = 1;
    this.#sentAway = false;
    this.#lastError = undefined;
    if (settings.host !== '') this.#arm(0);
  }

  stop(): void {
    this.#cancel();
    this.#running.abort(new DcuError('cancelled', 'asking for the time was cancelled'));
  }

  /**
   * Asks now. Resolves to whether the clock was set by it.
   * @throws DcuError `conflict` without a server, or when that has sent us away; else what kept it from answering
   */
  synchronise(): Promise<ClockOutcome> {
    const round = this.#round.then(() => this.#synchronise());
    this.#round = round.catch(() => {});
    return round;
  }

  #arm(delayMs: number): void {
    const { signal } = this.#running;
    this.#cancel();
    this.#cancel = this.#options.clock.after(delayMs, () => {
      void this.synchronise().then(
        () => {
          this.#failures = 0;
          this.#lastError = undefined;
          this.#next(signal);
        },
        (thrown: unknown) => {
          const error = toDcuError(thrown);
          // Told once for each lapse.
          if (this.#lastError?.code !== error.code && !signal.aborted)
            this.#options.log.warn('the time server gave no time', { ...error.toJSON() });
          this.#failures += 1;
          this.#lastError = error;
          this.#next(signal);
        },
      );
    });
  }

  #next(signal: AbortSignal): void {
    if (signal.aborted || this.#sentAway) return;
    const usualMs = Math.min(LONGEST_MS, this.#settings.intervalS * 1000 * this.#slower);
    const isAskedToWait = this.#lastError?.facts['kiss'] !== undefined;
    const retryMs = FIRST_RETRY_MS * 2 ** Math.min(this.#failures - 1, 20);
    this.#arm(this.#failures === 0 || isAskedToWait ? usualMs : Math.min(usualMs, retryMs));
  }

  async #synchronise(): Promise<ClockOutcome> {
    const { clock, set } = this.#options;
    const { host, port } = this.#settings;
    if (host === '') throw new DcuError('conflict', 'no time server is set', { field: 'ntp.server' });
    if (this.#sentAway)
      throw new DcuError('conflict', `the time server ${host} does not serve us`, { field: 'ntp.server' });
    const offsetMs = await this.#bestOffset();
    return set(clock.now() + offsetMs, `${host}:${port}`);
  }

  async #bestOffset(): Promise<number> {
    const { clock, look } = this.#options;
    const { signal } = this.#running;
    const server = this.#settings;
    const samples: { readonly offsetMs: number; readonly roundTripMs: number }[] = [];
    let failure: DcuError | undefined;
    for (let i = 0; i < LOOKS; i++) {
      if (i > 0) await sleep(clock, BETWEEN_MS, signal);
      try {
        const sample = await look(server, signal);
        if ('kiss' in sample) throw this.#kissed(sample.kiss);
        if (sample.roundTripMs <= MOST_ROUND_TRIP_MS) samples.push(sample);
      } catch (thrown) {
        failure = toDcuError(thrown);
        // One that is sent away, or stopped, does not try again.
        if (failure.code === 'cancelled' || failure.code === 'conflict') throw failure;
      }
    }
    const [best, ...others] = samples.toSorted((a, b) => a.roundTripMs - b.roundTripMs);
    if (best === undefined || others.length === 0)
      throw failure ?? new DcuError('link-timeout', `the time server ${server.host} answers too slowly`);
    const agreeing = others.filter(
      ({ offsetMs, roundTripMs }) =>
        Math.abs(offsetMs - best.offsetMs) <= (roundTripMs + best.roundTripMs) / 2 + SPREAD_MS,
    );
    if (agreeing.length * 2 < others.length)
      throw new DcuError('link-protocol', `the time server ${server.host} tells different times`);
    return best.offsetMs;
  }

  #kissed(kiss: string): DcuError {
    const { host } = this.#settings;
    if (kiss === 'RATE') this.#slower *= 2;
    else if (kiss === 'DENY' || kiss === 'RSTR') this.#sentAway = true;
    return new DcuError('conflict', `the time server ${host} sends clients away`, {
      field: 'ntp.server',
      facts: { kiss },
    });
  }
}
