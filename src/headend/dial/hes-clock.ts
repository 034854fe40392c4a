import type { Clock } from '../../base/clock.ts';
import { DcuError, toDcuError } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { openDlmsClient } from '../../channels/dlms-client.ts';
import { decodeData } from '../../dlms/axdr.ts';
import type { ClientConfig } from '../../dlms/client.ts';
import { CLOCK_STATUS, decodeDateTime, toUtcMs } from '../../dlms/datetime.ts';
import type { WrapperTap } from './wrapper-tap.ts';

/** When the clock is due next; kept from one connection to the next. */
export class ClockSchedule {
  #dueMs = 0;

  /** How long it is until then. `nowMs` is monotonic. */
  left(nowMs: number): number {
    return Math.max(0, this.#dueMs - nowMs);
  }

  wasRead(nowMs: number): void {
    this.#dueMs = nowMs + EVERY_MS;
  }
}

export interface HesClockOptions {
  readonly tap: WrapperTap;
  readonly schedule: ClockSchedule;
  /** How the concentrator associates with the head-end's server; made for each association. */
  readonly config: () => Promise<ClientConfig>;
  /** Takes over what time it is: UTC milliseconds at the moment of the call, and who says so. @throws DcuError what it refuses */
  readonly setClock: (ms: number, who: string) => Promise<unknown>;
  readonly clock: Clock;
  readonly log: Log;
  /** The head-end has let us in and said its time. */
  readonly onRead: () => void;
  /** It did not. */
  readonly onFailed: (reason: DcuError) => void;
}

const CLOCK = { classId: 8, obis: '0.0.1.0.0.255', attribute: 2 };
/** The clock is to be checked once a day at least; twice, so that one time may fail. */
const EVERY_MS = 12 * 3_600_000;
/** An answer that was longer under way says too little of what time it is. */
const MOST_ROUND_TRIP_MS = 10_000;

/**
 * The concentrator as DLMS client of its head-end (`server.mode` 0): reads what time it is there when that is due. A
 * head-end that hangs up after each time is not asked again at each new connection.
 */
export class HesClock {
  readonly #options: HesClockOptions;
  readonly #stopped = new AbortController();
  #cancel: () => void = () => {};

  constructor(options: HesClockOptions) {
    this.#options = options;
  }

  start(): void {
    const { clock, schedule } = this.#options;
    this.#cancel = clock.after(schedule.left(clock.monotonicMs()), () => this.#ask());
  }

  #ask(): void {
    const { onFailed } = this.#options;
    this.#read().then(
      () => {
        if (!this.#stopped.signal.aborted) this.start();
      },
      (error: unknown) => {
        if (!this.#stopped.signal.aborted) onFailed(toDcuError(error));
      },
    );
  }

  stop(): void {
    this.#cancel();
    this.#stopped.abort(new DcuError('cancelled', 'the connection is over'));
  }

  /** In an association of its own, for head-ends drop those that are idle. */
  async #read(): Promise<void> {
    const { tap, config, clock, schedule, onRead, log } = this.#options;
    const { signal } = this.#stopped;
    const client = await openDlmsClient(tap, await config(), clock, { signal });
    const startedMs = clock.monotonicMs();
    const answer = await client.get(CLOCK);
    const roundTripMs = clock.monotonicMs() - startedMs;
    schedule.wasRead(clock.monotonicMs());
    onRead();
    await this.#take(answer.ok ? answer.data : answer.result, roundTripMs);
    try {
      await client.release();
    } catch (error) {
      // What was asked for is there.
      log.debug('the head-end was left without a word', { ...toDcuError(error).toJSON() });
    }
  }

  /** A time that cannot be taken over is in the log; the connection is none the worse for it. */
  async #take(answer: Uint8Array | string, roundTripMs: number): Promise<void> {
    const { tap, setClock, log } = this.#options;
    try {
      if (typeof answer === 'string') throw new DcuError('not-granted', `the head-end says ${answer}`);
      if (roundTripMs > MOST_ROUND_TRIP_MS) {
        throw new DcuError('link-timeout', `its answer took ${Math.round(roundTripMs)} ms`);
      }
      await setClock(instantOf(answer) + roundTripMs / 2, tap.name);
    } catch (error) {
      log.warn('the clock of the head-end could not be taken over', { ...toDcuError(error).toJSON() });
    }
  }
}

/** UTC ms of a clock's attribute 2, A-XDR. @throws DcuError `apdu-invalid` when it shows no time of which the offset is known */
function instantOf(bytes: Uint8Array): number {
  const data = decodeData(bytes);
  if (data.type !== 'octet-string' && data.type !== 'date-time') {
    throw new DcuError('apdu-invalid', `its clock shows ${data.type}`);
  }
  const shown = decodeDateTime(data.value);
  const ms = shown.deviationMinutes === undefined ? undefined : toUtcMs(shown);
  if (ms === undefined || ((shown.status ?? 0) & CLOCK_STATUS.invalid) !== 0) {
    throw new DcuError('apdu-invalid', 'its clock shows no time that can be relied upon');
  }
  return ms;
}
