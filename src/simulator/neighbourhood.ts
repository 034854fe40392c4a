import type { Clock } from '../base/clock.ts';
import { DcuError, toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Framing } from '../base/model.ts';
import type { ByteChannel } from '../channels/channel.ts';
import { memoryPair } from '../channels/memory.ts';
import { openPty } from '../channels/pty.ts';
import { pump } from '../channels/pump.ts';
import { listenTcp, type TcpListener } from '../channels/tcp-listen.ts';
import type { ServerEvent } from '../dlms/server.ts';
import { FaultyChannel } from './faulty-channel.ts';
import { SimulatedMeter } from './meter.ts';
import { meterServer, meterServerConfig } from './meter-server.ts';
import type { MeterPlan } from './plan.ts';
import { MeterPush } from './push.ts';
import { SharedLine } from './shared-line.ts';

export interface StartOptions {
  readonly seed: number;
  readonly clock: Clock;
  readonly log: Log;
  /** From `planNeighbourhood`, or made by hand. */
  readonly meters: readonly MeterPlan[];
  /** Beginning of the simulation, UTC ms: what lies before it is history. Now, if not given. */
  readonly startMs?: number;
  /** Whether outages and relay trips also happen from now on, and not only in the history. */
  readonly liveOutages?: boolean;
  /** Opens the meters' end of RS-485 line `index`, and names the path that a reader opens; a pseudo-terminal if not given. */
  readonly openLine?: (index: number) => Promise<{ readonly channel: ByteChannel; readonly path: string }>;
}

/** A meter that is being served, and everything that is needed to read it. */
export interface ServedMeter {
  readonly meterNo: string;
  /** TCP meters. */
  readonly host?: string;
  readonly port?: number;
  /** Path of the pseudo-terminal that its RS-485 line ends in. */
  readonly serialPath?: string;
  /** Meters in memory: opens one more connection. */
  readonly connect?: () => ByteChannel;
  /** `tcp`, `memory`, or `rs485-1`, `rs485-2`, … */
  readonly line: string;
  readonly framing: Framing;
  readonly client: number;
  readonly server: number;
  readonly physicalAddress?: number;
  readonly addressBytes: 1 | 2 | 4;
  readonly referencing?: MeterPlan['referencing'];
  readonly auth: MeterPlan['auth'];
  readonly suite?: MeterPlan['suite'];
  readonly password?: string;
  readonly signingKeys?: MeterPlan['signingKeys'];
  readonly systemTitle: Uint8Array;
  readonly encryptionKey?: Uint8Array;
  readonly authenticationKey?: Uint8Array;
  readonly masterKey?: Uint8Array;
  readonly phases: 1 | 3;
  /** The meter itself: its faults, its relay, its logs. */
  readonly device: SimulatedMeter;
}

export interface Neighbourhood {
  readonly meters: readonly ServedMeter[];
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
  readonly #options: StartOptions;
  readonly #log: Log;
  readonly #listeners: TcpListener[] = [];
  readonly #lines = new Map<number, { readonly line: SharedLine; readonly path: string }>();
  readonly #sessions = new Set<() => Promise<void>>();
  readonly #pushes: MeterPush[] = [];
  #stopped = false;

  constructor(options: StartOptions) {
    this.#options = options;
    this.#log = options.log.child('simulator');
  }

  async start(): Promise<void> {
    const { seed, clock, liveOutages = false } = this.#options;
    const world = { seed, clock, startMs: this.#options.startMs ?? clock.now(), liveOutages };
    for (const plan of this.#options.meters) {
      const meter = new SimulatedMeter(plan, world);
      this.meters.push(describe(meter, await this.#place(meter)));
      this.#startPush(meter);
    }
    this.#log.info('neighbourhood started', { meters: this.meters.length, lines: this.#lines.size });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const push of this.#pushes) push.stop();
    for (const { device } of this.meters) device.stop();
    await Promise.all([...this.#sessions].map((close) => close()));
    await Promise.all(this.#listeners.map((listener) => listener.close()));
    await Promise.all([...this.#lines.values()].map(({ line }) => line.close()));
  }

  #startPush(meter: SimulatedMeter): void {
    const { pushSetup: setup } = meter;
    const { push: plan } = meter.plan;
    const [device] = meterServerConfig(meter).devices;
    if (plan === undefined || setup === undefined || device === undefined) return;
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
      case 'memory':
        return { line: 'memory', connect: () => this.#connect(meter) };
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

type Where = Pick<ServedMeter, 'host' | 'port' | 'serialPath' | 'connect' | 'line'>;

function describe(device: SimulatedMeter, where: Where): ServedMeter {
  const { meterNo, framing, client, server, physicalAddress, addressBytes, auth, phases } = device.plan;
  const { password, systemTitle, encryptionKey, authenticationKey, masterKey } = device.plan;
  const { referencing, suite, signingKeys } = device.plan;
  return {
    meterNo,
    ...where,
    framing,
    client,
    server,
    ...(physicalAddress === undefined ? {} : { physicalAddress }),
    addressBytes,
    ...(referencing === undefined ? {} : { referencing }),
    auth,
    ...(suite === undefined ? {} : { suite }),
    ...(password === undefined ? {} : { password }),
    ...(signingKeys === undefined ? {} : { signingKeys }),
    systemTitle,
    ...(encryptionKey === undefined ? {} : { encryptionKey }),
    ...(authenticationKey === undefined ? {} : { authenticationKey }),
    ...(masterKey === undefined ? {} : { masterKey }),
    phases,
    device,
  };
}
