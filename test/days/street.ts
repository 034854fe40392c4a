import type { Clock } from '../../src/base/clock.ts';
import { toDcuError } from '../../src/base/errors.ts';
import { silentLog } from '../../src/base/log.ts';
import type { SeededRandom } from '../../src/base/random.ts';
import type { ByteChannel } from '../../src/channels/channel.ts';
import { pump } from '../../src/channels/pump.ts';
import { FaultyChannel } from '../../src/simulator/faulty-channel.ts';
import { SimulatedMeter } from '../../src/simulator/meter.ts';
import { meterServer } from '../../src/simulator/meter-server.ts';
import type { MeterPlan } from '../../src/simulator/plan.ts';
import { LiveModule, type ModulePort } from '../../src/simulator/plc/live-module.ts';
import { MeterStation } from '../../src/simulator/plc/station.ts';
import { SharedLine } from '../../src/simulator/shared-line.ts';
import type { SocketPlace } from './wires.ts';

/** Where on the street a meter hangs. */
export type Where =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'rs485'; readonly line: number }
  /** Behind the PLC module, as the unit of this address. */
  | { readonly kind: 'plc'; readonly node: string };

export interface StreetOptions {
  readonly seed: number;
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly startMs: number;
  /** The far ends of the RS-485 lines. */
  readonly lines: readonly ByteChannel[];
  /** The far end of the line to the PLC module. */
  readonly port: ModulePort;
  /** Told of every protected APDU that a meter takes. */
  readonly onCounter: (meter: SimulatedMeter, key: string, counter: number, accepted: boolean) => void;
}

const nameOf = (where: Where): string => {
  switch (where.kind) {
    case 'tcp':
      return `tcp ${where.host}:${where.port}`;
    case 'rs485':
      return `rs485 ${where.line}`;
    case 'plc':
      return `plc ${where.node}`;
  }
};

/** A communication unit that may be out of reach of the module. */
class PlacedStation extends MeterStation {
  readonly #place: Place;

  constructor(place: Place) {
    super(place.meter);
    this.#place = place;
  }

  override receive(bytes: Uint8Array, nowMs: number): Uint8Array {
    return this.#place.unreachable ? new Uint8Array() : super.receive(bytes, nowMs);
  }
}

/** A place for a meter: meters come and go, the place stays. */
export class Place implements SocketPlace {
  readonly where: Where;
  readonly name: string;
  /** Cut off from the world: nothing listens there, nothing is said. */
  unreachable = false;
  /** Probability that a burst is the last of its connection. */
  breakage = 0;
  open = 0;
  #meter: SimulatedMeter;
  #sessions = new Set<() => Promise<void>>();
  #gone = false;
  readonly #options: StreetOptions;
  readonly #line: SharedLine | undefined;

  constructor(where: Where, plan: MeterPlan, options: StreetOptions, line: SharedLine | undefined) {
    this.where = where;
    this.#options = options;
    this.#line = line;
    this.name = nameOf(where);
    this.#meter = this.#make(plan);
    this.#attach(this.#meter);
  }

  get meter(): SimulatedMeter {
    return this.#meter;
  }

  /** Another meter takes the place; the old one is gone with all that it knew. */
  async replace(plan: MeterPlan): Promise<void> {
    this.#gone = true;
    this.#meter.stop();
    await Promise.all([...this.#sessions].map((close) => close()));
    this.#sessions = new Set();
    this.#gone = false;
    this.#meter = this.#make(plan);
    this.#attach(this.#meter);
  }

  accept(): ((far: ByteChannel) => void) | undefined {
    if (this.unreachable || this.#meter.isMuted()) return undefined;
    const meter = this.#meter;
    return (far) => this.#serve(meter, far, () => {});
  }

  breaks(): boolean {
    return this.breakage > 0 && this.#options.random.next() < this.breakage;
  }

  #make(plan: MeterPlan): SimulatedMeter {
    const { seed, clock, startMs, onCounter } = this.#options;
    const { where } = this;
    const placed: MeterPlan =
      where.kind === 'plc' ? { ...plan, place: { kind: 'plc', module: 0, node: where.node } } : plan;
    const meter = new SimulatedMeter(placed, { seed, clock, startMs, liveOutages: true });
    const accept = meter.acceptInvocationCounter.bind(meter);
    meter.acceptInvocationCounter = (client, counter, ...rest) => {
      const [key = 'unicast'] = rest;
      const accepted = accept(client, counter, ...rest);
      onCounter(meter, `${client} ${key}`, counter, accepted);
      return accepted;
    };
    return meter;
  }

  /** A station whose machine gave up its end of the wire is still screwed to it. */
  #attach(meter: SimulatedMeter): void {
    if (this.#line === undefined || meter !== this.#meter || this.#gone) return;
    this.#serve(meter, this.#line.tap(meter.plan.meterNo), () => this.#attach(meter));
  }

  #serve(meter: SimulatedMeter, channel: ByteChannel, onOver: () => void): void {
    const { clock } = this.#options;
    const over = (): void => {
      this.#sessions.delete(close);
      forget();
      queueMicrotask(onOver);
    };
    const muted = (): boolean => this.unreachable || meter.isMuted();
    const end = new FaultyChannel(channel, meter.faults, clock, muted, over);
    const session = pump(meterServer(meter), end, clock, (event) => meter.observe(event));
    const close = (): Promise<void> => session.close();
    const forget = meter.onRestart(() => {
      close().catch((error: unknown) => {
        throw toDcuError(error);
      });
    });
    this.#sessions.add(close);
  }
}

/** All places, by what leads to them. */
export class Street {
  readonly places: readonly Place[];
  /** Undefined where nobody lives behind it. */
  readonly module: LiveModule | undefined;
  readonly #sockets = new Map<string, Place>();

  constructor(wheres: readonly Where[], plans: readonly MeterPlan[], options: StreetOptions) {
    const lines = options.lines.map((far) => new SharedLine(far));
    this.places = wheres.map((where, index) => {
      const plan = plans[index];
      if (plan === undefined) throw new RangeError('fewer plans than places');
      return new Place(where, plan, options, where.kind === 'rs485' ? lines[where.line] : undefined);
    });
    const units = this.places.filter(({ where }) => where.kind === 'plc');
    const { seed, clock, port } = options;
    if (units.length > 0) {
      this.module = new LiveModule({
        seed,
        clock,
        log: silentLog,
        port,
        stations: units.map((place) => new PlacedStation(place)),
        behaviour: { pacedUart: true, loss: 0.02 },
        liveOutages: true,
      });
    }
    for (const place of this.places) {
      if (place.where.kind === 'tcp') this.#sockets.set(`${place.where.host}:${place.where.port}`, place);
    }
  }

  socket(host: string, port: number): Place | undefined {
    return this.#sockets.get(`${host}:${port}`);
  }
}
