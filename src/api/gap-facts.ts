import { namesOfMeter } from '../base/device-address.ts';
import type { CollectionKind, EventLog, Interval, Meter, ProfileRows, TaskItem } from '../base/model.ts';
import type { ProfileBook } from '../meters/profiles/index.ts';
import { rowMarks } from '../meters/row-marks.ts';
import type { MeterRow, Store } from '../store/types.ts';
import { clockChangesFrom, type GapFacts, powerOffFrom, type ReadingFacts } from '../tasks/gaps.ts';
import { tasksOf } from '../tasks/planner.ts';
import { kindOf } from '../tasks/task-type.ts';
import { TASK_TYPE_DEFINITIONS } from '../tasks/types/index.ts';

export interface GapSources {
  readonly store: Pick<Store, 'configuration' | 'readings'>;
  /** Names the events of a meter profile. */
  readonly profiles: Pick<ProfileBook, 'event'>;
  readonly blacklist: { match(names: readonly string[]): unknown };
  readonly nowMs: number;
  readonly zone: string;
}

export interface GapQuestion {
  readonly meter: MeterRow;
  readonly kind: CollectionKind;
  readonly interval: Interval;
  /** What there is; undefined for logs and billing, whose rows come when they come. */
  readonly rows: ProfileRows | undefined;
  readonly periodMs: number | null;
}

/** Logs that tell why rows are missing. */
const TELLING: readonly EventLog[] = ['standard', 'power-failure'];
/** A power failure is on record when it is over. */
const LONGEST_FAILURE_MS = 7 * 86_400_000;
const MOST_EVENTS = 1_000;
const MOST_CORRECTIONS = 500;

/** Gathers what names the gaps in the data of one kind of a meter. */
export async function gapFacts(sources: GapSources, question: GapQuestion): Promise<GapFacts> {
  const { store, profiles, nowMs } = sources;
  const { meter, kind, interval, rows, periodMs } = question;
  const around = {
    fromMs: interval.fromMs - LONGEST_FAILURE_MS,
    toMs: Math.min(interval.toMs, nowMs) + LONGEST_FAILURE_MS,
  };
  const [coverage, clock, reading, ...pages] = await Promise.all([
    store.readings.coverage(meter.id, kind),
    store.readings.clock(meter.id, MOST_CORRECTIONS),
    readingFacts(sources, meter, kind),
    ...TELLING.map((log) => store.readings.events(meter.id, { log, interval: around, limit: MOST_EVENTS })),
  ]);
  const events = pages
    .flatMap((page) => page.rows)
    .map(({ log, code, time, extra }) => ({
      time,
      extra,
      tells: profiles.event(meter.profile, log, code)?.tells,
    }));
  const periodic = kind === 'energy' || kind === 'demand';
  return {
    interval,
    nowMs,
    rows: periodic
      ? {
          times: rows === undefined ? [] : Array.from(rows.times),
          periodMs,
          marks: rows === undefined ? new Map() : rowMarks(rows),
        }
      : 'irregular',
    coverage,
    powerOff: powerOffFrom(events, nowMs),
    clockChanges: clockChangesFrom(events, clock.corrections),
    ...(meter.replaces === undefined ? {} : { installedMs: meter.replaces.at }),
    ...(meter.replaced === undefined ? {} : { replacedMs: meter.replaced.at }),
    reading,
  };
}

async function readingFacts(
  { store: { configuration, readings }, blacklist, zone }: GapSources,
  meter: MeterRow,
  kind: CollectionKind,
): Promise<ReadingFacts> {
  const [groups, all, channels, attempts] = await Promise.all([
    configuration.taskGroups(),
    configuration.taskItems(),
    configuration.channels(),
    readings.attempts(meter.id),
  ]);
  const channel = channels.find(({ name }) => name === meter.channel);
  const collecting = all.filter(({ type }) => kindOf(TASK_TYPE_DEFINITIONS[type]) === kind);
  const enabled: Meter = { ...meter, enabled: true };
  const items: TaskItem[] = tasksOf([enabled], groups, collecting, () => channel?.task).map(
    ({ item }) => item,
  );
  const own = attempts.filter(({ itemId }) => items.some(({ id }) => id === itemId));
  const last = own.toSorted((a, b) => b.finishedAt - a.finishedAt)[0];
  return {
    enabled: meter.enabled && channel?.enabled !== false,
    blacklisted: blacklist.match(namesOfMeter(meter)) !== undefined,
    ...(meter.offlineSince === undefined ? {} : { offlineSinceMs: meter.offlineSince }),
    items,
    zone,
    ...(last?.error === undefined
      ? {}
      : { lastFailure: { code: last.error, message: last.message ?? '', timeMs: last.finishedAt } }),
  };
}
