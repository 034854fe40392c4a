import { VirtualClock } from '../../src/base/clock.ts';
import { type CollectionKind, EVENT_LOGS, PROFILE_KINDS } from '../../src/base/model.ts';
import { DAY_MS, HOUR_MS } from '../../src/simulator/calendar.ts';
import { EVENT_ENTRIES } from '../../src/simulator/profile-rows.ts';
import { Truth } from '../days/truth.ts';
import { KINDS } from '../days/watch.ts';
import { eventFact, type Fact, isConcentrators, rowFact } from './facts.ts';
import { houseOf, type StreetPlan, sceneryOf } from './house.ts';
import type { Note } from './journal.ts';

/** The planner leaves shorter tails for the next tick. */
const TAIL_MS = 130_000;
/** A meter writes its log a little after what it tells of. */
const LOG_DELAY_MS = 15_000;
/** A row whose stamp is further off was written by a clock that was wrong: it was not asked for. */
const CLOCK_RIGHT_MS = 90_000;
const EDGE_MS = 2 * HOUR_MS;
const BILLING_RECALL_MS = 400 * DAY_MS;

/** What the meters have written, made again from the seed and without the concentrator. */
export interface MetersBook {
  /** All that must have been read by the last reading of each that went well. */
  readonly due: readonly Fact[];
  /** Whether it is a meter's, or the concentrator's own. */
  readonly written: (fact: Fact) => boolean;
  /** Kinds that were never read, and of which meter. */
  readonly unread: readonly string[];
}

/** `idOf`: of a meter in the archive. */
export function metersBook(
  plan: StreetPlan,
  untilMs: number,
  notes: readonly Note[],
  idOf: (meterNo: string) => number | undefined,
): MetersBook {
  const { recallDays } = sceneryOf(plan);
  const reads = lastReads(notes);
  const written = new Set<Fact>();
  const due: Fact[] = [];
  const unread: string[] = [];
  const clock = new VirtualClock(plan.startMs);
  const truths = houseOf(plan, clock).street.places.map(
    ({ meter }) => new Truth(meter, plan.startMs - (recallDays + 1) * DAY_MS),
  );
  // What is in a meter's buffers at the beginning may be out of them at the end.
  clock.jump(untilMs - plan.startMs);
  for (const truth of truths) {
    const { meter } = truth;
    const { meterNo } = meter.plan;
    truth.foresee();
    truth.record();
    const readMs = (kind: CollectionKind): number | undefined => reads.get(`${idOf(meterNo)} ${kind}`);
    for (const kind of PROFILE_KINDS) {
      const lastMs = readMs(kind);
      // Billing is read on the first days of a month only.
      if (lastMs === undefined && kind !== 'billing') unread.push(`${kind} of ${meterNo}`);
      const recallMs = kind === 'billing' ? BILLING_RECALL_MS : recallDays * DAY_MS;
      for (const { stampMs, timeMs, clockStatus, cells } of truth.allRows(kind)) {
        const fact = rowFact({ meterNo, kind, time: stampMs, clockStatus, cells });
        written.add(fact);
        const isAsked =
          stampMs > plan.startMs - recallMs + EDGE_MS && Math.abs(stampMs - timeMs) <= CLOCK_RIGHT_MS;
        if (isAsked && lastMs !== undefined && Math.max(stampMs, timeMs) <= lastMs - TAIL_MS) due.push(fact);
      }
    }
    for (const log of EVENT_LOGS) {
      const lastMs = readMs(log);
      if (lastMs === undefined) unread.push(`${log} of ${meterNo}`);
      const factOf = (time: number, code: number): Fact =>
        eventFact({ meterNo, log, time, code, extra: { duration: String(code) } });
      for (const [stampMs, events] of truth.events[log])
        for (const { value } of events) written.add(factOf(stampMs, value));
      for (const { atMs, value, stampMs } of meter.point.events(log, untilMs, EVENT_ENTRIES)) {
        const stamp = Math.floor((stampMs ?? meter.point.clock.at(atMs)) / 10) * 10;
        if (lastMs !== undefined && Math.max(stamp, atMs + LOG_DELAY_MS) <= lastMs - TAIL_MS)
          due.push(factOf(stamp, value));
      }
    }
  }
  return { due, unread, written: (fact) => written.has(fact) || isConcentrators(fact) };
}

/** By meter and kind, when the last reading that went well began. */
function lastReads(notes: readonly Note[]): ReadonlyMap<string, number> {
  const reads = new Map<string, number>();
  for (const note of notes) {
    if (!('read' in note)) continue;
    const { meterId, type, startMs } = note.read;
    const kind = KINDS[type];
    if (kind !== undefined) reads.set(`${meterId} ${kind}`, startMs);
  }
  return reads;
}
