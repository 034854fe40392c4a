import type { Clock } from '../base/clock.ts';
import { toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { DeviceLogbook } from '../device/logbook.ts';
import type { Collector } from '../tasks/collector.ts';
import type { CollectorEvents } from '../tasks/events.ts';

type Change = CollectorEvents['meter-reachability'];

/** Changes within this time are told together, and one that is over by then is not told. */
const GATHER_MS = 60_000;
/** From so many meters of a channel on, one event speaks of all of them. */
const MANY = 5;
/** Meters that such an event names. */
const NAMED = 10;
const IMPLAUSIBLE_MS = 86_400_000;

export interface MeterWatchDependencies {
  readonly bus: Collector['bus'];
  readonly logbook: Pick<DeviceLogbook, 'record'>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Puts into the logbook which meters have fallen silent and which answer again, which clocks were far off, and what is
 * wrong with a line. Returns what ends the watch.
 */
export function watchMeters({ bus, logbook, clock, log }: MeterWatchDependencies): () => void {
  const gathered = new Map<number, Change>();
  const implausible = new Set<number>();
  let cancel: (() => void) | undefined;
  const record = (type: string, detail: string): void => {
    logbook
      .record(type, detail)
      .catch((error: unknown) => log.error('a logbook entry was lost', { ...toDcuError(error).toJSON() }));
  };
  const tell = (): void => {
    cancel = undefined;
    const changes = [...gathered.values()];
    gathered.clear();
    for (const state of ['offline', 'online'] as const) {
      const byChannel = Map.groupBy(
        changes.filter((change) => change.state === state),
        ({ channel }) => channel,
      );
      for (const [channel, some] of byChannel) {
        const texts = some.length < MANY ? some.map((change) => textOf(change, clock.now())) : [];
        for (const text of texts.length > 0 ? texts : [summaryOf(channel, some)])
          record(`meter-${state}`, text);
      }
    }
  };
  const releases = [
    bus.on('meter-reachability', (change) => {
      const before = gathered.get(change.meterId);
      if (before !== undefined && before.state !== change.state) gathered.delete(change.meterId);
      else gathered.set(change.meterId, change);
      if (gathered.size > 0) cancel ??= clock.after(GATHER_MS, tell);
    }),
    bus.on('line-trouble', ({ line, message }) => record('line-trouble', `${line}: ${message}`)),
    bus.on('job-finished', ({ meterId, meterNo, outcome, error }) => {
      if (error?.code !== 'clock-implausible') {
        if (outcome === 'done') implausible.delete(meterId);
        return;
      }
      if (implausible.has(meterId)) return;
      implausible.add(meterId);
      record('meter-clock-implausible', `${meterNo}: ${error.message}`);
    }),
    bus.on('meter-identity', ({ meterNo, known, found }) =>
      record(
        'meter-replaced',
        `another meter answers at the address of ${meterNo}: ${found} in place of ${known}; replace it in the archive, or accept it`,
      ),
    ),
    bus.on('meter-clock', ({ meterId, meterNo, driftMs, action, leftMs }) => {
      // What was shifted is on record with the meter.
      if (action !== 'set') return;
      if (Math.abs(driftMs) > IMPLAUSIBLE_MS && !implausible.has(meterId)) {
        record('meter-clock-implausible', `${meterNo}: ${offText(driftMs)}`);
      }
      record('meter-clock', `${meterNo}: set, it was ${offText(driftMs)}${leftText(leftMs)}`);
    }),
  ];
  return () => {
    for (const release of releases) release();
    cancel?.();
    // What has happened is told before the end.
    if (gathered.size > 0) tell();
  };
}

function textOf({ meterNo, channel, state, since }: Change, nowMs: number): string {
  if (state === 'offline') return `${meterNo} on ${channel} does not answer since ${isoSecond(since)}`;
  return `${meterNo} on ${channel} answers again after ${durationText(nowMs - since)}`;
}

function summaryOf(channel: string, changes: readonly Change[]): string {
  const names = changes.slice(0, NAMED).map(({ meterNo }) => meterNo);
  const rest = changes.length > NAMED ? ` and ${changes.length - NAMED} more` : '';
  const since = isoSecond(Math.min(...changes.map((change) => change.since)));
  const what =
    changes[0]?.state === 'offline' ? `do not answer since ${since}` : `answer again, silent since ${since}`;
  return `${changes.length} meters on ${channel} ${what}: ${names.join(', ')}${rest}`;
}

const isoSecond = (timeMs: number): string => `${new Date(timeMs).toISOString().slice(0, 19)}Z`;

const offText = (driftMs: number): string =>
  `${(Math.abs(driftMs) / 1000).toFixed(1)} s ${driftMs > 0 ? 'ahead' : 'behind'}`;

const leftText = (leftMs: number | undefined): string =>
  leftMs === undefined ? '' : `, ${(Math.abs(leftMs) / 1000).toFixed(1)} s are left`;

function durationText(ms: number): string {
  const minutes = Math.max(1, Math.round(ms / 60_000));
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(minutes / 1_440), 'd'],
    [Math.floor(minutes / 60) % 24, 'h'],
    [minutes % 60, 'min'],
  ];
  return parts
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}
