import { equalBytes } from '../base/bytes.ts';
import { DcuError, toDcuError } from '../base/errors.ts';
import { G3_COMM_TYPE } from '../base/model.ts';
import type { KeyChange, KnownNetworkKey, NetworkKeyStore } from '../store/types.ts';
import {
  keyOf,
  keyPlan,
  keysBefore,
  type PlannedKeyMeter,
  toleratedFailures,
  WHOLE_NETWORK,
} from './network-key-plan.ts';
import {
  candidates,
  KeyRun,
  metersOf,
  type NetworkKeyDependencies,
  nameOfChange,
} from './network-key-run.ts';

export interface PlannedKeyChange {
  readonly change: KeyChange;
  readonly meters: readonly PlannedKeyMeter[];
  readonly toleratedFailures: number;
}

/**
 * Pre-shared keys of G3-PLC networks and their changes, meter by meter. Before each word to a meter is on disk what it
 * may have afterwards: whatever breaks off, each meter has one of the keys that are kept for it.
 */
export class NetworkKeys {
  readonly #deps: NetworkKeyDependencies;
  readonly #run: KeyRun;
  readonly #running = new Map<number, { readonly abort: AbortController; readonly ended: Promise<void> }>();
  #stopped = false;

  constructor(deps: NetworkKeyDependencies) {
    this.#deps = deps;
    this.#run = new KeyRun(deps);
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
    const meters = keyPlan(await candidates(this.#deps, channel, meterId), keys);
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
    await this.#tell(
      `change ${id} of the key of ${await nameOfChange(this.#deps, change)} begun by ${actor}`,
    );
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
      `change ${id} of the key of ${await nameOfChange(this.#deps, change)} is taken back by ${actor}`,
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
    const ended = this.#run
      .carryOut(id, abort.signal)
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

  /** @throws DcuError `not-found`, `invalid-field` */
  async #nameOf(channel: string, meterId: number): Promise<string> {
    const found = (await this.#deps.channels()).find(({ name }) => name === channel);
    if (found === undefined)
      throw new DcuError('not-found', `there is no channel ${channel}`, { field: 'channel' });
    if (found.commType !== G3_COMM_TYPE) {
      throw new DcuError('invalid-field', 'channel is not that of a G3-PLC network', { field: 'channel' });
    }
    if (meterId === WHOLE_NETWORK) return channel;
    const meter = (await metersOf(this.#deps, channel)).find(({ id }) => id === meterId);
    if (meter === undefined) {
      throw new DcuError('not-found', `there is no meter ${meterId} on ${channel}`, { field: 'meterId' });
    }
    return `${meter.meterNo} on ${channel}`;
  }

  #tell(detail: string): Promise<void> {
    return this.#deps.logbook.record('network-key', detail);
  }
}
