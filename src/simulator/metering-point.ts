import type { EventLog } from '../base/model.ts';
import { DAY_MS, daylightSavingChanges, HOUR_MS, type TimeZone } from './calendar.ts';
import { EVENT, type LoggedEvent } from './event-codes.ts';
import { eventsOfIncident, type Incident, incidentsOfDay } from './incidents.ts';
import { ENERGY, ENERGY_STREAMS, type Load, type LoadKind, LoadModel } from './load-model.ts';
import { type LossInterval, LossLedger } from './loss-ledger.ts';
import { type MeterClock, seededClock } from './meter-clock.ts';
import { noise } from './noise.ts';
import { type Street, StreetLoad } from './street-load.ts';

export interface MeteringPointPlan {
  readonly seed: number;
  readonly meterIndex: number;
  readonly kind: LoadKind;
  readonly phases: 1 | 3;
  /** Meters of one feeder share their outages. */
  readonly feeder: number;
  readonly zone: TimeZone;
  /** The moment at which the simulation begins; incidents before it are history and over. */
  readonly startMs: number;
  /** Error of the clock; seeded within ±20 ppm when absent. */
  readonly driftPpm?: number;
  /** Whether outages and relay trips also happen while the simulation runs. */
  readonly liveOutages: boolean;
  /** It is the balance meter of a transformer: what goes through it is what those below it take. Nothing happens to it by itself. */
  readonly street?: Street;
}

/** What a meter shows of one moment. Volts, amperes, watts, vars; phases that it lacks are 0. */
export interface Instantaneous {
  readonly voltage: readonly [number, number, number];
  readonly current: readonly [number, number, number];
  readonly phasePower: readonly [number, number, number];
  readonly activeImport: number;
  readonly activeExport: number;
  readonly reactiveImport: number;
  readonly reactiveExport: number;
  readonly powerFactor: number;
  readonly frequency: number;
}

/** Days of history that have incidents in them. */
const HISTORY_DAYS = 400;
/** Lines of each kind kept that arose from what was done to the meter. */
const OWN_EVENTS = 200;
const GRID = 0x5000_0000;

/** A supply point with what is behind it: load, clock, relay, and all that happens to them. True time, UTC ms. */
export class MeteringPoint {
  readonly plan: MeteringPointPlan;
  readonly model: Load;
  readonly clock: MeterClock;
  readonly #ledger: LossLedger;
  readonly #ownEvents: LoggedEvent[] = [];
  readonly #relayOff: LossInterval[] = [];
  readonly #cuts: Incident[] = [];
  readonly #incidents: Incident[] = [];
  /** Those of the incidents and the cuts, ascending and disjoint. */
  #outages: readonly Incident[] = [];
  #knownUntilDay: number;
  #connected = true;

  constructor(plan: MeteringPointPlan) {
    this.plan = plan;
    const { seed, meterIndex, startMs } = plan;
    const startDay = Math.floor(startMs / DAY_MS);
    this.model =
      plan.street === undefined
        ? new LoadModel({
            seed,
            meterIndex,
            kind: plan.kind,
            phases: plan.phases,
            installDay: startDay - 430 - Math.floor(900 * noise(seed, meterIndex, 510)),
            utcOffsetMinutes: plan.zone.utcOffsetMinutes,
          })
        : new StreetLoad(plan.street, startMs);
    const drift = plan.driftPpm ?? 40 * noise(seed, meterIndex, 511) - 20;
    this.clock = seededClock(seed, meterIndex, drift, startMs);
    this.#ledger = new LossLedger(this.model);
    this.#knownUntilDay = startDay - HISTORY_DAYS;
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** Milli-Wh (milli-varh) by stream that the registers have counted until `trueMs`. */
  energyAt(trueMs: number, out: Float64Array): void {
    this.#learn(trueMs);
    this.#ledger.energyAt(trueMs, out);
  }

  /** Outages that begin before `untilMs`, ascending and disjoint. */
  outages(untilMs: number): readonly Incident[] {
    this.#learn(untilMs);
    const beyond = this.#outages.findIndex(({ startMs }) => startMs >= untilMs);
    return beyond < 0 ? this.#outages : this.#outages.slice(0, beyond);
  }

  isOut(trueMs: number): boolean {
    this.#learn(trueMs);
    const last = this.#outages.findLast(({ startMs }) => startMs <= trueMs);
    return last !== undefined && trueMs < last.endMs;
  }

  /** Somebody cuts the power off from `startMs`, which is now, to `endMs`. It is logged like any other outage. */
  cutPower(startMs: number, endMs: number): void {
    this.#learn(startMs);
    this.#cuts.push({ kind: 'outage', startMs, endMs, phase: 0 });
    this.#rebuild();
  }

  /** Opens the relay; nothing flows from then on. False when it was open already. */
  disconnect(trueMs: number, code: number = EVENT.relayRemoteOff): boolean {
    if (!this.#connected) return false;
    this.#connected = false;
    this.#relayOff.push({ startMs: trueMs, endMs: Number.POSITIVE_INFINITY, share: 1 });
    this.#rebuild();
    this.note({ log: 'relay', atMs: trueMs, value: code });
    return true;
  }

  /** Closes the relay. False when it was closed already. */
  reconnect(trueMs: number, code: number = EVENT.relayRemoteOn): boolean {
    if (this.#connected) return false;
    this.#connected = true;
    const open = this.#relayOff.pop();
    if (open !== undefined) this.#relayOff.push({ ...open, endMs: Math.max(open.startMs, trueMs) });
    this.#rebuild();
    this.note({ log: 'relay', atMs: trueMs, value: code });
    return true;
  }

  /** Sets the meter's clock and logs the old and the new time. */
  setClock(trueMs: number, shownMs: number): void {
    const before = this.clock.set(trueMs, shownMs);
    this.note({ log: 'standard', atMs: trueMs, value: EVENT.clockOld, stampMs: before });
    this.note({ log: 'standard', atMs: trueMs, value: EVENT.clockNew, stampMs: shownMs });
  }

  /** Adds a line to a log. */
  note(event: LoggedEvent): void {
    this.#ownEvents.push(event);
    if (this.#ownEvents.length > OWN_EVENTS) this.#ownEvents.shift();
  }

  /** The newest `limit` lines of a log until `untilMs`, oldest first. */
  events(log: EventLog, untilMs: number, limit: number): LoggedEvent[] {
    this.#learn(untilMs);
    const lines: LoggedEvent[] = [];
    const others = this.#incidents.filter(({ kind }) => kind !== 'outage');
    for (const incident of [...others, ...this.outages(untilMs)]) {
      for (const line of eventsOfIncident(incident)) if (line.log === log) lines.push(line);
    }
    if (log === 'standard') lines.push(...this.#clockEvents());
    for (const line of this.#ownEvents) if (line.log === log) lines.push(line);
    return lines
      .filter((line) => line.atMs <= untilMs)
      .sort((a, b) => a.atMs - b.atMs)
      .slice(-limit);
  }

  /** Voltages, currents and powers at a moment. */
  instantaneous(trueMs: number): Instantaneous {
    this.#learn(trueMs);
    const { seed, meterIndex, phases } = this.plan;
    const power = new Float64Array(ENERGY_STREAMS);
    this.model.powerAt(trueMs, power);
    const flowing = 1 - this.#ledger.shareLostAt(trueMs);
    const drawn =
      ((power[ENERGY.tariff1] ?? 0) + (power[ENERGY.tariff2] ?? 0) + (power[ENERGY.tariff3] ?? 0)) * flowing;
    const fed = (power[ENERGY.activeExport] ?? 0) * flowing;
    const net = drawn - fed;
    const reactiveImport = (power[ENERGY.reactiveImport] ?? 0) * flowing;
    const reactiveExport = (power[ENERGY.reactiveExport] ?? 0) * flowing;
    const step = Math.floor(trueMs / 10_000);
    const daily = Math.sin((2 * Math.PI * (trueMs % DAY_MS)) / DAY_MS);
    const apparent = Math.hypot(net, reactiveImport - reactiveExport);
    const powerFactor = apparent < 1 ? 1 : Math.abs(net) / apparent;
    const lost = this.#incidentAt('phase-loss', trueMs)?.phase;
    const voltage: [number, number, number] = [0, 0, 0];
    const current: [number, number, number] = [0, 0, 0];
    const phasePower: [number, number, number] = [0, 0, 0];
    for (let phase = 0; phase < phases; phase++) {
      if (phase === lost || this.isOut(trueMs)) continue;
      const own = noise(seed, meterIndex, step, 80 + phase) - 0.5;
      let volts = 230 - 3 * daily + 2 * own - (1.2 * Math.abs(net) * this.model.phaseShare(phase)) / 1000;
      if (this.#incidentAt('sag', trueMs)?.phase === phase) volts *= 0.72;
      if (this.#incidentAt('swell', trueMs)?.phase === phase) volts *= 1.13;
      const share = this.model.phaseShare(phase) / (lost === undefined ? 1 : 1 - this.model.phaseShare(lost));
      voltage[phase] = volts;
      phasePower[phase] = net * share;
      current[phase] = (apparent * share) / volts;
    }
    return {
      voltage,
      current,
      phasePower,
      activeImport: Math.max(0, net),
      activeExport: Math.max(0, -net),
      reactiveImport: Math.max(0, reactiveImport - reactiveExport),
      reactiveExport: Math.max(0, reactiveExport - reactiveImport),
      powerFactor,
      frequency: 50 + 0.06 * (noise(seed, GRID, Math.floor(trueMs / 2000)) - 0.5),
    };
  }

  #incidentAt(kind: Incident['kind'], trueMs: number): Incident | undefined {
    return this.#incidents.find((i) => i.kind === kind && i.startMs <= trueMs && trueMs < i.endMs);
  }

  /** Lines of clock settings in the past and of summer time. */
  #clockEvents(): LoggedEvent[] {
    const { startMs, zone } = this.plan;
    const fromMs = startMs - HISTORY_DAYS * DAY_MS;
    const lines: LoggedEvent[] = [];
    for (const { atMs, before, after } of this.clock.settings(fromMs, startMs)) {
      lines.push({ log: 'standard', atMs, value: EVENT.clockOld, stampMs: before });
      lines.push({ log: 'standard', atMs, value: EVENT.clockNew, stampMs: after });
    }
    if (!zone.daylightSaving) return lines;
    const firstYear = 1970 + Math.floor(fromMs / (365.2425 * DAY_MS));
    const lastYear = 1970 + Math.floor((this.#knownUntilDay * DAY_MS) / (365.2425 * DAY_MS)) + 1;
    for (let year = firstYear; year <= lastYear; year++) {
      const { begin, end } = daylightSavingChanges(year);
      // By true time: a clock that is set past a change and back again must not take the line out of the log.
      for (const change of [begin, end]) {
        if (change < fromMs) continue;
        lines.push({ log: 'standard', atMs: change, value: EVENT.daylightSaving, stampMs: change });
      }
    }
    return lines;
  }

  /** Makes the incidents known of all days up to the one of `trueMs`. */
  #learn(trueMs: number): void {
    const day = Math.floor(trueMs / DAY_MS);
    if (day < this.#knownUntilDay) return;
    const before = this.#incidents.length;
    for (; this.#knownUntilDay <= day; this.#knownUntilDay++) this.#learnDay(this.#knownUntilDay);
    if (this.#incidents.length > before) this.#rebuild();
  }

  /**
   * Whatever would begin while a meter has no power is left out. What has begun before stays, for it is in registers and
   * logs already: it must not matter when somebody asks.
   */
  #learnDay(day: number): void {
    if (this.plan.street !== undefined) return;
    const found = incidentsOfDay(this.plan, day).filter((incident) => this.#happens(incident));
    if (found.length === 0) return;
    const outages = [...this.#incidents, ...found].filter(({ kind }) => kind === 'outage');
    for (const incident of found.sort((a, b) => a.startMs - b.startMs)) {
      const hidden = outages.some(
        ({ startMs, endMs }) => incident.startMs <= endMs && startMs <= incident.endMs,
      );
      if (incident.kind === 'outage' || !hidden) this.#incidents.push(incident);
    }
  }

  #happens({ kind, startMs, endMs }: Incident): boolean {
    const start = this.plan.startMs;
    if (startMs < start) return endMs < start - HOUR_MS;
    return this.plan.liveOutages || (kind !== 'outage' && kind !== 'relay-off');
  }

  #rebuild(): void {
    const losses: LossInterval[] = [...this.#relayOff];
    const outages = this.#incidents.filter(({ kind }) => kind === 'outage');
    this.#outages = joined([...outages, ...this.#cuts].sort((a, b) => a.startMs - b.startMs));
    for (const { startMs, endMs } of this.#outages) losses.push({ startMs, endMs, share: 1 });
    for (const { kind, startMs, endMs, phase } of this.#incidents) {
      if (kind === 'relay-off') losses.push({ startMs, endMs, share: 1 });
      if (kind === 'phase-loss') losses.push({ startMs, endMs, share: this.model.phaseShare(phase) });
    }
    this.#ledger.replace(losses);
  }
}

/** Outages, sorted by start: those that touch are one. */
function joined(outages: readonly Incident[]): Incident[] {
  const found: Incident[] = [];
  for (const outage of outages) {
    const last = found.at(-1);
    if (last !== undefined && outage.startMs <= last.endMs) {
      found[found.length - 1] = { ...last, endMs: Math.max(last.endMs, outage.endMs) };
    } else {
      found.push(outage);
    }
  }
  return found;
}
