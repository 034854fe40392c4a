import type { Clock } from '../base/clock.ts';
import type { CollectionStore } from '../base/collection.ts';
import { toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Meter, MeterState } from '../base/model.ts';
import type { CollectorEvents } from './events.ts';

interface MeterStatesDependencies {
  readonly store: Pick<CollectionStore, 'saveMeterState'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly tell: (event: CollectorEvents['meter-state']) => void;
}

/** What is known of each meter's being there: told at once, and kept by the store. */
export class MeterStates {
  readonly #deps: MeterStatesDependencies;
  readonly #states = new Map<number, { readonly state: MeterState; readonly lastSeen: number | null }>();

  constructor(deps: MeterStatesDependencies) {
    this.#deps = deps;
  }

  /** `as-before`: reading ended without anything new about the meter. */
  note(meter: Meter, seen: MeterState | 'as-before'): void {
    const { store, clock, log, tell } = this.#deps;
    const before = this.#states.get(meter.id) ?? { state: 'unknown', lastSeen: null };
    const nowMs = clock.now();
    const state = seen === 'as-before' ? before.state : seen;
    const lastSeen = seen === 'online' ? nowMs : before.lastSeen;
    tell({ meterId: meter.id, meterNo: meter.meterNo, state, lastSeen });
    // Reading passes by; what stands afterwards is what the store keeps.
    if (seen === 'reading' || seen === 'as-before') return;
    this.#states.set(meter.id, { state, lastSeen });
    store
      .saveMeterState(meter.id, state, nowMs)
      .catch((error: unknown) =>
        log.error('a meter state could not be recorded', { ...toDcuError(error).toJSON() }),
      );
  }
}
