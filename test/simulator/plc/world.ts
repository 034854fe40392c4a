import type { Effect, Machine } from '../../../src/base/machine.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { createModuleMachine } from '../../../src/plc/module-machine.ts';
import type {
  ModuleCommand,
  ModuleConfig,
  ModuleEvent,
  ModuleMachine,
} from '../../../src/plc/module-types.ts';
import { Agenda } from '../../../src/simulator/plc/agenda.ts';
import { SimulatedModule, type SimulatedModuleCommand } from '../../../src/simulator/plc/module.ts';
import type { SimulatedModuleEvent, SimulatedModuleOptions } from '../../../src/simulator/plc/module-side.ts';
import { type NetworkMeter, type NetworkOptions, PlcNetwork } from '../../../src/simulator/plc/network.ts';
import type { Station } from '../../../src/simulator/plc/station.ts';

export const MASTER = '261100009999';
const START_MS = Date.UTC(2026, 4, 4, 12);

/** Addresses of `count` meters from `first` on. */
export function addresses(count: number, first = 1): string[] {
  return Array.from({ length: count }, (_, i) => String(261_100_000_000 + first + i));
}

/** A meter that says back what it hears, behind a mark. */
export const ECHO: Station = { receive: (bytes) => Uint8Array.of(0xee, ...bytes) };

export interface WorldOptions {
  readonly meters?: number;
  readonly seed?: number;
  readonly network?: Partial<NetworkOptions>;
  readonly module?: Partial<SimulatedModuleOptions>;
  readonly config?: Partial<ModuleConfig>;
  /** What becomes of a write on the UART: the pieces that arrive. */
  readonly line?: (bytes: Uint8Array, from: Side) => readonly Uint8Array[];
}

type Side = 'concentrator' | 'module';

/** The concentrator's machine and a simulated module on a UART with a rate on each side, in virtual time. */
export class PlcWorld {
  readonly machine: ModuleMachine;
  readonly module: SimulatedModule;
  readonly network: PlcNetwork;
  readonly addresses: readonly string[];
  readonly events: ModuleEvent[] = [];
  readonly #counts = new Map<ModuleEvent['type'], number>();
  readonly moduleEvents: SimulatedModuleEvent[] = [];
  readonly sent: Record<Side, Uint8Array[]> = { concentrator: [], module: [] };
  onEvent: (event: ModuleEvent) => void = () => {};
  line: (bytes: Uint8Array, from: Side) => readonly Uint8Array[];
  nowMs = 0;
  readonly #agenda = new Agenda();
  readonly #timers: Record<Side, Map<string, number>> = { concentrator: new Map(), module: new Map() };
  readonly #baud: Record<Side, number> = { concentrator: 9600, module: 9600 };
  readonly #freeMs: Record<Side, number> = { concentrator: 0, module: 0 };
  #arming = 0;

  constructor(options: WorldOptions = {}) {
    const { meters = 10, seed = 1 } = options;
    this.addresses = addresses(meters);
    const all = this.addresses.map(
      (address, index): NetworkMeter => ({
        address,
        feeder: Math.floor(index / 40),
        phases: index % 3 === 0 ? 3 : 1,
      }),
    );
    this.network = new PlcNetwork({
      seed,
      meters: all,
      startMs: START_MS,
      random: new SeededRandom(seed),
      noisy: false,
      ...options.network,
    });
    this.module = new SimulatedModule({ network: this.network, station: () => ECHO, ...options.module });
    this.machine = createModuleMachine({ masterAddress: MASTER, ...options.config });
    this.line = options.line ?? ((bytes) => [bytes]);
  }

  /** The module has power, the concentrator is started with all meters in its archive. */
  begin(nodes: readonly string[] = this.addresses): this {
    this.command({ type: 'set-archive', nodes });
    this.command({ type: 'start' });
    this.toModule({ type: 'power-on' });
    return this;
  }

  command(command: ModuleCommand): void {
    this.#apply('concentrator', this.machine.step({ on: 'command', command }, this.nowMs));
  }

  toModule(command: SimulatedModuleCommand): void {
    this.#apply('module', this.module.step({ on: 'command', command }, this.nowMs));
  }

  close(): void {
    this.#apply('concentrator', this.machine.step({ on: 'closed' }, this.nowMs));
  }

  at(delayMs: number, run: () => void): void {
    this.#agenda.add(this.nowMs + delayMs, run);
  }

  /** Runs for so long, or until the condition holds; says whether it does. */
  run(ms: number, until: () => boolean = () => false): boolean {
    const untilMs = this.nowMs + ms;
    for (;;) {
      if (until()) return true;
      const dueMs = this.#agenda.dueMs;
      if (dueMs === undefined || dueMs > untilMs) break;
      this.nowMs = dueMs;
      this.#agenda.runOne();
    }
    this.nowMs = untilMs;
    return until();
  }

  of<Type extends ModuleEvent['type']>(type: Type): Extract<ModuleEvent, { type: Type }>[] {
    return this.events.filter((event): event is Extract<ModuleEvent, { type: Type }> => event.type === type);
  }

  count(type: ModuleEvent['type']): number {
    return this.#counts.get(type) ?? 0;
  }

  /** Until there are so many events of a kind. */
  until(type: ModuleEvent['type'], count = 1, ms = 600_000): boolean {
    return this.run(ms, () => this.count(type) >= count);
  }

  #apply(side: Side, effects: readonly Effect<ModuleEvent | SimulatedModuleEvent>[]): void {
    for (const effect of effects) {
      if (effect.do === 'send') this.#send(side, effect.bytes);
      else if (effect.do === 'configure') this.#configure(side, effect.settings.baudRate);
      else if (effect.do === 'arm') this.#arm(side, effect.timer, effect.delayMs);
      else if (effect.do === 'disarm') this.#timers[side].delete(effect.timer);
      else if (effect.do === 'emit') this.#emit(side, effect.event);
    }
  }

  #emit(side: Side, event: ModuleEvent | SimulatedModuleEvent): void {
    if (side === 'module') {
      this.moduleEvents.push(event as SimulatedModuleEvent);
      return;
    }
    const { type } = event as ModuleEvent;
    this.#counts.set(type, this.count(type) + 1);
    this.events.push(event as ModuleEvent);
    this.onEvent(event as ModuleEvent);
  }

  #send(side: Side, bytes: Uint8Array): void {
    this.sent[side].push(bytes);
    const baud = this.#baud[side];
    const startMs = Math.max(this.nowMs, this.#freeMs[side]);
    this.#freeMs[side] = startMs + (bytes.length * 11_000) / baud;
    const other = side === 'module' ? 'concentrator' : 'module';
    for (const piece of this.line(bytes, side)) {
      this.#agenda.add(this.#freeMs[side], () => {
        // At another rate nothing but noise is heard.
        const heard = this.#baud[other] === baud ? piece : Uint8Array.of(0xff);
        this.#receive(other, heard);
      });
    }
  }

  #receive(side: Side, bytes: Uint8Array): void {
    this.#apply(side, this.#machine(side).step({ on: 'bytes', bytes }, this.nowMs));
  }

  #machine(side: Side): Machine<never, ModuleEvent | SimulatedModuleEvent> {
    return side === 'module' ? this.module : this.machine;
  }

  #configure(side: Side, baudRate: number): void {
    this.#agenda.add(Math.max(this.nowMs, this.#freeMs[side]), () => {
      this.#baud[side] = baudRate;
    });
  }

  #arm(side: Side, timer: string, delayMs: number): void {
    const arming = ++this.#arming;
    this.#timers[side].set(timer, arming);
    this.#agenda.add(this.nowMs + delayMs, () => {
      if (this.#timers[side].get(timer) !== arming) return;
      this.#timers[side].delete(timer);
      this.#apply(side, this.#machine(side).step({ on: 'timer', timer }, this.nowMs));
    });
  }
}
