import type { Meter } from '../base/model.ts';
import type { LinkCounters } from '../dlms/link/link.ts';
import { type HealthBook, isProbe } from './breaker.ts';
import type { LineHooks, LineOpening, LineSession, MeterUse } from './line-job.ts';
import { LineLedger } from './line-use.ts';

interface Occupant<Session> {
  readonly meter: Meter;
  readonly session: Session;
  readonly silentMs: number;
  readonly lingerMs: number;
  /** Repetitions of a step that its line allows. */
  readonly tries: number;
  readonly budgetMs?: number;
  /** What of its counters is in the ledger already. */
  counted: Readonly<LinkCounters> | undefined;
  /** Of the last step, monotonic ms. */
  usedMs: number;
  /** Nobody works on it; it only stands open. */
  resting: boolean;
}

type Hooks<Session extends LineSession> = Pick<
  LineHooks<Session>,
  'clock' | 'meterState' | 'linkState' | 'backoff'
>;

/** The one session that a line has open, how it ends, and what line and meters have used up. */
export class LineOccupancy<Session extends LineSession> {
  readonly ledger = new LineLedger();
  readonly #hooks: Hooks<Session>;
  readonly #health: HealthBook;
  readonly #meters = new Map<number, Meter>();
  #current: Occupant<Session> | undefined;
  /** Beginning of the step under way, and what of its time went into ending the session of another meter. */
  #step = { sinceMs: 0, closingMs: 0 };

  constructor(hooks: Hooks<Session>, health: HealthBook) {
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

  settle(
    meter: Meter,
    session: Session,
    { silentMs, lingerMs = 0, tries, budgetMs }: LineOpening<Session>,
  ): void {
    const usedMs = this.#hooks.clock.monotonicMs();
    const budget = budgetMs === undefined ? {} : { budgetMs };
    const times = { silentMs, lingerMs, tries, ...budget, usedMs };
    this.#current = { meter, session, ...times, counted: undefined, resting: false };
  }

  /** The session under way may end a long transfer at its next APDU (`false`: not any more). */
  breakOff(wanted: boolean): void {
    this.#current?.session.breakOff?.(wanted);
  }

  /** For how long the session may stand open without work; it is shown as `online` meanwhile. */
  rest(): number {
    const current = this.#current;
    if (current === undefined || !current.session.open || current.session.outdated) return 0;
    const leftMs = current.usedMs + current.lingerMs - this.#hooks.clock.monotonicMs();
    if (leftMs <= 0) return 0;
    if (!current.resting) this.#hooks.meterState(current.meter, 'online');
    current.resting = true;
    return leftMs;
  }

  /** There is work again. */
  resume(): void {
    const current = this.#current;
    if (current?.resting !== true) return;
    current.resting = false;
    this.#hooks.meterState(current.meter, 'reading');
  }

  /** `lostState`: what is known of the meter when its session was not open any more. */
  async close(lostState: 'offline' | 'as-before' = 'offline'): Promise<void> {
    const current = this.#current;
    if (current === undefined) return;
    this.#current = undefined;
    const { meter, session, silentMs, resting } = current;
    const wasOpen = session.open;
    const startedMs = this.#hooks.clock.monotonicMs();
    await session.close();
    this.#count(current);
    const closingMs = this.#hooks.clock.monotonicMs() - startedMs;
    this.#step.closingMs += closingMs;
    this.ledger.busy(meter, closingMs);
    if (wasOpen) {
      this.#health.of(meter.id).quietUntilMs = this.#hooks.clock.monotonicMs() + silentMs;
      if (!resting) this.#hooks.meterState(meter, 'online');
    } else if (!resting) this.#hooks.meterState(meter, lostState);
  }

  /** The beginning of a step, which `account` ends. */
  begin(): void {
    this.#step = { sinceMs: this.#hooks.clock.monotonicMs(), closingMs: 0 };
  }

  /** The end of a step: what it cost is told before the session ends, which may be long after. */
  account(meter: Meter): void {
    const { sinceMs, closingMs } = this.#step;
    this.ledger.busy(meter, this.#hooks.clock.monotonicMs() - sinceMs - closingMs);
    this.#meters.set(meter.id, meter);
    if (this.#current === undefined) return;
    this.#current.usedMs = this.#hooks.clock.monotonicMs();
    this.#count(this.#current);
  }

  /** What went over the line without being part of a session. */
  countLink(meter: Meter, counters: Readonly<LinkCounters>): void {
    this.ledger.link(meter, counters, undefined, this.#msPerByte(meter));
  }

  /** What the meters have used, with how they answer and what is held against them. */
  meters(): ReadonlyMap<number, Readonly<MeterUse>> {
    for (const [meterId, use] of this.ledger.byMeter) {
      const meter = this.#meters.get(meterId);
      use.link = (meter && this.#hooks.linkState?.(meter)) ?? null;
      const health = this.#health.of(meterId);
      const waits = health.notBeforeMs > this.#hooks.clock.monotonicMs();
      use.breaker = !isProbe(health, this.#hooks.backoff) ? 'closed' : waits ? 'open' : 'probing';
    }
    return this.ledger.byMeter;
  }

  /** The meter is gone; what the line has used for it stays counted. */
  forget(meterId: number): void {
    this.#meters.delete(meterId);
    this.ledger.byMeter.delete(meterId);
  }

  #count(occupant: Occupant<Session>): void {
    const { meter } = occupant;
    const counters = { ...occupant.session.counters };
    this.ledger.link(meter, counters, occupant.counted, this.#msPerByte(meter));
    occupant.counted = counters;
  }

  #msPerByte(meter: Meter): number {
    return this.#hooks.linkState?.(meter)?.msPerByte ?? 0;
  }
}
