import type { Meter } from '../base/model.ts';
import type { HealthBook } from './breaker.ts';
import type { LineHooks, LineOpening, LineSession, LineUse } from './line-job.ts';

interface Occupant<Session> {
  readonly meter: Meter;
  readonly session: Session;
  readonly silentMs: number;
  /** Repetitions of a step that its line allows. */
  readonly tries: number;
}

/** The one session that a line has open, how it ends, and what line and meters have used up. */
export class LineOccupancy<Session extends LineSession> {
  readonly use: LineUse = { frames: 0, bytes: 0, busyMs: 0 };
  readonly useByMeter = new Map<number, LineUse>();
  readonly #hooks: Pick<LineHooks<Session>, 'clock' | 'meterState'>;
  readonly #health: HealthBook;
  #current: Occupant<Session> | undefined;

  constructor(hooks: Pick<LineHooks<Session>, 'clock' | 'meterState'>, health: HealthBook) {
    this.#hooks = hooks;
    this.#health = health;
  }

  /** The meter whose session stands. */
  get meterId(): number | undefined {
    return this.#current?.session.open === true ? this.#current.meter.id : undefined;
  }

  /** There is a session, and its association is gone. */
  get lost(): boolean {
    return this.#current !== undefined && !this.#current.session.open;
  }

  /** The standing session of a meter. One whose line was set up anew since only serves a job that it has `begun`. */
  sessionOf(meterId: number, begun: boolean): Occupant<Session> | undefined {
    const current = this.#current;
    if (current === undefined || this.meterId !== meterId) return undefined;
    return begun || !current.session.outdated ? current : undefined;
  }

  settle(meter: Meter, session: Session, { silentMs, tries }: LineOpening<Session>): void {
    this.#current = { meter, session, silentMs, tries };
  }

  /** `lostState`: what is known of the meter when its session was not open any more. */
  async close(lostState: 'offline' | 'as-before' = 'offline'): Promise<void> {
    const current = this.#current;
    if (current === undefined) return;
    this.#current = undefined;
    const { meter, session, silentMs } = current;
    const wasOpen = session.open;
    await session.close();
    const { framesReceived, framesSent, bytesReceived, bytesSent } = session.counters;
    this.account(meter.id, 0, framesReceived + framesSent, bytesReceived + bytesSent);
    if (wasOpen) {
      this.#health.of(meter.id).quietUntilMs = this.#hooks.clock.monotonicMs() + silentMs;
      this.#hooks.meterState(meter, 'online');
    } else this.#hooks.meterState(meter, lostState);
  }

  account(meterId: number, busyMs: number, frames = 0, bytes = 0): void {
    const own = this.useByMeter.get(meterId) ?? { frames: 0, bytes: 0, busyMs: 0 };
    this.useByMeter.set(meterId, own);
    for (const use of [this.use, own]) {
      use.busyMs += busyMs;
      use.frames += frames;
      use.bytes += bytes;
    }
  }
}
