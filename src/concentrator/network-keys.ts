import { equalBytes } from '../base/bytes.ts';
import { type Clock, sleep } from '../base/clock.ts';
import { DcuError, toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Channel, Meter, MeterSecrets, MeterState } from '../base/model.ts';
import type { DeviceLogbook } from '../device/logbook.ts';
import type { G3PskObject } from '../meters/meter-profile.ts';
import type { MeterSession } from '../meters/session.ts';
import type { KeyChange, KeyStep, KnownNetworkKey, NetworkKeyStore } from '../store/types.ts';
import { giveKey, keyInUse } from './network-key-meter.ts';
import {
  type KeyCandidate,
  keyOf,
  keyPlan,
  keysAfterChange,
  keysAfterRollback,
  keysBefore,
  type PlannedKeyMeter,
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

export interface PlannedKeyChange {
  readonly change: KeyChange;
  readonly meters: readonly PlannedKeyMeter[];
  readonly toleratedFailures: number;
}

const PATIENCE_MS = 600_000;
const PAUSE_MS = 1_000;
/** Looks become rarer up to this. */
const LONGEST_PAUSE_MS = 30_000;
const G3_NETWORK = 14;

/**
 * Pre-shared keys of G3-PLC networks and their changes, meter by meter. Before each word to a meter is on disk what it
 * may have afterwards: whatever breaks off, each meter has one of the keys that are kept for it.
 */
export class NetworkKeys {
  readonly #deps: NetworkKeyDependencies;
  readonly #running = new Map<number, { readonly abort: AbortController; readonly ended: Promise<void> }>();
  #stopped = false;

  constructor(deps: NetworkKeyDependencies) {
    this.#deps = deps;
  }

  /** Which keys there are, without them. */
  list(): ReturnType<NetworkKeyStore['list']> {
    return this.#deps.keys.list();
  }

  /** Newest first. */
  changes(): Promise<readonly KeyChange[]> {
    return this.#deps.keys.changes();
  }

  /** Goes on with what was under way when the concentrator stopped. */
  async start(): Promise<void> {
    for (const { id, state } of await this.#deps.keys.changes()) {
      if (state === 'running' || state === 'rolling-back') this.#launch(id);
    }
  }

  /** Ends what is under way; it goes on at the next start. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const all = [...this.#running.values()];
    for (const { abort } of all) abort.abort(new DcuError('cancelled', 'the concentrator stops'));
    await Promise.all(all.map(({ ended }) => ended));
  }

  /** Resolves when the change is not under way any more. */
  async ended(id: number): Promise<void> {
    await this.#running.get(id)?.ended;
  }

  /** Notes the key that a network (meter 0) or one meter has already. @throws DcuError `conflict`, `not-found`, `invalid-field` */
  async set(channel: string, meterId: number, key: Uint8Array, actor: string): Promise<void> {
    const name = await this.#nameOf(channel, meterId);
    await this.#deps.keys.save(channel, meterId, key);
    await this.#tell(`key of ${name} noted by ${actor}`);
  }

  /** What a change would do; nothing is sent before `run`. @throws DcuError `conflict`, `not-found`, `invalid-field` */
  async plan(channel: string, meterId: number, key: Uint8Array, actor: string): Promise<PlannedKeyChange> {
    await this.#nameOf(channel, meterId);
    const keys = await this.#deps.keys.keys(channel);
    const present = keyOf(keys, meterId);
    if (present === undefined) {
      throw new DcuError(
        'conflict',
        'the present key is not known: note it first, or nothing could be taken back',
      );
    }
    if (equalBytes(present.key, key)) {
      throw new DcuError('invalid-field', 'key is the one in use already', { field: 'key' });
    }
    const meters = keyPlan(await this.#candidates(channel, meterId), keys);
    const takers = meters.filter(({ obstacle }) => obstacle === null).map((meter) => meter.meterId);
    const change = await this.#deps.keys.plan({ channel, meterId, key, actor, meterIds: takers });
    return { change, meters, toleratedFailures: toleratedFailures(takers.length) };
  }

  /** Begins a change that was planned. @throws DcuError `conflict`, `not-found` */
  async run(id: number, actor: string): Promise<void> {
    const change = await this.#deps.keys.change(id);
    if (change.steps.length === 0) {
      throw new DcuError('conflict', 'no meter can take the key: there is nothing to change');
    }
    await this.#deps.keys.move(id, ['planned'], 'running');
    await this.#tell(`change ${id} of the key of ${await this.#nameOfChange(change)} begun by ${actor}`);
    this.#launch(id);
  }

  /** Takes a change back, under way or at its end as long as the keys before it are kept. @throws DcuError `conflict`, `not-found` */
  async rollBack(id: number, actor: string): Promise<void> {
    const { keys } = this.#deps;
    const change = await keys.change(id);
    if (change.state === 'done') await this.#reopen(change);
    else {
      await keys.move(id, ['running', 'failed'], 'rolling-back');
      const running = this.#running.get(id);
      running?.abort.abort(new DcuError('cancelled', 'the change is taken back'));
      await running?.ended;
    }
    await this.#tell(
      `change ${id} of the key of ${await this.#nameOfChange(change)} is taken back by ${actor}`,
    );
    this.#launch(id);
  }

  /** Forgets the keys before the last change of the channel. @throws DcuError `conflict` while a change is under way */
  async confirm(channel: string, actor: string): Promise<void> {
    const { keys } = this.#deps;
    const changes = await keys.changes();
    const open = changes.find(
      (one) => one.channel === channel && (one.state === 'running' || one.state === 'rolling-back'),
    );
    if (open !== undefined) throw new DcuError('conflict', `change ${open.id} is under way`);
    const known = await keys.keys(channel);
    const last = changes.find((one) => one.channel === channel && one.state !== 'planned');
    // Of a meter that may have either key both stay.
    const doubtful = new Set(
      (last?.steps ?? []).filter(({ state }) => state === 'failed').map(({ meterId }) => meterId),
    );
    const network = known.find(({ meterId }) => meterId === WHOLE_NETWORK);
    const settled = known.flatMap((one): KnownNetworkKey[] => {
      if (doubtful.has(one.meterId)) return [one];
      const isNetworks =
        one.meterId !== WHOLE_NETWORK && network !== undefined && equalBytes(one.key, network.key);
      return isNetworks ? [] : [{ meterId: one.meterId, key: one.key, changedAt: one.changedAt }];
    });
    await keys.replace(channel, settled);
    await this.#tell(`keys before the last change on ${channel} forgotten by ${actor}`);
  }

  #launch(id: number): void {
    if (this.#stopped || this.#running.has(id)) return;
    const abort = new AbortController();
    const ended = this.#carryOut(id, abort.signal)
      .catch((thrown: unknown) => {
        const error = toDcuError(thrown);
        if (error.code === 'cancelled') return;
        this.#deps.log.error('a change of keys stands still until the next start', {
          change: id,
          ...error.toJSON(),
        });
      })
      .finally(() => this.#running.delete(id));
    this.#running.set(id, { abort, ended });
  }

  async #carryOut(id: number, signal: AbortSignal): Promise<void> {
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
    const meterIds = (await this.#metersOf(change.channel)).map((meter) => meter.id);
    const settled = keysAfterChange(present, change, next, meterIds, clock.now());
    await keys.settle(id, { from: 'running', state: 'done', keys: settled });
    const failed = change.steps.filter(({ state }) => state === 'failed').length;
    const rest = failed === 0 ? '' : `, ${failed} meters have failed`;
    await this.#tell(`change ${id}: the key of ${await this.#nameOfChange(change)} was changed${rest}`);
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
    await this.#tell(`change ${id}: the key of ${await this.#nameOfChange(change)} is the one before${rest}`);
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
      const meter = (await this.#metersOf(channel)).find(({ id }) => id === meterId);
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

  /** A change at its end is taken back as one under way: its keys become what they were before. */
  async #reopen(change: KeyChange): Promise<void> {
    const { keys } = this.#deps;
    const latest = (await keys.changes()).find(
      ({ channel, state }) => channel === change.channel && state !== 'planned',
    );
    const present = await keys.keys(change.channel);
    const changed = present.find(
      ({ meterId, previous }) => meterId === change.meterId && previous !== undefined,
    );
    if (latest?.id !== change.id || changed === undefined) {
      throw new DcuError('conflict', 'the key before this change is not kept any more');
    }
    await keys.settle(change.id, {
      from: 'done',
      state: 'rolling-back',
      key: changed.key,
      keys: keysBefore(present, change),
    });
  }

  async #changeKey(id: number): Promise<Uint8Array> {
    const key = await this.#deps.keys.changeKey(id);
    if (key === undefined) throw new DcuError('conflict', `change ${id} has ended`);
    return key;
  }

  async #inOrder({ steps, channel, meterId }: KeyChange): Promise<readonly KeyStep[]> {
    const order = keyPlan(await this.#candidates(channel, meterId), []).map((meter) => meter.meterId);
    const place = (step: KeyStep): number => {
      const at = order.indexOf(step.meterId);
      return at < 0 ? order.length : at;
    };
    return steps.toSorted((a, b) => place(a) - place(b));
  }

  async #candidates(channel: string, meterId: number): Promise<readonly KeyCandidate[]> {
    const { states, level, objectOf, secrets } = this.#deps;
    const all = await this.#metersOf(channel);
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

  async #metersOf(channel: string): Promise<readonly Meter[]> {
    return (await this.#deps.meters()).filter((meter) => meter.channel === channel);
  }

  /** @throws DcuError `not-found`, `invalid-field` */
  async #nameOf(channel: string, meterId: number): Promise<string> {
    const found = (await this.#deps.channels()).find(({ name }) => name === channel);
    if (found === undefined)
      throw new DcuError('not-found', `there is no channel ${channel}`, { field: 'channel' });
    if (found.commType !== G3_NETWORK) {
      throw new DcuError('invalid-field', 'channel is not that of a G3-PLC network', { field: 'channel' });
    }
    if (meterId === WHOLE_NETWORK) return channel;
    const meter = (await this.#metersOf(channel)).find(({ id }) => id === meterId);
    if (meter === undefined) {
      throw new DcuError('not-found', `there is no meter ${meterId} on ${channel}`, { field: 'meterId' });
    }
    return `${meter.meterNo} on ${channel}`;
  }

  async #nameOfChange({ channel, meterId }: KeyChange): Promise<string> {
    const meter = (await this.#deps.meters()).find(({ id }) => id === meterId);
    return meter === undefined ? channel : `${meter.meterNo} on ${channel}`;
  }

  #tell(detail: string): Promise<void> {
    return this.#deps.logbook.record('network-key', detail);
  }
}

/** Only its code and words: neither has bytes of keys. @throws DcuError `cancelled` when the change is broken off */
function failureOf(thrown: unknown, signal: AbortSignal): string {
  const error = toDcuError(thrown);
  if (signal.aborted) throw new DcuError('cancelled', 'the change of keys was broken off', { cause: error });
  return `${error.code}: ${error.message}`;
}
