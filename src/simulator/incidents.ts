import { DAY_MS, HOUR_MS, MINUTE_MS } from './calendar.ts';
import { EVENT, type LoggedEvent } from './event-codes.ts';
import { noise } from './noise.ts';

/**
 * What happens to a meter from outside, day by day: a pure function of seed, meter and day, for the past and for
 * the days that come. An incident ends within its day, or the next.
 */

export type IncidentKind =
  | 'outage'
  | 'phase-loss'
  | 'sag'
  | 'swell'
  | 'terminal-cover'
  | 'meter-cover'
  | 'magnet'
  | 'relay-off'
  | 'watchdog'
  | 'firmware'
  | 'tariff'
  | 'battery';

export interface Incident {
  readonly kind: IncidentKind;
  readonly startMs: number;
  readonly endMs: number;
  /** 0..2; for incidents of one phase. */
  readonly phase: number;
}

interface Rate {
  readonly kind: IncidentKind;
  /** Expected number a day. */
  readonly perDay: number;
  readonly shortest: number;
  readonly longest: number;
  readonly threePhaseOnly?: boolean;
  /** By how much durations lean towards the shortest. */
  readonly lean?: number;
}

const RATES: readonly Rate[] = [
  { kind: 'outage', perDay: 0.035, shortest: 20_000, longest: 5 * HOUR_MS, lean: 4 },
  {
    kind: 'phase-loss',
    perDay: 0.03,
    shortest: MINUTE_MS,
    longest: 4 * HOUR_MS,
    lean: 3,
    threePhaseOnly: true,
  },
  { kind: 'sag', perDay: 0.07, shortest: 3000, longest: 10 * MINUTE_MS, lean: 3 },
  { kind: 'swell', perDay: 0.03, shortest: 3000, longest: 20 * MINUTE_MS, lean: 3 },
  { kind: 'terminal-cover', perDay: 0.006, shortest: 5 * MINUTE_MS, longest: 2 * HOUR_MS },
  { kind: 'meter-cover', perDay: 0.003, shortest: 2 * MINUTE_MS, longest: HOUR_MS },
  { kind: 'magnet', perDay: 0.003, shortest: MINUTE_MS, longest: 6 * HOUR_MS },
  { kind: 'relay-off', perDay: 0.007, shortest: 20 * MINUTE_MS, longest: 20 * HOUR_MS, lean: 2 },
  { kind: 'watchdog', perDay: 0.003, shortest: 0, longest: 0 },
  { kind: 'firmware', perDay: 0.0025, shortest: 5 * MINUTE_MS, longest: HOUR_MS },
  { kind: 'tariff', perDay: 0.004, shortest: 0, longest: 0 },
  { kind: 'battery', perDay: 0.0015, shortest: 0, longest: 0 },
];

/** Outages of a feeder hit all its meters at once; this stands in for the meter's index. */
const FEEDER = 0x4000_0000;
const FEEDER_OUTAGE: Rate = {
  kind: 'outage',
  perDay: 0.012,
  shortest: 2 * MINUTE_MS,
  longest: 3 * HOUR_MS,
  lean: 2,
};

export interface IncidentSource {
  readonly seed: number;
  readonly meterIndex: number;
  /** Which feeder the meter hangs on. */
  readonly feeder: number;
  readonly phases: 1 | 3;
}

/** Incidents that begin in the UTC day `day` (days since 1970-01-01), in no particular order. */
export function incidentsOfDay(source: IncidentSource, day: number): Incident[] {
  const found: Incident[] = [];
  const shared = makeIncident(source.seed, FEEDER + source.feeder, day, 0, FEEDER_OUTAGE);
  if (shared !== undefined) found.push(shared);
  RATES.forEach((rate, index) => {
    if (rate.threePhaseOnly === true && source.phases === 1) return;
    const incident = makeIncident(source.seed, source.meterIndex, day, index + 1, rate);
    if (incident !== undefined) found.push(source.phases === 1 ? { ...incident, phase: 0 } : incident);
  });
  return found;
}

function makeIncident(
  seed: number,
  owner: number,
  day: number,
  index: number,
  rate: Rate,
): Incident | undefined {
  const channel = 1000 + index * 8;
  if (noise(seed, owner, day, channel) >= rate.perDay) return undefined;
  const startMs = day * DAY_MS + Math.floor((noise(seed, owner, day, channel + 1) * DAY_MS) / 1000) * 1000;
  const share = noise(seed, owner, day, channel + 2) ** (rate.lean ?? 1);
  const lasts = Math.round((rate.shortest + (rate.longest - rate.shortest) * share) / 1000) * 1000;
  return {
    kind: rate.kind,
    startMs,
    endMs: startMs + lasts,
    phase: Math.floor(noise(seed, owner, day, channel + 3) * 3),
  };
}

/** Longer outages than this go to the power-failure log. */
const LONG_OUTAGE_MS = 3 * MINUTE_MS;

const pair = (
  log: LoggedEvent['log'],
  incident: Incident,
  first: number,
  second: number,
): readonly LoggedEvent[] => [
  { log, atMs: incident.startMs, value: first },
  { log, atMs: incident.endMs, value: second },
];

/** The lines that an incident leaves in the logs. */
export function eventsOfIncident(incident: Incident): readonly LoggedEvent[] {
  const { kind, phase, startMs, endMs } = incident;
  switch (kind) {
    case 'outage': {
      const lines = pair('standard', incident, EVENT.powerDown, EVENT.powerUp);
      if (endMs - startMs < LONG_OUTAGE_MS) return lines;
      return [...lines, { log: 'power-failure', atMs: endMs, value: Math.round((endMs - startMs) / 1000) }];
    }
    case 'phase-loss':
      return pair('phase-interruption', incident, EVENT.phaseLost + phase, EVENT.phaseBack + phase);
    case 'sag':
      return pair('power-quality', incident, EVENT.sag + phase, EVENT.phaseBack + phase);
    case 'swell':
      return pair('power-quality', incident, EVENT.swell + phase, EVENT.phaseBack + phase);
    case 'terminal-cover':
      return pair('fraud', incident, EVENT.terminalCoverOpen, EVENT.terminalCoverClosed);
    case 'meter-cover':
      return pair('fraud', incident, EVENT.meterCoverOpen, EVENT.meterCoverClosed);
    case 'magnet':
      return pair('fraud', incident, EVENT.magneticFieldOn, EVENT.magneticFieldOff);
    case 'relay-off':
      return pair('relay', incident, EVENT.relayRemoteOff, EVENT.relayRemoteOn);
    case 'firmware':
      return pair('standard', incident, EVENT.firmwareReady, EVENT.firmwareActivated);
    case 'watchdog':
      return [{ log: 'standard', atMs: startMs, value: EVENT.watchdog }];
    case 'tariff':
      return [{ log: 'standard', atMs: startMs, value: EVENT.tariffActivated }];
    case 'battery':
      return [{ log: 'standard', atMs: startMs, value: EVENT.batteryLow }];
  }
}
