import { type CollectionKind, EVENT_LOGS, type EventLog } from '../../src/base/model.ts';
import type { OutboxState } from '../../src/base/outbox.ts';
import type { Readings, Store } from '../../src/store/types.ts';
import { storedFacts } from './facts.ts';
import type { HeadEnd } from './head-end.ts';
import type { StreetPlan } from './house.ts';
import type { Note } from './journal.ts';
import { type Balance, balance } from './ledger.ts';
import { metersBook } from './meters.ts';

export interface Evidence {
  readonly store: Store;
  readonly state: OutboxState;
  readonly plan: StreetPlan;
  readonly endMs: number;
  readonly notes: readonly Note[];
  readonly headEnd: HeadEnd;
}

const MOST_METERS = 10_000;

/** Looks into the store and at the meters, and holds what the head-end got against both. */
export async function audit({ store, state, plan, endMs, notes, headEnd }: Evidence): Promise<Balance> {
  const { rows: archive } = await store.archive.list({ limit: MOST_METERS });
  const ids = new Map(archive.map(({ id, meterNo }) => [meterNo, id]));
  const { due, unread, written } = metersBook(plan, endMs, notes, (meterNo) => ids.get(meterNo));
  const times = await timesIn(store.readings, notes);
  const result = balance({
    notes,
    stored: await storedFacts(store, state.since),
    due,
    written,
    hasTime: (meterId, kind, time) => times.get(`${meterId} ${kind}`)?.has(time) ?? false,
    acknowledged: state.acknowledged,
    dropped: state.dropped,
    deliveries: headEnd.deliveries,
  });
  const faults = [...result.faults];
  if (state.waiting > 0) faults.push(`${state.waiting} items are owed still`);
  if (unread.length > 0) faults.push(`${unread[0]} was never read (${unread.length} such)`);
  return { ...result, faults };
}

const isLog = (kind: CollectionKind): kind is EventLog => EVENT_LOGS.some((log) => log === kind);

/** Times of all that is stored of the meters and kinds that the notes name. */
async function timesIn(
  readings: Readings,
  notes: readonly Note[],
): Promise<ReadonlyMap<string, ReadonlySet<number>>> {
  const times = new Map<string, ReadonlySet<number>>();
  const interval = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };
  for (const note of notes) {
    if (!('stored' in note)) continue;
    const { meterId, kind } = note.stored;
    const key = `${meterId} ${kind}`;
    if (times.has(key)) continue;
    const known = isLog(kind)
      ? (await readings.events(meterId, { log: kind, interval, limit: 1_000_000 })).rows.map(
          ({ time }) => time,
        )
      : (await readings.profile(meterId, kind, interval))?.times;
    times.set(key, new Set(known));
  }
  return times;
}
