import type { Clock } from '../base/clock.ts';
import type { CollectionStore } from '../base/collection.ts';
import { toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Meter, MeterState } from '../base/model.ts';
import type { CollectorEvents } from './events.ts';

interface MeterStatesDependencies {
  readonly store: Pick<CollectionStore, 'saveMeterState' | 'contacts'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly tell: (event: CollectorEvents['meter-state']) => void;
  /** A meter has fallen silent, or answers again. */
  readonly tellChange: (event: CollectorEvents['meter-reachability']) => void;
  /** A meter has answered, or has been asked in vain. */
  readonly contacted: (meterId: number) => void;
}

interface Known {
  readonly state: MeterState;
  readonly lastSeen: number | null;
  readonly offlineSince: number | null;
}

const UNKNOWN: Known = { state: 'unknown', lastSeen: null, offlineSince: null };

/** What is known of each meter's being there: told at once, and kept by the store. */
export class MeterStates {
  readonly #deps: MeterStatesDependencies;
  readonly #states = new Map<number, Known>();

  constructor(deps: MeterStatesDependencies) {
    this.#deps = deps;
  }

  /** Takes over what was known before the start. */
  async load(): Promise<void> {
    for (const {
      meterId,
      state,
      lastSeen = null,
      offlineSince = null,
    } of await this.#deps.store.contacts()) {
      if (!this.#states.has(meterId)) this.#states.set(meterId, { state, lastSeen, offlineSince });
    }
  }

  forget(meterId: number): void {
    this.#states.delete(meterId);
  }

  /** `as-before`: reading ended without anything new about the meter. */
  note(meter: Meter, seen: MeterState | 'as-before'): void {
    const { store, clock, log, tell, contacted } = this.#deps;
    const before = this.#states.get(meter.id) ?? UNKNOWN;
    const nowMs = clock.now();
    const state = seen === 'as-before' ? before.state : seen;
    const lastSeen = seen === 'online' ? nowMs : before.lastSeen;
    tell({ meterId: meter.id, meterNo: meter.meterNo, state, lastSeen });
    // Reading passes by; what stands afterwards is what the store keeps.
    if (seen === 'reading' || seen === 'as-before') return;
    const offlineSince = state === 'offline' ? (before.offlineSince ?? nowMs) : null;
    this.#states.set(meter.id, { state, lastSeen, offlineSince });
    contacted(meter.id);
    this.#tellChange(meter, before.offlineSince, offlineSince);
    store
      .saveMeterState(meter.id, state, nowMs)
      .catch((error: unknown) =>
        log.error('a meter state could not be recorded', { ...toDcuError(error).toJSON() }),
      );
  }

  #tellChange({ id: meterId, meterNo, channel }: Meter, before: number | null, now: number | null): void {
    const { tellChange } = this.#deps;
    if (before === null && now !== null)
      tellChange({ meterId, meterNo, channel, state: 'offline', since: now });
    if (before !== null && now === null)
      tellChange({ meterId, meterNo, channel, state: 'online', since: before });
  }
}
