import { VirtualClock } from '../../src/base/clock.ts';
import type { CollectionStore } from '../../src/base/collection.ts';
import { DcuError, toDcuError } from '../../src/base/errors.ts';
import { silentLog } from '../../src/base/log.ts';
import { SeededRandom } from '../../src/base/random.ts';
import type { Core } from '../../src/concentrator/core.ts';
import type { Transports } from '../../src/concentrator/transports.ts';
import { DAY_MS, HOUR_MS } from '../../src/simulator/calendar.ts';
import type { SimulatedMeter } from '../../src/simulator/meter.ts';
import { type MeterPlan, planNeighbourhood } from '../../src/simulator/plan.ts';
import type { ModulePort } from '../../src/simulator/plc/live-module.ts';
import { archiveRow, MODULE_PATH, SERIAL_PATH, secretsOf, setUp } from './archive.ts';
import { Dcu } from './dcu.ts';
import { type Scenery, sceneryOf } from './options.ts';
import { WallClock } from './process-clock.ts';
import { Resident } from './resident.ts';
import { Street, type Where } from './street.ts';
import { Trace } from './trace.ts';
import type { Invariant, Violation } from './violations.ts';
import { Watch } from './watch.ts';
import { connectSocket, type Owner, SerialWire, type WireHooks } from './wires.ts';

export interface WorldOptions {
  readonly seed: number;
  readonly scenery?: Partial<Scenery>;
  /** A planted bug: what stands between collecting and the store. */
  readonly collection?: (store: CollectionStore, world: World) => CollectionStore;
  /** How an operator's read is asked for. */
  readonly askNow?: (core: Core, meterId: number) => Promise<unknown>;
}

/** A street of simulated meters and a concentrator that reads it, in virtual time; everything follows from the seed. */
export class World {
  readonly seed: number;
  readonly scenery: Scenery;
  readonly clock: VirtualClock;
  readonly wall: WallClock;
  readonly random: SeededRandom;
  readonly trace = new Trace();
  readonly violations: Violation[] = [];
  readonly wires: readonly SerialWire[];
  /** To the PLC module. */
  readonly moduleWire: SerialWire;
  readonly street: Street;
  readonly dcu: Dcu;
  readonly watch: Watch;
  /** All meters that ever were in the archive. */
  readonly residents: Resident[] = [];
  readonly askNow: (core: Core, meterId: number) => Promise<unknown>;
  /** Probability that a burst on a serial line is lost, and that it arrives damaged. */
  noise = { loss: 0, damage: 0 };
  /** The disk takes nothing. */
  diskFull = false;
  /** True time at which something last went wrong with the concentrator itself. */
  troubledMs = 0;
  #setUp = false;
  #nextMeter: number;

  constructor({ seed, scenery, collection, askNow }: WorldOptions) {
    this.askNow =
      askNow ?? ((core, meterId) => core.collector.readNow(meterId, new AbortController().signal));
    this.seed = seed;
    this.random = new SeededRandom(seed);
    this.scenery = { ...sceneryOf(this.random.fork('scenery')), ...scenery };
    const { startMs, lines, metersPerLine, tcpMeters, plcMeters, baudRate } = this.scenery;
    this.clock = new VirtualClock(startMs);
    this.wall = new WallClock(this.clock);
    const hooks = this.#hooks('noise', 3);
    this.wires = Array.from(
      { length: lines },
      (_, index) => new SerialWire(`485_${index + 1}`, baudRate, true, hooks),
    );
    this.moduleWire = new SerialWire('module', Number.POSITIVE_INFINITY, false, this.#hooks('module', 1));
    const wheres: Where[] = [
      ...Array.from(
        { length: tcpMeters },
        (_, index) => ({ kind: 'tcp', host: `10.0.0.${index + 1}`, port: 4059 }) as const,
      ),
      ...Array.from(
        { length: plcMeters },
        (_, index) => ({ kind: 'plc', node: String(300_000_000_001 + index) }) as const,
      ),
      ...Array.from(
        { length: lines * metersPerLine },
        (_, index) => ({ kind: 'rs485', line: Math.floor(index / metersPerLine) }) as const,
      ),
    ];
    this.#nextMeter = wheres.length;
    this.street = new Street(wheres, this.#plans(wheres.length, 0), {
      seed,
      clock: this.clock,
      random: this.random.fork('street'),
      startMs,
      lines: this.wires.map(({ far }) => far),
      port: portOf(this.moduleWire),
      onCounter: (meter, key, counter, accepted) => this.#counter(meter, key, counter, accepted),
    });
    this.watch = new Watch(this);
    this.dcu = new Dcu({
      clock: this.clock,
      wall: this.wall,
      random: this.random.fork('dcu'),
      log: silentLog,
      transports: (owner) => this.#transports(owner, hooks),
      collection: (store, owner) => this.#disk(collection?.(store, this) ?? store, owner),
      onAcknowledged: (batch) => this.watch.acknowledged(batch),
      onStarted: (core) => this.#started(core),
      onEnd: (why) => {
        this.trace.add(this.clock.now(), why);
        this.watch.ended();
      },
      onFailure: (error) => this.violate('failure', toDcuError(error).message),
    });
  }

  /** Days since the beginning, the running one included. */
  get day(): number {
    return 1 + Math.floor(this.clock.monotonicMs() / DAY_MS);
  }

  violate(invariant: Invariant, evidence: string, meterNo?: string): void {
    this.violations.push({
      invariant,
      seed: this.seed,
      day: this.day,
      ...(meterNo === undefined ? {} : { meterNo }),
      evidence: `${new Date(this.clock.now()).toISOString()} ${evidence}`,
    });
  }

  /** Runs until it comes up, if it is down. */
  async up(): Promise<Core> {
    for (let waited = 0; waited < 2 * HOUR_MS; waited += 1_000) {
      const { core } = this.dcu;
      if (core !== undefined) return core;
      await this.clock.advance(1_000);
    }
    throw new DcuError('internal', 'the concentrator does not come up');
  }

  /** Runs until the promise settles. */
  async until<Value>(promise: Promise<Value>): Promise<Value> {
    const state = { settled: false };
    const mark = (): void => {
      state.settled = true;
    };
    promise.then(mark, mark);
    for (let waited = 0; !state.settled && waited < HOUR_MS; waited += 10) await this.clock.advance(10);
    if (!state.settled) throw new DcuError('internal', 'the store takes for ever');
    return promise;
  }

  /** Another meter hangs in the place from now on, and is in the archive as soon as somebody has seen to it. */
  async replaceMeter(place: number): Promise<void> {
    const here = this.street.places[place];
    const before = this.residents.find(
      (resident) => resident.place === here && resident.leftMs === undefined,
    );
    if (here === undefined || before === undefined || here.where.kind === 'plc') return;
    before.truth.record();
    before.leftMs = this.clock.now();
    const [plan] = this.#plans(1, this.#nextMeter++);
    if (plan === undefined) return;
    const { framing, physicalAddress, addressBytes } = here.meter.plan;
    await here.replace({
      ...plan,
      framing,
      addressBytes,
      ...(physicalAddress === undefined ? {} : { physicalAddress }),
    });
    this.trace.add(this.clock.now(), `replaced ${before.meterNo} by ${plan.meterNo}`);
    const resident = new Resident(
      here,
      this.clock.now(),
      this.clock.now() - (this.scenery.recallDays + 1) * DAY_MS,
    );
    this.residents.push(resident);
    resident.predecessor = before;
  }

  async #started(core: Core): Promise<void> {
    if (!this.#setUp) {
      await setUp(core, this.scenery);
      const fromMs = this.scenery.startMs - (this.scenery.recallDays + 1) * DAY_MS;
      for (const place of this.street.places) {
        const known = this.residents.find((resident) => resident.place === place);
        const resident = known ?? new Resident(place, this.scenery.startMs, fromMs);
        if (known === undefined) this.residents.push(resident);
        await this.#enter(core, resident);
      }
      this.#setUp = true;
    }
    this.watch.started(core, await core.store.configuration.taskItems('single_phase'));
  }

  /** The archive learns of a meter; after a kill it may be there already. */
  async #enter({ store }: Core, resident: Resident): Promise<void> {
    const { plan } = resident.truth.meter;
    const known = (await store.archive.list({ search: plan.meterNo, limit: 1 })).rows[0];
    const { predecessor, place } = resident;
    const row = archiveRow(plan, place.where);
    const entered =
      known ??
      (predecessor?.id === undefined
        ? await store.archive.create(row, secretsOf(plan))
        : await store.archive.replace(
            predecessor.id,
            { meterNo: row.meterNo, address: row.address, security: row.security },
            secretsOf(plan),
          ));
    resident.id = entered.id;
    if (predecessor !== undefined) {
      place.unreachable = false;
      resident.trouble()();
    }
  }

  kill(downMs: number, torn: number): void {
    this.troubledMs = this.clock.now() + downMs;
    this.dcu.kill(downMs, torn);
  }

  restart(downMs: number): void {
    this.troubledMs = this.clock.now() + downMs;
    this.dcu
      .restart(downMs)
      .catch((error: unknown) => this.violate('failure', `stopping: ${toDcuError(error).message}`));
  }

  /** What somebody does at the archive: meters that hang in the place of others are entered. */
  async tendArchive(): Promise<void> {
    const { core } = this.dcu;
    if (core === undefined) return;
    try {
      for (const resident of this.residents) {
        if (resident.id === undefined) await this.#enter(core, resident);
      }
    } catch (error) {
      // Somebody who is thrown out when it dies comes again.
      if (this.dcu.core === core) throw error;
    }
  }

  #plans(count: number, from: number): MeterPlan[] {
    const { tcpMeters, plcMeters, lines, metersPerLine } = this.scenery;
    const meters = from + count;
    const plans = planNeighbourhood({
      seed: this.seed,
      meters,
      tcpBase: 'memory',
      framing: 'mixed',
      auth: 'mixed',
      ...(from === 0 ? { rs485Lines: lines, metersPerLine } : {}),
    });
    if (from === 0 && plans.length !== tcpMeters + plcMeters + lines * metersPerLine)
      throw new RangeError('odd plans');
    return plans.slice(from);
  }

  /** `bits`: most that a damaged burst has wrong, so that the checksum of its frame does not miss it. */
  #hooks(part: string, bits: number): WireHooks {
    const random = this.random.fork(part);
    return {
      clock: this.clock,
      random,
      noise: (bytes) => {
        const { loss, damage } = this.noise;
        if (loss > 0 && random.next() < loss) return undefined;
        if (damage === 0 || random.next() >= damage) return bytes;
        const damaged = bytes.slice();
        for (let flips = 1 + Math.floor(random.next() * bits); flips > 0; flips--) {
          const at = Math.floor(random.next() * damaged.length);
          damaged[at] = (damaged[at] ?? 0) ^ (1 << Math.floor(random.next() * 8));
        }
        return damaged;
      },
      heard: (wire, direction, bytes) => {
        this.trace.add(this.clock.now(), `${wire} ${direction}`, bytes);
        this.watch.heard(wire, direction, bytes);
      },
      disputed: (wire, what) => this.violate('two-owners', `${wire}: ${what}`),
    };
  }

  #transports(owner: Owner, hooks: WireHooks): Transports {
    return {
      serial: ({ path, baudRate }) => {
        const wire =
          path === MODULE_PATH ? this.moduleWire : this.wires[Number(path.slice(SERIAL_PATH.length)) - 1];
        return {
          name: path,
          open: async () => {
            if (wire === undefined) throw new DcuError('channel-open-failed', `there is no ${path}`);
            return wire.open(owner, baudRate);
          },
        };
      },
      tcp: ({ host, port, connectTimeoutMs }) => ({
        name: `tcp:${host}:${port}`,
        open: async (signal) => {
          const place = this.street.socket(host, port);
          if (place === undefined) throw new DcuError('channel-open-failed', `nobody lives at ${host}`);
          return connectSocket(place, owner, connectTimeoutMs, hooks, signal);
        },
      }),
      udp: ({ host }) => ({
        name: `udp:${host}`,
        open: async () => {
          throw new DcuError('channel-open-failed', `nobody lives at ${host}`);
        },
      }),
    };
  }

  /** The store as it is while the disk has room and the process lives. */
  #disk(store: CollectionStore, owner: Owner): CollectionStore {
    const guarded =
      <Args extends readonly unknown[], Result>(write: (...args: Args) => Promise<Result>) =>
      (...args: Args): Promise<Result> => {
        if (owner.dead) return new Promise(() => {});
        if (this.diskFull) return Promise.reject(new DcuError('storage-full', 'the disk is full'));
        return write(...args);
      };
    return {
      ...store,
      appendProfile: guarded(store.appendProfile),
      appendEvents: guarded(store.appendEvents),
      saveRegisters: guarded(store.saveRegisters),
      saveClockCheck: guarded((check) => {
        this.watch.clockChecked(check);
        return store.saveClockCheck(check);
      }),
      saveClockCorrection: guarded((correction) => {
        this.watch.clockCorrected(correction);
        return store.saveClockCorrection(correction);
      }),
      saveAttempt: guarded((attempt) => {
        this.watch.attempted(attempt);
        return store.saveAttempt(attempt);
      }),
      saveMeterState: guarded(store.saveMeterState),
      counters: { ...store.counters, reserve: guarded(store.counters.reserve) },
    };
  }

  #counter(meter: SimulatedMeter, key: string, counter: number, accepted: boolean): void {
    if (accepted) return;
    this.violate(
      'counter-reused',
      `counter ${counter} of client ${key} came again, or late: ${meter.lastAcceptedCounter(meter.plan.client)} was the last`,
      meter.plan.meterNo,
    );
  }
}

/** The module's end of its line: what is said at another rate than the concentrator's is noise. */
function portOf(wire: SerialWire): ModulePort {
  return {
    channel: wire.far,
    path: MODULE_PATH,
    get baudRate() {
      return wire.baudRate;
    },
  };
}
