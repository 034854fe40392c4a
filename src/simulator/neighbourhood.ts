import type { Clock } from '../base/clock.ts';
import { DcuError, toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { ByteChannel } from '../channels/channel.ts';
import { memoryPair } from '../channels/memory.ts';
import { openPty } from '../channels/pty.ts';
import { pump } from '../channels/pump.ts';
import { listenTcp } from '../channels/tcp-listen.ts';
import { listenUdp } from '../channels/udp.ts';
import type { ServerEvent } from '../dlms/server.ts';
import { FaultyChannel } from './faulty-channel.ts';
import { G3Network, type G3NetworkOptions } from './g3/network.ts';
import { SimulatedMeter } from './meter.ts';
import { meterServer, meterServerConfig } from './meter-server.ts';
import type { MeteringPoint } from './metering-point.ts';
import { isG3, type MeterPlan } from './plan.ts';
import { LiveModule, type ModulePort, type PlcBehaviour } from './plc/live-module.ts';
import { MeterStation } from './plc/station.ts';
import { MeterPush } from './push.ts';
import { describeMeter, type ServedMeter, type Where } from './served-meter.ts';
import { SharedLine } from './shared-line.ts';

export type { ServedMeter } from './served-meter.ts';

export interface StartOptions {
  readonly seed: number;
  readonly clock: Clock;
  readonly log: Log;
  /** From `planNeighbourhood`, or made by hand. */
  readonly meters: readonly MeterPlan[];
  /** Beginning of the simulation, UTC ms: what lies before it is history. Now, if not given. */
  readonly startMs?: number;
  /** The first invocation counter of each meter, for meters that were there before; by the time of the start if not given. */
  readonly firstCounter?: number;
  /** Whether outages and relay trips also happen from now on, and not only in the history. */
  readonly liveOutages?: boolean;
  /** Opens the meters' end of RS-485 line `index`, and names the path that a reader opens; a pseudo-terminal if not given. */
  readonly openLine?: (index: number) => Promise<{ readonly channel: ByteChannel; readonly path: string }>;
  /** Opens the module's end of the line to PLC module `index`; a pseudo-terminal if not given. */
  readonly openModule?: (index: number) => Promise<ModulePort>;
  /** How the PLC modules and the networks behind them behave. */
  readonly plc?: PlcBehaviour;
  /** How the G3-PLC network behaves. */
  readonly g3?: Partial<Omit<G3NetworkOptions, 'seed' | 'members'>>;
}

export interface Neighbourhood {
  readonly meters: readonly ServedMeter[];
  /** Meters that are in no archive, behind the modules. */
  readonly strangers: readonly ServedMeter[];
  /** The PLC modules, by their index. */
  readonly modules: readonly LiveModule[];
  /** The G3-PLC network, if there are meters of one. */
  readonly g3: G3Network | undefined;
  /** Closes every connection, port and line. */
  stop(): Promise<void>;
}

/** Starts all meters; rejects (and leaves nothing open) when a port or line cannot be had. */
export async function startNeighbourhood(options: StartOptions): Promise<Neighbourhood> {
  const running = new RunningNeighbourhood(options);
  try {
    await running.start();
  } catch (error) {
    await running.stop();
    throw toDcuError(error);
  }
  return running;
}

class RunningNeighbourhood implements Neighbourhood {
  readonly meters: ServedMeter[] = [];
  readonly strangers: ServedMeter[] = [];
  readonly modules: LiveModule[] = [];
  readonly g3: G3Network | undefined;
  readonly #options: StartOptions;
  readonly #log: Log;
  readonly #listeners: { close(): Promise<void> }[] = [];
  readonly #lines = new Map<number, { readonly line: SharedLine; readonly path: string }>();
  readonly #modulePorts = new Map<number, { readonly port: ModulePort; readonly stations: MeterStation[] }>();
  readonly #sessions = new Set<() => Promise<void>>();
  readonly #pushes: MeterPush[] = [];
  #stopped = false;

  constructor(options: StartOptions) {
    this.#options = options;
    this.#log = options.log.child('simulator');
    const members = options.meters.filter(({ place }) => isG3(place));
    if (members.length > 0) this.g3 = new G3Network({ ...options.g3, seed: options.seed, members });
  }

  async start(): Promise<void> {
    const { seed, clock, liveOutages = false } = this.#options;
    const startMs = this.#options.startMs ?? clock.now();
    const { firstCounter } = this.#options;
    const world = {
      seed,
      clock,
      startMs,
      liveOutages,
      street: () => this.#street(),
      ...(this.g3 === undefined ? {} : { g3: this.g3 }),
      ...(firstCounter === undefined ? {} : { firstCounter }),
    };
    for (const plan of this.#options.meters) {
      const meter = new SimulatedMeter(plan, world);
      const served = describeMeter(meter, await this.#place(meter));
      (plan.unlisted === true ? this.strangers : this.meters).push(served);
      this.#startPush(meter);
    }
    for (const { port, stations } of this.#modulePorts.values()) {
      const { log, plc: behaviour = {} } = this.#options;
      this.modules.push(new LiveModule({ seed, clock, log, port, stations, behaviour, liveOutages }));
    }
    this.#log.info('neighbourhood started', { meters: this.meters.length, lines: this.#lines.size });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const push of this.#pushes) push.stop();
    for (const { device } of [...this.meters, ...this.strangers]) device.stop();
    await Promise.all([...this.#sessions].map((close) => close()));
    await Promise.all(this.#listeners.map((listener) => listener.close()));
    await Promise.all([...this.#lines.values()].map(({ line }) => line.close()));
    await Promise.all(this.modules.map((module) => module.close()));
    // Those that no module runs on, because starting has failed.
    await Promise.all([...this.#modulePorts.values()].map(({ port }) => port.channel.close()));
  }

  #street(): readonly MeteringPoint[] {
    return this.meters.flatMap(({ device: { plan, point } }) =>
      plan.lossShare === undefined ? [point] : [],
    );
  }

  #startPush(meter: SimulatedMeter): void {
    const { pushSetup: setup } = meter;
    const { push: plan } = meter.plan;
    if (plan === undefined || setup === undefined) return;
    const [device] = meterServerConfig(meter).devices;
    if (device === undefined) return;
    const { seed, clock } = this.#options;
    const push = new MeterPush({ plan, meter, setup, device, seed, clock, log: this.#log });
    meter.whenPushIsAsked(() => push.push());
    this.#pushes.push(push);
  }

  #place(meter: SimulatedMeter): Where | Promise<Where> {
    const { place } = meter.plan;
    switch (place.kind) {
      case 'tcp':
        return this.#serveTcp(meter, place.host, place.port);
      case 'rs485':
        return this.#serveLine(meter, place.line);
      case 'plc':
        return this.#serveNode(meter, place.module, place.node);
      case 'g3':
        return this.#serveG3(meter, place);
      case 'memory': {
        const connect = (): ByteChannel => this.#connect(meter);
        return place.g3 === undefined
          ? { line: 'memory', connect }
          : { line: 'g3', transport: place.g3, connect };
      }
    }
  }

  #connect(meter: SimulatedMeter): ByteChannel {
    if (this.#stopped)
      throw new DcuError('channel-open-failed', `${meter.plan.meterNo} is not there any more`);
    const [reader, own] = memoryPair({ clock: this.#options.clock, name: meter.plan.meterNo });
    this.#serve(meter, own, () => {});
    return reader;
  }

  #serveTcp(meter: SimulatedMeter, host: string, port: number): Where {
    const listener = listenTcp(
      { host, port, maxConnections: 8, idleTimeoutMs: IDLE_MS },
      (channel) => this.#serve(meter, channel, () => {}),
      this.#options.clock,
    );
    this.#listeners.push(listener);
    return { host, port: listener.port, line: 'tcp' };
  }

  async #serveG3(
    meter: SimulatedMeter,
    { host, port, transport }: Extract<MeterPlan['place'], { kind: 'g3' }>,
  ): Promise<Where> {
    if (transport === 'tcp') return { ...this.#serveTcp(meter, host, port), transport, line: 'g3' };
    const listener = await listenUdp(
      { host, port, maxPeers: 8, idleTimeoutMs: IDLE_MS },
      (channel) => this.#serve(meter, channel, () => {}),
      this.#options.clock,
    );
    this.#listeners.push(listener);
    return { host, port: listener.port, transport, line: 'g3' };
  }

  async #serveNode(meter: SimulatedMeter, index: number, node: string): Promise<Where> {
    let own = this.#modulePorts.get(index);
    if (own === undefined) {
      const { openModule, clock } = this.#options;
      own = { port: openModule === undefined ? modulePty(clock) : await openModule(index), stations: [] };
      this.#modulePorts.set(index, own);
    }
    own.stations.push(new MeterStation(meter));
    return { modulePath: own.port.path, node, line: `plc-${index + 1}` };
  }

  async #serveLine(meter: SimulatedMeter, index: number): Promise<Where> {
    let shared = this.#lines.get(index);
    if (shared === undefined) {
      const { openLine } = this.#options;
      const { channel, path } =
        openLine === undefined ? openPty({}, this.#options.clock) : await openLine(index);
      shared = { line: new SharedLine(channel), path };
      this.#lines.set(index, shared);
    }
    const { line, path } = shared;
    // A station whose machine gave up its end of the wire is still screwed to it: it listens anew.
    const attach = (): void => {
      if (!this.#stopped && !line.ended) this.#serve(meter, line.tap(meter.plan.meterNo), attach);
    };
    attach();
    return { serialPath: path, line: `rs485-${index + 1}` };
  }

  #serve(meter: SimulatedMeter, channel: ByteChannel, onOver: () => void): void {
    const { clock } = this.#options;
    const over = (): void => {
      this.#sessions.delete(close);
      forget();
      queueMicrotask(onOver);
    };
    const end = new FaultyChannel(channel, meter.faults, clock, () => meter.isMuted(), over);
    const session = pump(meterServer(meter), end, clock, (event: ServerEvent) => meter.observe(event));
    const close = (): Promise<void> => session.close();
    const forget = meter.onRestart(() => {
      close().catch((error: unknown) => this.#log.warn('restart', { message: toDcuError(error).message }));
    });
    this.#sessions.add(close);
  }
}

/** A connection on which nothing was said for so long is closed by the meter. */
const IDLE_MS = 300_000;

/** A pseudo-terminal for a module. Throws `channel-open-failed`. */
export function modulePty(clock: Clock): ModulePort {
  const pty = openPty({}, clock);
  return {
    channel: pty.channel,
    path: pty.path,
    get baudRate() {
      return pty.baudRate;
    },
  };
}
