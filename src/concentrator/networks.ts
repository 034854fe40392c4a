import type { Clock } from '../base/clock.ts';
import { DcuError, toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Meter } from '../base/model.ts';
import type { PlcModule } from '../channels/plc-module.ts';
import type { DeviceLogbook } from '../device/logbook.ts';
import type { Networks } from '../store/types.ts';
import { listed } from './listed.ts';
import { nodeOf } from './module-settings.ts';
import { lookAtNetwork, nodesOfLook } from './network-look.ts';

export interface NetworkWatchOptions {
  readonly module: (channel: string) => PlcModule | undefined;
  readonly networks: Networks;
  readonly meters: () => Promise<readonly Meter[]>;
  readonly logbook: Pick<DeviceLogbook, 'record'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Nodes that are in the network and no meters of its channel. */
  readonly onStrangers: (channel: string, addresses: readonly string[]) => void;
}

/** When a network was last looked at, and what came of it. */
export interface LookState {
  readonly lookedAt: number | null;
  readonly looking: boolean;
  readonly error: DcuError | null;
}

interface Watched {
  /** The module is there: the network is looked at without being asked. */
  present: boolean;
  lookedAt: number | null;
  error: DcuError | null;
  looking: { readonly done: Promise<number>; readonly abort: AbortController } | undefined;
  cancelTimer: (() => void) | undefined;
}

/** A network has found most of its nodes by then. */
const FIRST_LOOK_MS = 120_000;
const EVERY_MS = 3_600_000;
const PHASES: Readonly<Record<number, number>> = { 1: 1, 2: 2, 4: 3 };

/** Looks at the networks behind the modules after each start, every hour, and when somebody asks. */
export class NetworkWatch {
  readonly #options: NetworkWatchOptions;
  readonly #watched = new Map<string, Watched>();
  #closed = false;

  constructor(options: NetworkWatchOptions) {
    this.#options = options;
  }

  state(channel: string): LookState {
    const { lookedAt = null, error = null, looking } = this.#watched.get(channel) ?? {};
    return { lookedAt, error, looking: looking !== undefined };
  }

  /** The module is there and has its archive. */
  begin(channel: string): void {
    this.#of(channel).present = true;
    this.#later(channel, FIRST_LOOK_MS);
  }

  /** The module is gone. */
  end(channel: string): void {
    const watched = this.#of(channel);
    watched.present = false;
    watched.cancelTimer?.();
  }

  /** Looks now; resolves to the number of nodes. @throws DcuError `not-found`, `module-lost`, what the module refuses */
  look(channel: string): Promise<number> {
    const watched = this.#of(channel);
    const running = watched.looking;
    if (running !== undefined) return running.done;
    const abort = new AbortController();
    const done = this.#look(channel, watched, abort.signal).finally(() => {
      watched.looking = undefined;
      if (watched.present && !this.#closed) this.#later(channel, EVERY_MS);
    });
    watched.looking = { done, abort };
    return done;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { cancelTimer, looking } of this.#watched.values()) {
      cancelTimer?.();
      looking?.abort.abort(new DcuError('cancelled', 'the concentrator stops'));
      await looking?.done.catch(() => undefined);
    }
  }

  #of(channel: string): Watched {
    const known = this.#watched.get(channel);
    if (known !== undefined) return known;
    const made: Watched = {
      present: false,
      lookedAt: null,
      error: null,
      looking: undefined,
      cancelTimer: undefined,
    };
    this.#watched.set(channel, made);
    return made;
  }

  #later(channel: string, delayMs: number): void {
    const watched = this.#of(channel);
    watched.cancelTimer?.();
    watched.cancelTimer = this.#options.clock.after(delayMs, () => {
      this.look(channel).catch((error: unknown) =>
        this.#options.log.warn('a network could not be looked at', {
          channel,
          ...toDcuError(error).toJSON(),
        }),
      );
    });
  }

  async #look(channel: string, watched: Watched, signal: AbortSignal): Promise<number> {
    const { clock, networks, meters } = this.#options;
    try {
      const module = this.#options.module(channel);
      if (module === undefined) throw new DcuError('not-found', `channel ${channel} has no module`);
      await module.ready(signal);
      const nodes = nodesOfLook(await lookAtNetwork(module, signal));
      const archive = (await meters()).filter((meter) => meter.channel === channel);
      await this.#tellPhases(channel, archive, nodes);
      const atMs = clock.now();
      await networks.saveNodes(channel, nodes, atMs);
      Object.assign(watched, { lookedAt: atMs, error: null });
      const known = new Set(archive.map(nodeOf));
      const strangers = nodes.filter(({ address, role }) => role !== 'coordinator' && !known.has(address));
      if (strangers.length > 0) {
        this.#options.onStrangers(
          channel,
          strangers.map(({ address }) => address),
        );
      }
      return nodes.length;
    } catch (thrown) {
      watched.error = toDcuError(thrown);
      throw thrown;
    }
  }

  /** Meters on one phase that the archive has on another; told when they are found there for the first time. */
  async #tellPhases(
    channel: string,
    archive: readonly Meter[],
    nodes: readonly { readonly address: string; readonly phases: number | null }[],
  ): Promise<void> {
    const { networks, logbook } = this.#options;
    const before = new Map((await networks.nodes(channel)).map((node) => [node.address, node.phases]));
    const phaseOf = new Map(archive.map((meter) => [nodeOf(meter), meter.phase]));
    const moved: string[] = [];
    for (const { address, phases } of nodes) {
      const found = PHASES[phases ?? 0];
      const expected = phaseOf.get(address);
      if (found === undefined || expected === undefined || expected < 1 || expected > 3) continue;
      if (found !== expected && before.get(address) !== phases) moved.push(`${address} on ${found}`);
    }
    if (moved.length > 0) await logbook.record('meter-phase', `${channel}: ${listed(moved)}`);
  }
}
