import type { Interval, MeterEvent, TaskItem } from '../base/model.ts';
import type { EventTells } from '../meters/meter-profile.ts';
import type { RowMark } from '../meters/row-marks.ts';
import { subtract } from './planner.ts';
import { isOpen } from './window.ts';

/** Why rows are not there. All but `unread` say that nothing is left to be fetched. */
export const GAP_CAUSES = [
  'unread',
  'power-failure',
  'clock-changed',
  'replaced',
  'not-yet-installed',
  'meter-has-none',
] as const;
export type GapCause = (typeof GAP_CAUSES)[number];

/** Why what could be there has not been read. */
export const UNREAD_REASONS = [
  'disabled',
  'no-task',
  'blacklisted',
  'beyond-recall',
  'offline',
  'failed',
  'window',
  'not-due',
] as const;

export interface Unread {
  readonly reason: (typeof UNREAD_REASONS)[number];
  /** Error code of the last attempt. */
  readonly code?: string;
  readonly message?: string;
  /** UTC ms since when it is so. */
  readonly sinceMs?: number;
}

export interface Gap extends Interval {
  readonly cause: GapCause;
  /** With `unread`. */
  readonly why?: Unread;
}

/** What is known of a meter and of one kind of its data. */
export interface GapFacts {
  readonly interval: Interval;
  readonly nowMs: number;
  /**
   * Rows that are there, UTC ms, ascending. `periodMs`: distance of captures, null while nobody knows it; with
   * `irregular` (logs, billing) only what was not asked for is a gap.
   */
  readonly rows:
    | { readonly times: readonly number[]; readonly periodMs: number | null; readonly marks: RowMarksByIndex }
    | 'irregular';
  readonly coverage: readonly Interval[];
  /** Stretches of the meter's time without power. */
  readonly powerOff: readonly Interval[];
  /** Stretches of the meter's time that its clock was set over, forwards or backwards. */
  readonly clockChanges: readonly Interval[];
  /** When it took the place of another. */
  readonly installedMs?: number;
  /** When another took its place. */
  readonly replacedMs?: number;
  readonly reading: ReadingFacts;
}

type RowMarksByIndex = ReadonlyMap<number, readonly RowMark[]>;

/** What keeps a meter from being read, or does not. */
export interface ReadingFacts {
  readonly enabled: boolean;
  readonly blacklisted: boolean;
  readonly offlineSinceMs?: number;
  /** Enabled task items that collect the kind from this meter. */
  readonly items: readonly Pick<TaskItem, 'maxRecallS' | 'window'>[];
  readonly zone: string;
  /** The last failure of such an item, unless it has succeeded since. */
  readonly lastFailure?: { readonly code: string; readonly message: string; readonly timeMs: number };
}

/** What a meter's clock and its log may disagree by. */
const TOLERANCE_MS = 60_000;

/** A stretch in which one row is missing, or of which nobody knows how many rows it should hold. */
interface Cell extends Interval {
  /** When the missing row should have been captured. */
  readonly atMs: number;
}

interface Stretch extends Interval {
  /** Index of the row behind it; undefined at the end. */
  readonly nextRow: number | undefined;
}

/** Every stretch of the interval, as far as it is past, in which data is missing, with its cause; ascending, disjoint. */
export function namedGaps(facts: GapFacts): Gap[] {
  const { interval, nowMs, rows, coverage } = facts;
  const past = { fromMs: interval.fromMs, toMs: Math.min(interval.toMs, nowMs) };
  if (past.toMs <= past.fromMs) return [];
  if (rows === 'irregular') {
    const cells = subtract(past, coverage).flatMap((gap) => cutAt(gap, edgesOf(facts)));
    return merged(cells.map((cell) => ({ ...cell, ...unreadCause(facts, cell.atMs) })));
  }
  const stretches = emptyStretches(rows.times, rows.periodMs, past);
  return merged(
    stretches.flatMap((stretch) => {
      const marks = rows.marks.get(stretch.nextRow ?? Number.NaN) ?? [];
      const cells = rows.periodMs === null ? cutAt(stretch, edgesOf(facts)) : cellsOf(stretch, rows.periodMs);
      return cells.map((cell) => ({ fromMs: cell.fromMs, toMs: cell.toMs, ...causeOf(facts, cell, marks) }));
    }),
  );
}

/** Stretches in which at least one row is missing. */
function emptyStretches(times: readonly number[], periodMs: number | null, past: Interval): Stretch[] {
  const longest = periodMs === null ? 0 : periodMs * 1.5;
  const found: Stretch[] = [];
  let fromMs = past.fromMs;
  for (const [nextRow, toMs] of times.entries()) {
    // At the beginning, a whole period holds a row; between two rows it does not.
    const empty = nextRow === 0 && periodMs !== null ? toMs - fromMs >= periodMs : toMs - fromMs > longest;
    if (empty) found.push({ fromMs, toMs, nextRow });
    fromMs = toMs;
  }
  if (past.toMs - fromMs > longest) found.push({ fromMs, toMs: past.toMs, nextRow: undefined });
  return found;
}

/** One cell for each row that is missing, counted from the row before, or from the one behind where there is none before. */
function cellsOf({ fromMs, toMs, nextRow }: Stretch, periodMs: number): Cell[] {
  const periods = (toMs - fromMs) / periodMs;
  const leading = nextRow === 0;
  // Between two rows; up to an end that is not itself asked for; from a beginning that is.
  const inside = nextRow === undefined ? Math.ceil(periods) - 1 : Math.round(periods) - 1;
  const count = Math.max(1, leading ? Math.floor(periods) : inside);
  return Array.from({ length: count }, (_, index): Cell => {
    const atMs = leading ? toMs - (count - index) * periodMs : fromMs + (index + 1) * periodMs;
    // The first row that is missing may be due at the very beginning.
    const startMs = leading ? atMs : atMs - periodMs;
    return {
      fromMs: index === 0 ? fromMs : startMs,
      toMs: index === count - 1 ? toMs : startMs + periodMs,
      atMs,
    };
  });
}

/** Where what is known changes. */
function edgesOf({
  coverage,
  powerOff,
  clockChanges,
  installedMs,
  replacedMs,
  reading,
  nowMs,
}: GapFacts): number[] {
  const stretches = [...coverage, ...powerOff, ...clockChanges].flatMap(({ fromMs, toMs }) => [fromMs, toMs]);
  return [...stretches, installedMs, replacedMs, recallStart(reading, nowMs)]
    .filter((edge) => edge !== undefined)
    .toSorted((a, b) => a - b);
}

function cutAt(stretch: Interval, edges: readonly number[]): Cell[] {
  const cells: Cell[] = [];
  let { fromMs } = stretch;
  for (const edge of [...edges, stretch.toMs]) {
    if (edge <= fromMs || edge > stretch.toMs) continue;
    cells.push({ fromMs, toMs: edge, atMs: (fromMs + edge) / 2 });
    fromMs = edge;
  }
  return cells;
}

function causeOf(
  facts: GapFacts,
  { atMs }: Cell,
  marks: readonly RowMark[],
): { readonly cause: GapCause; readonly why?: Unread } {
  const { coverage, powerOff, clockChanges } = facts;
  if (!coverage.some(({ fromMs, toMs }) => atMs >= fromMs && atMs < toMs)) return unreadCause(facts, atMs);
  const moved = movedCause(facts, atMs);
  if (moved !== undefined) return { cause: moved };
  const within = ({ fromMs, toMs }: Interval): boolean =>
    atMs >= fromMs - TOLERANCE_MS && atMs <= toMs + TOLERANCE_MS;
  if (powerOff.some(within)) return { cause: 'power-failure' };
  if (clockChanges.some(within)) return { cause: 'clock-changed' };
  if (marks.includes('power-failed')) return { cause: 'power-failure' };
  if (marks.includes('clock-changed')) return { cause: 'clock-changed' };
  return { cause: 'meter-has-none' };
}

function movedCause({ installedMs, replacedMs }: GapFacts, atMs: number): GapCause | undefined {
  if (replacedMs !== undefined && atMs >= replacedMs) return 'replaced';
  return installedMs !== undefined && atMs < installedMs ? 'not-yet-installed' : undefined;
}

function unreadCause(facts: GapFacts, atMs: number): { readonly cause: GapCause; readonly why?: Unread } {
  const moved = movedCause(facts, atMs);
  return moved === undefined ? { cause: 'unread', why: whyUnread(facts, atMs) } : { cause: moved };
}

const recallStart = ({ items }: ReadingFacts, nowMs: number): number | undefined =>
  items.length === 0 ? undefined : nowMs - Math.max(...items.map(({ maxRecallS }) => maxRecallS)) * 1000;

function whyUnread({ reading, nowMs }: GapFacts, atMs: number): Unread {
  const { enabled, blacklisted, offlineSinceMs, items, zone, lastFailure } = reading;
  if (blacklisted) return { reason: 'blacklisted' };
  if (!enabled) return { reason: 'disabled' };
  if (items.length === 0) return { reason: 'no-task' };
  if (atMs < (recallStart(reading, nowMs) ?? atMs)) return { reason: 'beyond-recall' };
  const failure = lastFailure === undefined ? {} : { code: lastFailure.code, message: lastFailure.message };
  if (offlineSinceMs !== undefined) return { reason: 'offline', sinceMs: offlineSinceMs, ...failure };
  if (lastFailure !== undefined) return { reason: 'failed', sinceMs: lastFailure.timeMs, ...failure };
  return { reason: items.every((item) => !isOpen(item, nowMs, zone)) ? 'window' : 'not-due' };
}

/** Neighbours of one cause as one. */
function merged(gaps: readonly Gap[]): Gap[] {
  const out: Gap[] = [];
  for (const { fromMs, toMs, cause, why } of gaps) {
    const last = out.at(-1);
    const same = last?.toMs === fromMs && last.cause === cause && last.why?.reason === why?.reason;
    if (last !== undefined && same) out[out.length - 1] = { ...last, toMs };
    else out.push({ fromMs, toMs, cause, ...(why === undefined ? {} : { why }) });
  }
  return out;
}

/** Duration of the last long power failure, seconds, as the power failure log captures it. */
const FAILURE_DURATION = /^\d+:[01]\.\d+\.96\.7\.1[5-9]\.255:2$/;

/** An event with what it tells in the profile of its meter. */
type LogEvent = Pick<MeterEvent, 'time' | 'extra'> & { readonly tells: EventTells | undefined };

const durationOf = ({ extra }: LogEvent): number | undefined => {
  const found = Object.entries(extra).find(([name]) => FAILURE_DURATION.test(name))?.[1];
  return found === undefined ? undefined : Number(found) * 1000;
};

/** Stretches without power: from ends that come with a duration, and from downs and ups. */
export function powerOffFrom(events: readonly LogEvent[], nowMs: number): Interval[] {
  const failures = events.flatMap((event) => {
    const durationMs = durationOf(event);
    return durationMs === undefined ? [] : [{ fromMs: event.time - durationMs, toMs: event.time }];
  });
  let downMs: number | undefined;
  const stretches: Interval[] = [];
  const rank = ({ tells }: LogEvent): number => (tells === 'power-down' ? 0 : 1);
  const changes = events.filter((event) => durationOf(event) === undefined);
  for (const { tells, time } of changes.toSorted((a, b) => a.time - b.time || rank(a) - rank(b))) {
    if (tells === 'power-down') downMs ??= time;
    if (tells !== 'power-up' || downMs === undefined) continue;
    stretches.push({ fromMs: downMs, toMs: time });
    downMs = undefined;
  }
  if (downMs !== undefined) stretches.push({ fromMs: downMs, toMs: nowMs });
  return [...failures, ...stretches];
}

/** Stretches that clocks were set over, from the meter's events and from the concentrator's own corrections. */
export function clockChangesFrom(
  events: readonly LogEvent[],
  corrections: readonly { readonly time: number; readonly driftMs: number; readonly action: string }[],
): Interval[] {
  const between = (a: number, b: number): Interval => ({ fromMs: Math.min(a, b), toMs: Math.max(a, b) });
  const before = events.filter(({ tells }) => tells === 'clock-before').map(({ time }) => time);
  // Which belong together no entry says: what was set by little is more likely than what was set by much.
  const logged = events
    .filter(({ tells }) => tells === 'clock-after')
    .flatMap(({ time }) => {
      const nearest = before.toSorted((a, b) => Math.abs(a - time) - Math.abs(b - time))[0];
      return nearest === undefined ? [] : [between(nearest, time)];
    });
  const own = corrections
    .filter(({ action }) => action !== 'refused')
    .map(({ time, driftMs }) => between(time, time + driftMs));
  return [...logged, ...own];
}
