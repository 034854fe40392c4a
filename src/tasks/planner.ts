import type { Interval, Meter, TaskGroup, TaskItem } from '../base/model.ts';

/** A gap at the recent end that is shorter than this is left for the next tick. */
export const MIN_TAIL_MS = 120_000;
const DAY_MS = 86_400_000;

/** One task item for one meter. */
export interface PlannedTask {
  readonly meter: Meter;
  readonly item: TaskItem;
}

export type PlannedRead =
  | { readonly skip: 'recent-success' | 'nothing-missing' }
  /** Ranges to fetch, oldest first, none longer than the chunk. */
  | { readonly ranges: readonly Interval[] };

/**
 * Pairs of enabled meters and the enabled items of their enabled task group, and of the group of their channel, urgent
 * ones first.
 */
export function tasksOf(
  meters: readonly Meter[],
  groups: readonly TaskGroup[],
  items: readonly TaskItem[],
  channelTask: (meter: Meter) => string | undefined = () => undefined,
): PlannedTask[] {
  const enabled = new Set(groups.filter((group) => group.enabled).map((group) => group.name));
  const byTask = new Map<string, TaskItem[]>();
  for (const item of items) {
    if (!item.enabled || !enabled.has(item.task)) continue;
    byTask.set(item.task, [...(byTask.get(item.task) ?? []), item]);
  }
  return meters
    .filter((meter) => meter.enabled)
    .flatMap((meter) =>
      [...new Set([meter.task, channelTask(meter)])]
        .flatMap((task) => (task === undefined ? [] : (byTask.get(task) ?? [])))
        .map((item) => ({ meter, item })),
    )
    .sort((a, b) => a.item.priority - b.item.priority || a.meter.id - b.meter.id || a.item.id - b.item.id);
}

/** True when a success less than Interval ago is enough (manual, Figure 21). */
export function succeededLately(item: TaskItem, lastSuccessMs: number | undefined, nowMs: number): boolean {
  if (item.intervalS <= 0 || lastSuccessMs === undefined) return false;
  const age = nowMs - lastSuccessMs;
  // A success in the future is the trace of a clock that was set back: it proves nothing.
  return age >= 0 && age < item.intervalS * 1000;
}

/** What to fetch for one item of one meter now. Pure. */
export function planRead(input: {
  readonly nowMs: number;
  readonly item: TaskItem;
  readonly coverage: readonly Interval[];
  readonly lastSuccessMs: number | undefined;
  readonly chunkMs: number;
}): PlannedRead {
  const { nowMs, item, coverage, lastSuccessMs, chunkMs } = input;
  if (succeededLately(item, lastSuccessMs, nowMs)) return { skip: 'recent-success' };
  const window = recallWindow(item, nowMs);
  const missing = subtract(window, coverage).filter(
    (gap) => gap.toMs < window.toMs || gap.toMs - gap.fromMs >= MIN_TAIL_MS,
  );
  if (missing.length === 0) return { skip: 'nothing-missing' };
  return { ranges: missing.flatMap((gap) => split(gap, chunkMs)) };
}

/** MaxRecall back from now, in whole seconds as DLMS clocks count. */
export function recallWindow(item: TaskItem, nowMs: number): Interval {
  const toMs = Math.floor(nowMs / 1000) * 1000;
  return { fromMs: toMs - Math.max(0, item.maxRecallS) * 1000, toMs };
}

/** What of `window` no interval of `covered` holds; ascending and disjoint. `covered` may come in any order. */
export function subtract(window: Interval, covered: readonly Interval[]): Interval[] {
  const gaps: Interval[] = [];
  let at = window.fromMs;
  for (const interval of covered.toSorted((a, b) => a.fromMs - b.fromMs)) {
    if (interval.toMs <= at) continue;
    if (interval.fromMs >= window.toMs) break;
    if (interval.fromMs > at) gaps.push({ fromMs: at, toMs: interval.fromMs });
    at = interval.toMs;
  }
  if (at < window.toMs) gaps.push({ fromMs: at, toMs: window.toMs });
  return gaps;
}

/** Pieces of at most `chunkMs`, cut at multiples of whole days where that is possible. */
export function split(gap: Interval, chunkMs: number): Interval[] {
  const pieces: Interval[] = [];
  let fromMs = gap.fromMs;
  while (fromMs < gap.toMs) {
    const furthest = fromMs + chunkMs;
    const dayEdge = Math.floor(furthest / DAY_MS) * DAY_MS;
    const toMs = Math.min(gap.toMs, dayEdge > fromMs ? dayEdge : furthest);
    pieces.push({ fromMs, toMs });
    fromMs = toMs;
  }
  return pieces;
}
