import { type Clock, sleep } from '../base/clock.ts';
import { DcuError, toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Channel, Meter, MeterSecrets, MeterState } from '../base/model.ts';
import type { DeviceLogbook } from '../device/logbook.ts';
import type { G3PskObject } from '../meters/meter-profile.ts';
import type { MeterSession } from '../meters/session.ts';
import type { KeyChange, KeyStep, NetworkKeyStore } from '../store/types.ts';
import { giveKey, keyInUse } from './network-key-meter.ts';
import {
  type KeyCandidate,
  keyOf,
  keyPlan,
  keysAfterChange,
  keysAfterRollback,
  toleratedFailures,
  WHOLE_NETWORK,
} from './network-key-plan.ts';

export interface NetworkKeyDependencies {
  readonly keys: NetworkKeyStore;
  channels(): Promise<readonly Channel[]>;
  meters(): Promise<readonly Meter[]>;
  secrets(meterId: number): Promise<MeterSecrets>;
  states(): Promise<ReadonlyMap<number, MeterState>>;
  /** Hops of a meter to the coordinator; undefined where they are not known. */
  level(meterId: number): Promise<number | undefined>;
  /** What takes the key in meters of a profile. */
  objectOf(meter: Meter): G3PskObject | undefined;
  /** Runs with a session of the meter, ahead of reading. */
  work<Result>(
    meterId: number,
    name: string,
    signal: AbortSignal,
    work: (session: MeterSession) => Promise<Result>,
  ): Promise<Result>;
  readonly clock: Clock;
  readonly log: Log;
  readonly logbook: Pick<DeviceLogbook, 'record'>;
  /** How long a meter may take to be back with its new key, and until the first look; 10 min and 1 s if not given. */
  readonly patienceMs?: number;
  readonly pauseMs?: number;
}

const PATIENCE_MS = 600_000;
const PAUSE_MS = 1_000;
/** Looks become rarer up to this. */
const LONGEST_PAUSE_MS = 30_000;

/** Carries changes of keys out, and takes them back, meter by meter. */
export class KeyRun {
  readonly #deps: NetworkKeyDependencies;

  constructor(deps: NetworkKeyDependencies) {
    this.#deps = deps;
  }

  /** @throws DcuError `cancelled` when it is broken off, what the store throws */
  async carryOut(id: number, signal: AbortSignal): Promise<void> {
    const { state } = await this.#deps.keys.change(id);
    if (state === 'running' && (await this.#forward(id, signal)) === 'too-many-failures') {
      await this.#deps.keys.move(id, ['running'], 'rolling-back');
      await this.#tell(`change ${id}: too many meters have failed, it is taken back`);
      await this.#backward(id, signal);
    } else if (state === 'rolling-back') await this.#backward(id, signal);
  }

  async #forward(id: number, signal: AbortSignal): Promise<'finished' | 'too-many-failures'> {
    const { keys } = this.#deps;
    const change = await keys.change(id);
    const next = await this.#changeKey(id);
    const steps = await this.#inOrder(change);
    const tolerated = toleratedFailures(steps.length);
    let failures = steps.filter(({ state }) => state === 'failed').length;
    for (const { meterId, state } of steps) {
      if (failures > tolerated) return 'too-many-failures';
      if (state === 'confirmed' || state === 'failed') continue;
      const known = keyOf(await keys.keys(change.channel), meterId);
      await keys.step(id, meterId, 'sent');
      const failure = await this.#change(change.channel, meterId, next, known?.key, signal);
      await keys.step(id, meterId, failure === undefined ? 'confirmed' : 'failed', failure);
      if (failure !== undefined) failures++;
    }
    if (failures > tolerated) return 'too-many-failures';
    await this.#finish(id, next);
    return 'finished';
  }

  /** The network's own key comes last: until here it is what every meter that failed can be reached with. */
  async #finish(id: number, next: Uint8Array): Promise<void> {
    const { keys, clock } = this.#deps;
    const change = await keys.change(id);
    const present = await keys.keys(change.channel);
    const meterIds = (await metersOf(this.#deps, change.channel)).map((meter) => meter.id);
    const settled = keysAfterChange(present, change, next, meterIds, clock.now());
    await keys.settle(id, { from: 'running', state: 'done', keys: settled });
    const failed = change.steps.filter(({ state }) => state === 'failed').length;
    const rest = failed === 0 ? '' : `, ${failed} meters have failed`;
    await this.#tell(`change ${id}: the key of ${await nameOfChange(this.#deps, change)} was changed${rest}`);
  }

  async #backward(id: number, signal: AbortSignal): Promise<void> {
    const { keys } = this.#deps;
    const change = await keys.change(id);
    const next = await this.#changeKey(id);
    for (const { meterId, state } of (await this.#inOrder(change)).toReversed()) {
      if (state === 'waiting' || state === 'rolled-back') continue;
      const known = keyOf(await keys.keys(change.channel), meterId);
      const failure =
        known === undefined
          ? 'the key that it had is not known'
          : await this.#change(change.channel, meterId, known.key, next, signal);
      await keys.step(id, meterId, failure === undefined ? 'rolled-back' : 'failed', failure);
    }
    const after = await keys.change(id);
    const left = after.steps.filter(({ state }) => state === 'failed').length;
    const settled = keysAfterRollback(await keys.keys(change.channel), after, next);
    // While meters are left that may have it, it is to be had for another try.
    await keys.settle(id, {
      from: 'rolling-back',
      state: left === 0 ? 'rolled-back' : 'failed',
      ...(left === 0 ? {} : { key: next }),
      keys: settled,
    });
    const rest = left === 0 ? '' : `; ${left} meters may have either key`;
    await this.#tell(
      `change ${id}: the key of ${await nameOfChange(this.#deps, change)} is the one before${rest}`,
    );
  }

  /** Gives the meter a key and waits until it has it in use; words for what has failed. */
  async #change(
    channel: string,
    meterId: number,
    key: Uint8Array,
    other: Uint8Array | undefined,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { work, secrets, objectOf } = this.#deps;
    try {
      const meter = (await metersOf(this.#deps, channel)).find(({ id }) => id === meterId);
      const object = meter && objectOf(meter);
      if (meter === undefined || object === undefined) return 'it is no meter of the network any more';
      const own = await secrets(meterId);
      const given = await work(meterId, 'pre-shared key', signal, async (session) => {
        // It may have it already: from before a break, or because nothing ever came through.
        if (object.checkValue !== undefined && (await keyInUse(session, object, key, other)) === 'one')
          return false;
        await giveKey(session, meter, own, object, key);
        return true;
      });
      return given ? await this.#verify(meterId, object, key, other, signal) : undefined;
    } catch (thrown) {
      return failureOf(thrown, signal);
    }
  }

  async #verify(
    meterId: number,
    object: G3PskObject,
    key: Uint8Array,
    other: Uint8Array | undefined,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { work, clock, patienceMs = PATIENCE_MS, pauseMs = PAUSE_MS } = this.#deps;
    const untilMs = clock.monotonicMs() + patienceMs;
    let last = 'it was not looked at';
    for (
      let waitMs = pauseMs;
      clock.monotonicMs() < untilMs;
      waitMs = Math.min(2 * waitMs, LONGEST_PAUSE_MS)
    ) {
      await sleep(clock, waitMs, signal);
      try {
        const found = await work(meterId, 'pre-shared key in use', signal, (session) =>
          keyInUse(session, object, key, other),
        );
        if (found === 'one' || found === 'unknown') return undefined;
        last = found === 'other' ? 'it still has the key before' : 'it has a key that is not known';
      } catch (thrown) {
        last = failureOf(thrown, signal);
      }
    }
    return last;
  }

  async #changeKey(id: number): Promise<Uint8Array> {
    const key = await this.#deps.keys.changeKey(id);
    if (key === undefined) throw new DcuError('conflict', `change ${id} has ended`);
    return key;
  }

  async #inOrder({ steps, channel, meterId }: KeyChange): Promise<readonly KeyStep[]> {
    const order = keyPlan(await candidates(this.#deps, channel, meterId), []).map((meter) => meter.meterId);
    const place = (step: KeyStep): number => {
      const at = order.indexOf(step.meterId);
      return at < 0 ? order.length : at;
    };
    return steps.toSorted((a, b) => place(a) - place(b));
  }

  #tell(detail: string): Promise<void> {
    return this.#deps.logbook.record('network-key', detail);
  }
}

/** Meters of a network (or one of it) with what decides on their place and part in a change. */
export async function candidates(
  deps: NetworkKeyDependencies,
  channel: string,
  meterId: number,
): Promise<readonly KeyCandidate[]> {
  const { states, level, objectOf, secrets } = deps;
  const all = await metersOf(deps, channel);
  const known = await states();
  return Promise.all(
    all
      .filter(({ id }) => meterId === WHOLE_NETWORK || id === meterId)
      .map(async (meter) => ({
        meter,
        state: known.get(meter.id) ?? 'unknown',
        level: await level(meter.id),
        object: objectOf(meter),
        hasMasterKey: (await secrets(meter.id)).masterKey !== undefined,
      })),
  );
}

export async function metersOf(deps: NetworkKeyDependencies, channel: string): Promise<readonly Meter[]> {
  return (await deps.meters()).filter((meter) => meter.channel === channel);
}

/** In words: the network, or a meter of it. */
export async function nameOfChange(
  deps: NetworkKeyDependencies,
  { channel, meterId }: KeyChange,
): Promise<string> {
  const meter = (await deps.meters()).find(({ id }) => id === meterId);
  return meter === undefined ? channel : `${meter.meterNo} on ${channel}`;
}

/** Only its code and words: neither has bytes of keys. @throws DcuError `cancelled` when the change is broken off */
function failureOf(thrown: unknown, signal: AbortSignal): string {
  const error = toDcuError(thrown);
  if (signal.aborted) throw new DcuError('cancelled', 'the change of keys was broken off', { cause: error });
  return `${error.code}: ${error.message}`;
}
