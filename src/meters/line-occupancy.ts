import type { Meter } from '../base/model.ts';
import type { LinkCounters } from '../dlms/link/link.ts';
import type { HealthBook } from './breaker.ts';
import type { LineHooks, LineOpening, LineSession } from './line-job.ts';
import { LineLedger } from './line-use.ts';

interface Occupant<Session> {
  readonly meter: Meter;
  readonly session: Session;
  readonly silentMs: number;
  /** Repetitions of a step that its line allows. */
  readonly tries: number;
  /** What of its counters is in the ledger already. */
  counted: Readonly<LinkCounters> | undefined;
}

/** The one session that a line has open, how it ends, and what line and meters have used up. */
export class LineOccupancy<Session extends LineSession> {
  readonly ledger = new LineLedger();
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
    this.#current = { meter, session, silentMs, tries, counted: undefined };
  }

  /** `lostState`: what is known of the meter when its session was not open any more. */
  async close(lostState: 'offline' | 'as-before' = 'offline'): Promise<void> {
    const current = this.#current;
    if (current === undefined) return;
    this.#current = undefined;
    const { meter, session, silentMs } = current;
    const wasOpen = session.open;
    await session.close();
    this.#count(current);
    if (wasOpen) {
      this.#health.of(meter.id).quietUntilMs = this.#hooks.clock.monotonicMs() + silentMs;
      this.#hooks.meterState(meter, 'online');
    } else this.#hooks.meterState(meter, lostState);
  }

  /** The end of a step: what it cost is told before the session ends, which may be long after. */
  account(meter: Meter, busyMs: number): void {
    this.ledger.busy(meter, busyMs);
    if (this.#current !== undefined) this.#count(this.#current);
  }

  #count(occupant: Occupant<Session>): void {
    const counters = { ...occupant.session.counters };
    this.ledger.link(occupant.meter, counters, occupant.counted);
    occupant.counted = counters;
  }
}
