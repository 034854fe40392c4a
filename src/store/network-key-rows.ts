import { and, desc, eq, inArray } from 'drizzle-orm';
import { DcuError } from '../base/errors.ts';
import type { Database } from './database.ts';
import { networkKeyChanges, networkKeySteps, networkKeys } from './schema.ts';
import type { KeyChange, KeyChangeState, KeyStepState } from './types.ts';

export interface SealedNetworkKey {
  readonly channel: string;
  /** 0 = the whole network's. */
  readonly meterId: number;
  readonly sealedKey: string;
  readonly sealedPrevious: string | null;
  readonly changedAt: number;
}

export interface SealedKeyChange {
  readonly channel: string;
  readonly meterId: number;
  readonly sealedKey: string;
  readonly actor: string;
  readonly startedAt: number;
  /** In the order in which they get the key. */
  readonly meterIds: readonly number[];
}

const UNDER_WAY: readonly KeyChangeState[] = ['running', 'rolling-back'];
/** Of one channel; older ones are dropped with the next plan. */
const MOST_CHANGES = 50;
/** Messages are for people; a hostile meter must not fill the disk with them. */
const LONGEST_MESSAGE = 300;

export const listNetworkKeys = (db: Database): readonly SealedNetworkKey[] =>
  db.query.select().from(networkKeys).orderBy(networkKeys.channel, networkKeys.meterId).all();

export function saveNetworkKey(db: Database, row: SealedNetworkKey): void {
  requireNothingUnderWay(db, row.channel);
  db.query
    .insert(networkKeys)
    .values(row)
    .onConflictDoUpdate({ target: [networkKeys.channel, networkKeys.meterId], set: row })
    .run();
}

/** Takes the place of other plans of the channel. @throws DcuError `conflict` while a change is under way there */
export function planKeyChange(db: Database, change: SealedKeyChange): KeyChange {
  const { meterIds, ...values } = change;
  requireNothingUnderWay(db, change.channel);
  const earlier = changesOf(db, change.channel);
  const dropped = earlier.filter(({ state }, index) => state === 'planned' || index >= MOST_CHANGES);
  for (const { id } of dropped) {
    db.query.delete(networkKeySteps).where(eq(networkKeySteps.changeId, id)).run();
    db.query.delete(networkKeyChanges).where(eq(networkKeyChanges.id, id)).run();
  }
  const [made] = db.query
    .insert(networkKeyChanges)
    .values({ ...values, state: 'planned' })
    .returning({ id: networkKeyChanges.id })
    .all();
  if (made === undefined) throw new DcuError('storage-failed', 'the change was not recorded');
  for (const meterId of meterIds) {
    db.query.insert(networkKeySteps).values({ changeId: made.id, meterId, state: 'waiting' }).run();
  }
  return getKeyChange(db, made.id);
}

/** Newest first, with their steps. */
export function listKeyChanges(db: Database): readonly KeyChange[] {
  const rows = db.query
    .select({ id: networkKeyChanges.id })
    .from(networkKeyChanges)
    .orderBy(desc(networkKeyChanges.id))
    .limit(MOST_CHANGES)
    .all();
  return rows.map(({ id }) => getKeyChange(db, id));
}

/** @throws DcuError `not-found` */
export function getKeyChange(db: Database, id: number): KeyChange {
  const { sealedKey: _, finishedAt, ...change } = requireChange(db, id);
  const steps = db.query.select().from(networkKeySteps).where(eq(networkKeySteps.changeId, id)).all();
  return {
    ...change,
    ...(finishedAt === null ? {} : { finishedAt }),
    steps: steps.map(({ meterId, state, message, at }) => ({
      meterId,
      state,
      ...(message === null ? {} : { message }),
      ...(at === null ? {} : { at }),
    })),
  };
}

/** Empty once the change has ended. */
export const sealedChangeKey = (db: Database, id: number): string => requireChange(db, id).sealedKey;

export function saveKeyStep(
  db: Database,
  changeId: number,
  step: {
    readonly meterId: number;
    readonly state: KeyStepState;
    readonly message?: string;
    readonly at: number;
  },
): void {
  const { meterId, state, message, at } = step;
  db.query
    .update(networkKeySteps)
    .set({ state, message: message?.slice(0, LONGEST_MESSAGE) ?? null, at })
    .where(and(eq(networkKeySteps.changeId, changeId), eq(networkKeySteps.meterId, meterId)))
    .run();
}

/** @throws DcuError `conflict` when the change is in none of the states `from`, or another one is under way on its channel */
export function moveKeyChange(
  db: Database,
  id: number,
  from: readonly KeyChangeState[],
  to: KeyChangeState,
): void {
  const change = requireChange(db, id);
  if (!from.includes(change.state)) {
    throw new DcuError('conflict', `the change of the key is ${change.state}`, {
      facts: { state: change.state },
    });
  }
  if (UNDER_WAY.includes(to)) requireNothingUnderWay(db, change.channel, id);
  db.query.update(networkKeyChanges).set({ state: to }).where(eq(networkKeyChanges.id, id)).run();
}

/**
 * All keys of the change's channel anew, and the change's state and key, in one transaction: at no moment is a key that a
 * meter may have kept nowhere. @throws DcuError `conflict` when the change is not in the state `from`
 */
export function settleKeyChange(
  db: Database,
  id: number,
  settled: {
    readonly from: KeyChangeState;
    readonly state: KeyChangeState;
    readonly sealedKey: string;
    readonly finishedAt: number | null;
    readonly keys: readonly SealedNetworkKey[];
  },
): void {
  const { channel, state } = requireChange(db, id);
  const { keys, from, ...values } = settled;
  if (state !== from) {
    throw new DcuError('conflict', `the change of the key is ${state}`, { facts: { state } });
  }
  if (UNDER_WAY.includes(values.state)) requireNothingUnderWay(db, channel, id);
  replaceNetworkKeys(db, channel, keys);
  db.query.update(networkKeyChanges).set(values).where(eq(networkKeyChanges.id, id)).run();
}

export function replaceNetworkKeys(db: Database, channel: string, keys: readonly SealedNetworkKey[]): void {
  db.query.delete(networkKeys).where(eq(networkKeys.channel, channel)).run();
  for (const row of keys) db.query.insert(networkKeys).values(row).run();
}

function changesOf(db: Database, channel: string) {
  return db.query
    .select({ id: networkKeyChanges.id, state: networkKeyChanges.state })
    .from(networkKeyChanges)
    .where(eq(networkKeyChanges.channel, channel))
    .orderBy(desc(networkKeyChanges.id))
    .all();
}

function requireChange(db: Database, id: number) {
  const [change] = db.query.select().from(networkKeyChanges).where(eq(networkKeyChanges.id, id)).all();
  if (change === undefined) throw new DcuError('not-found', `there is no change of a network key ${id}`);
  return change;
}

function requireNothingUnderWay(db: Database, channel: string, but?: number): void {
  const [other] = db.query
    .select({ id: networkKeyChanges.id })
    .from(networkKeyChanges)
    .where(and(eq(networkKeyChanges.channel, channel), inArray(networkKeyChanges.state, [...UNDER_WAY])))
    .all();
  if (other === undefined || other.id === but) return;
  throw new DcuError('conflict', `a change of the key of ${channel} is under way`, {
    facts: { change: other.id },
  });
}
