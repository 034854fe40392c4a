import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { SeededRandom } from '../../base/random.ts';
import type { ByteChannel } from '../../channels/channel.ts';
import { type Pump, pump } from '../../channels/pump.ts';
import type { ModuleVersion } from '../../plc/units/afn-03.ts';
import { seedFor } from '../noise.ts';
import { SimulatedModule, type SimulatedModuleCommand } from './module.ts';
import type { SimulatedModuleOptions } from './module-side.ts';
import { type NetworkOptions, PlcNetwork } from './network.ts';
import { PowerWatch } from './power-watch.ts';
import type { MeterStation } from './station.ts';
import { ModuleUart } from './uart.ts';

/** How the module and the network behind it behave. */
export interface PlcBehaviour
  extends Partial<Omit<NetworkOptions, 'seed' | 'meters' | 'startMs' | 'random'>>,
    Partial<Omit<SimulatedModuleOptions, 'network' | 'station'>> {
  /** The UART is as slow as its rate, and noise at another one; without it, bytes are there at once and at any rate. */
  readonly pacedUart?: boolean;
}

/** Nothing takes any time: for measuring what the reading side costs. */
export const NO_DELAY: PlcBehaviour = {
  hopLatencyMs: 0,
  bytesPerSecond: Number.POSITIVE_INFINITY,
  joinMs: 0,
  bootMs: 50,
  meterReplyMs: 0,
};

/** The module's end of the line to it, and the path that a concentrator opens. */
export interface ModulePort {
  readonly channel: ByteChannel;
  readonly path: string;
  /** Rate that the concentrator's end is set to, where it can be known. */
  readonly baudRate?: number | undefined;
}

export interface LiveModuleOptions {
  readonly seed: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly port: ModulePort;
  readonly stations: readonly MeterStation[];
  readonly behaviour: PlcBehaviour;
  /** Whether the outages that the meters have of themselves are those of the network. */
  readonly liveOutages: boolean;
}

const NEW_VERSION: ModuleVersion = { vendor: 'OD', chip: 'SX', date: '260601', version: '0200' };

const nodeOf = ({ meter: { plan } }: MeterStation): string =>
  plan.place.kind === 'plc' ? plan.place.node : plan.meterNo;

/** A simulated module that runs on a channel, with its network and the meters in it. It has power from the beginning. */
export class LiveModule {
  readonly path: string;
  readonly network: PlcNetwork;
  readonly module: SimulatedModule;
  readonly #clock: Clock;
  readonly #stations: ReadonlyMap<string, MeterStation>;
  readonly #pump: Pump<SimulatedModuleCommand>;
  readonly #power: PowerWatch;

  constructor({ seed, clock, log, port, stations, behaviour, liveOutages }: LiveModuleOptions) {
    this.path = port.path;
    this.#clock = clock;
    const own = stations.map((station) => [nodeOf(station), station] as const);
    this.#stations = new Map(own);
    this.network = new PlcNetwork({
      ...behaviour,
      seed,
      random: new SeededRandom(seedFor(seed, 'network')),
      // The network counts from the zero of the monotonic clock.
      startMs: clock.now() - clock.monotonicMs(),
      meters: own.map(([address, { meter }]) => ({
        address,
        feeder: meter.plan.feeder,
        phases: meter.plan.phases,
      })),
    });
    this.module = new SimulatedModule({
      ...behaviour,
      network: this.network,
      station: (address) => this.#stations.get(address),
    });
    const uart = new ModuleUart(port.channel, {
      clock,
      paced: behaviour.pacedUart === true,
      peerRate: () => port.baudRate ?? uart.baudRate,
    });
    this.#pump = pump(this.module, uart, clock, (event) => {
      if (event.type === 'upgraded') log.info('module upgraded', { bytes: event.image.length });
    });
    const nodes = own.map(([address, { meter }]) => ({ address, point: meter.point }));
    this.#power = new PowerWatch(clock, nodes, (addresses, on) =>
      this.#pump.command({ type: 'power', addresses, on }),
    );
    this.#pump.command({ type: 'power-on' });
    if (liveOutages) this.#power.look();
  }

  /** It forgets what it was doing and starts anew. */
  reset(): void {
    this.#pump.command({ type: 'reset' });
  }

  /** Another module takes its place, with an empty archive. */
  swap(version: ModuleVersion = NEW_VERSION): void {
    this.#pump.command({ type: 'swap', version });
  }

  /** A message that the meter at this node sends by itself, 255 bytes at most. */
  reportData(address: string, message: Uint8Array): void {
    this.#pump.command({ type: 'data', address, message });
  }

  /** The meters of one feeder have no power for so long; the module reports it, and they log it. */
  cutStreet(feeder: number, seconds: number): readonly string[] {
    const addresses = this.network.street(feeder);
    for (const address of addresses) this.#stations.get(address)?.meter.cutPower(seconds);
    this.#power.look();
    return addresses;
  }

  /** Feeders that meters hang on, ascending. */
  get feeders(): readonly number[] {
    return [...new Set(this.network.nodes.map(({ feeder }) => feeder))].sort((a, b) => a - b);
  }

  /** Its clock, for whoever plans something for it. */
  after(seconds: number, run: () => void): () => void {
    return this.#clock.after(seconds * 1000, run);
  }

  async close(): Promise<void> {
    this.#power.stop();
    await this.#pump.close();
  }
}
