import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VirtualClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import type { Meter, ProfileKind } from '../../src/base/model.ts';
import { SeededRandom } from '../../src/base/random.ts';
import { type Core, startCore } from '../../src/concentrator/core.ts';
import { type Neighbourhood, startNeighbourhood } from '../../src/simulator/neighbourhood.ts';
import { planNeighbourhood } from '../../src/simulator/plan.ts';
import type { LiveModule, PlcBehaviour } from '../../src/simulator/plc/live-module.ts';
import { PlugLine } from '../channels/plug.ts';
import { newMeter, secretsOf } from './house.ts';
import { openSealer } from './open-sealer.ts';
import { settled } from './settled.ts';

const START = Date.UTC(2026, 5, 10, 0, 7);
const DEVICE = '/dev/ttyPLC';

export interface PlcHouseOptions {
  readonly meters: number;
  readonly seed?: number;
  readonly strangers?: number;
  readonly behaviour?: PlcBehaviour;
  /** Attributes of the channel and of its protocol. */
  readonly channel?: Readonly<Record<string, string>>;
  readonly protocol?: Readonly<Record<string, string>>;
}

/** The reading side with a simulated module and its network, in virtual time. */
export class PlcHouse {
  readonly clock = new VirtualClock(START);
  readonly line = new PlugLine(DEVICE);
  readonly meters: Meter[] = [];
  readonly #directory = mkdtempSync(join(tmpdir(), 'opendcu-plc-'));
  readonly #options: PlcHouseOptions;
  #core: Core | undefined;
  #street: Neighbourhood | undefined;

  constructor(options: PlcHouseOptions) {
    this.#options = options;
  }

  get core(): Core {
    if (this.#core === undefined) throw new Error('the house is not open');
    return this.#core;
  }

  get street(): Neighbourhood {
    if (this.#street === undefined) throw new Error('the house is not open');
    return this.#street;
  }

  get module(): LiveModule {
    const [module] = this.street.modules;
    if (module === undefined) throw new Error('there is no module');
    return module;
  }

  async open(): Promise<void> {
    const { meters, seed = 1, strangers = 0, behaviour = {}, channel = {}, protocol = {} } = this.#options;
    this.#street = await startNeighbourhood({
      seed,
      clock: this.clock,
      log: silentLog,
      meters: planNeighbourhood({
        seed,
        meters,
        tcpBase: 'memory',
        framing: 'hdlc',
        auth: 'mixed',
        plc: { meters, strangers },
      }),
      openModule: async () => ({ channel: this.line.device, path: DEVICE }),
      plc: { noisy: false, ...behaviour },
    });
    await this.start();
    const { configuration } = this.core.store;
    for (const attribute of await configuration.protocolAttributes('mip')) {
      const value = { 'send.silent': '0', ...protocol }[attribute.key];
      if (value !== undefined) await configuration.saveProtocolAttribute({ ...attribute, value });
    }
    for (const served of this.street.meters) {
      const { framing, client, server, physicalAddress, addressBytes, auth, meterNo } = served;
      const meter = newMeter(meterNo, {
        channel: 'reading_module',
        address: {
          framing,
          clientAddress: client,
          serverAddress: server,
          ...(physicalAddress === undefined ? {} : { physicalAddress }),
          addressBytes,
        },
        security: { auth, policy: auth === 'hls-gmac' ? 'auth-enc' : 'none' },
      });
      this.meters.push(await this.core.store.archive.create(meter, secretsOf(served)));
    }
    await this.set({ device: DEVICE, ...channel });
    const [reading] = (await configuration.channels()).filter(({ commType }) => commType === 2);
    if (reading === undefined) throw new Error('no channel of a module');
    await configuration.saveChannel({ ...reading, enabled: true });
  }

  /** Changes attributes of the module's channel. */
  async set(values: Readonly<Record<string, string>>): Promise<void> {
    const { configuration } = this.core.store;
    for (const attribute of await configuration.channelAttributes('reading_module')) {
      const value = values[attribute.key];
      if (value !== undefined) await configuration.saveChannelAttribute({ ...attribute, value });
    }
  }

  async start(): Promise<void> {
    this.#core = await startCore({
      directory: this.#directory,
      version: '0.0.0',
      bootedAt: 0,
      clock: this.clock,
      random: new SeededRandom(7),
      log: silentLog,
      thread: 'same',
      sealer: openSealer,
      transports: {
        serial: () => this.line.opener,
        tcp: () => {
          throw new Error('no TCP here');
        },
        udp: () => {
          throw new Error('no UDP here');
        },
      },
    });
  }

  async stop(): Promise<void> {
    const core = this.#core;
    this.#core = undefined;
    if (core !== undefined) await this.settle(core.stop());
  }

  /** Lets time pass until the promise is settled. */
  settle<Result>(promise: Promise<Result>, limitMs?: number): Promise<Result> {
    return settled(this.clock, promise, limitMs);
  }

  async until(holds: () => boolean | Promise<boolean>, limitMs = 3_600_000): Promise<void> {
    const end = this.clock.monotonicMs() + limitMs;
    while (!(await holds())) {
      if (this.clock.monotonicMs() > end) throw new Error(`does not hold within ${limitMs} ms`);
      await this.clock.advance(500);
    }
  }

  /** Time passes, in steps in which the store keeps up. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 1000) await this.clock.advance(Math.min(left, 1000));
  }

  async times(meterId: number, kind: ProfileKind): Promise<number[]> {
    const rows = await this.core.store.readings.profile(meterId, kind, {
      fromMs: 0,
      toMs: Number.MAX_SAFE_INTEGER,
    });
    return [...(rows?.times ?? [])];
  }

  /** Types of the logbook's entries, the oldest first. */
  async logbook(): Promise<readonly { readonly type: string; readonly detail: string }[]> {
    const { rows } = await this.core.store.logbook.list({ limit: 200, offset: 0 });
    return [...rows].reverse();
  }

  async close(): Promise<void> {
    await this.stop();
    await this.#street?.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

export async function openPlcHouse(options: PlcHouseOptions): Promise<PlcHouse> {
  const house = new PlcHouse(options);
  await house.open();
  return house;
}
