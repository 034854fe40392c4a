import { equalBytes } from '../base/bytes.ts';
import type { Meter, MeterState } from '../base/model.ts';
import type { G3PskObject } from '../meters/meter-profile.ts';
import type { KeyStep, KnownNetworkKey } from '../store/types.ts';

/** The network's own key, in the place of a meter's id. */
export const WHOLE_NETWORK = 0;

/** What is known of a meter of the network when a change of its key is planned. */
export interface KeyCandidate {
  readonly meter: Meter;
  readonly state: MeterState;
  /** Hops to the coordinator, where they are known. */
  readonly level: number | undefined;
  readonly object: G3PskObject | undefined;
  readonly hasMasterKey: boolean;
}

/** A meter as the plan of a change shows it. */
export interface PlannedKeyMeter {
  readonly meterId: number;
  readonly meterNo: string;
  readonly level: number | null;
  readonly reachable: boolean;
  /** Why it cannot be given the key; null = it can. */
  readonly obstacle: string | null;
}

/** What the meter has now, as far as is known: its own key, or the network's. */
export function keyOf(keys: readonly KnownNetworkKey[], meterId: number): KnownNetworkKey | undefined {
  const of = (id: number) => keys.find((known) => known.meterId === id);
  return of(meterId) ?? of(WHOLE_NETWORK);
}

/**
 * The meters in the order in which they get the key: the farthest first, so that those who repeat for others keep the old
 * one until nobody behind them needs it; where the distance is not known, before all others.
 */
export function keyPlan(
  candidates: readonly KeyCandidate[],
  keys: readonly KnownNetworkKey[],
): readonly PlannedKeyMeter[] {
  return candidates
    .map((candidate): PlannedKeyMeter => {
      const { meter, state, level } = candidate;
      return {
        meterId: meter.id,
        meterNo: meter.meterNo,
        level: level ?? null,
        reachable: state === 'online' || state === 'reading',
        obstacle: obstacleOf(candidate, keys) ?? null,
      };
    })
    .toSorted((a, b) => distance(b) - distance(a) || a.meterId - b.meterId);
}

const distance = ({ level }: PlannedKeyMeter): number => level ?? Number.MAX_SAFE_INTEGER;

function obstacleOf(
  { meter, object, hasMasterKey }: KeyCandidate,
  keys: readonly KnownNetworkKey[],
): string | undefined {
  if (!meter.enabled) return 'it is disabled';
  if (meter.replaced !== undefined) return 'it was replaced';
  if (object === undefined) return `its profile ${meter.profile} names no object that takes the key`;
  if (!isProtected(meter)) return 'its association is not authenticated and encrypted';
  if (object.wrap === 'kek' && !hasMasterKey) return 'its master key is not known';
  if (keyOf(keys, meter.id) === undefined)
    return 'the key that it has is not known: it could not be given back';
  return undefined;
}

/** A key goes nowhere but under authentication and encryption by keys of the meter. */
export const isProtected = ({ security }: Meter): boolean => security.policy === 'auth-enc';

/** So many meters may fail before a change is taken back: one in ten, and one of a few. */
export const toleratedFailures = (meters: number): number => Math.max(1, Math.floor(meters / 10));

/**
 * Keys of the channel once a change has come to its end: who has confirmed has the new one, the others what they had,
 * and the new one beside it where it may have come through.
 */
export function keysAfterChange(
  keys: readonly KnownNetworkKey[],
  change: { readonly meterId: number; readonly steps: readonly KeyStep[] },
  next: Uint8Array,
  /** Meters of the channel that are there now. */
  meterIds: readonly number[],
  time: number,
): readonly KnownNetworkKey[] {
  const steps = new Map(change.steps.map((step) => [step.meterId, step]));
  const network = keys.find(({ meterId }) => meterId === WHOLE_NETWORK);
  const forAll = change.meterId === WHOLE_NETWORK;
  const result: KnownNetworkKey[] = [];
  const base: KnownNetworkKey | undefined =
    forAll && network !== undefined
      ? { meterId: WHOLE_NETWORK, key: next, previous: network.key, changedAt: time }
      : network;
  if (base !== undefined) result.push(base);
  for (const meterId of meterIds) {
    const before = keyOf(keys, meterId);
    if (before === undefined) continue;
    const own = ownAfter(before, steps.get(meterId), next, meterId, time);
    if (!sameKnown(own, base)) result.push(own);
  }
  return result;
}

function ownAfter(
  before: KnownNetworkKey,
  step: KeyStep | undefined,
  next: Uint8Array,
  meterId: number,
  time: number,
): KnownNetworkKey {
  const { previous, ...kept } = { ...before, meterId };
  if (step?.state === 'confirmed') return { meterId, key: next, previous: before.key, changedAt: time };
  const mayHaveIt = step?.state === 'sent' || step?.state === 'failed';
  const other = mayHaveIt ? next : previous;
  return other === undefined || equalBytes(other, before.key) ? kept : { ...kept, previous: other };
}

/**
 * Keys of the channel once a change was taken back: all as before; who may not have heard of it keeps the new one beside
 * the old.
 */
export function keysAfterRollback(
  keys: readonly KnownNetworkKey[],
  change: { readonly meterId: number; readonly steps: readonly KeyStep[] },
  next: Uint8Array,
): readonly KnownNetworkKey[] {
  const doubtful = new Set(
    change.steps
      .filter(({ state }) => state === 'sent' || state === 'failed' || state === 'confirmed')
      .map(({ meterId }) => meterId),
  );
  const certain = new Set(
    change.steps.filter(({ state }) => state === 'rolled-back').map(({ meterId }) => meterId),
  );
  const rows = new Map(
    keys.map((known): readonly [number, KnownNetworkKey] => {
      const { previous, ...own } = known;
      const isOver = certain.has(known.meterId) && previous !== undefined && equalBytes(previous, next);
      return [known.meterId, isOver ? own : known];
    }),
  );
  for (const meterId of doubtful) {
    const before = keyOf(keys, meterId);
    if (before === undefined || equalBytes(before.key, next)) continue;
    rows.set(meterId, { ...before, meterId, previous: next });
  }
  const network = rows.get(WHOLE_NETWORK);
  return [...rows.values()].filter((row) => row === network || !sameKnown(row, network));
}

/** Keys of the channel as they were before a change that has come to its end. */
export function keysBefore(
  keys: readonly KnownNetworkKey[],
  change: { readonly meterId: number; readonly steps: readonly KeyStep[] },
): readonly KnownNetworkKey[] {
  const confirmed = new Set(
    change.steps.filter(({ state }) => state === 'confirmed').map(({ meterId }) => meterId),
  );
  const undone = ({ meterId, key, previous, changedAt }: KnownNetworkKey): KnownNetworkKey =>
    previous === undefined ? { meterId, key, changedAt } : { meterId, key: previous, changedAt };
  return keys.map((known) =>
    confirmed.has(known.meterId) || (known.meterId === WHOLE_NETWORK && change.meterId === WHOLE_NETWORK)
      ? undone(known)
      : known,
  );
}

function sameKnown(a: KnownNetworkKey, b: KnownNetworkKey | undefined): boolean {
  if (b === undefined || !equalBytes(a.key, b.key)) return false;
  if (a.previous === undefined || b.previous === undefined) return a.previous === b.previous;
  return equalBytes(a.previous, b.previous);
}
