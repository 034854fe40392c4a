import { Bus } from '../base/bus.ts';
import { type Clock, sleep } from '../base/clock.ts';
import { DcuError, toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { DEFAULTS } from '../plc/module-facts.ts';
import { createModuleMachine } from '../plc/module-machine.ts';
import type { LifeState } from '../plc/module-tables.ts';
import type {
  ModuleCommand,
  ModuleConfig,
  ModuleCounters,
  ModuleEvent,
  TrafficState,
  UpgradeTarget,
} from '../plc/module-types.ts';
import type { ReceiverCounters } from '../plc/receiver.ts';
import { messageRoom } from '../plc/traffic.ts';
import type { PhaseNode, RoutedNode, TopologyNode } from '../plc/units/afn-10.ts';
import type { ByteChannel, ChannelOpener } from './channel.ts';
import { inTurns } from './in-turns.ts';
import { type JobOptions, PlcJobs } from './plc-jobs.ts';
import { type ForwardOutcome, PlcSlot, type SlotPort, type SlotTarget } from './plc-slot.ts';
import { type Pump, pump, type TraceEntry } from './pump.ts';

export interface PlcModuleOptions {
  readonly name: string;
  /** Of the serial port, with the settings of a module that has just got power: 9600 baud. */
  readonly opener: ChannelOpener;
  readonly config: ModuleConfig;
  readonly clock: Clock;
  readonly log: Log;
  readonly trace?: (entry: TraceEntry) => void;
}

type ReadyModule = Extract<ModuleEvent, { type: 'ready' }>;
type Asked =
  | 'answer'
  | 'failed'
  | 'topology'
  | 'phases'
  | 'nodes'
  | 'band'
  | 'upgrade-progress'
  | 'upgraded'
  | 'job-failed'
  | 'silent'
  | 'stopped';

/** What happens to a module by itself; `lost` is told once for each outage, however it shows. */
export type PlcModuleEvent =
  | Exclude<ModuleEvent, { type: Asked }>
  | { readonly type: 'lost'; readonly error: DcuError };

/** What is known of a module now. */
export interface PlcModuleView {
  readonly name: string;
  /** `unplugged`: its port cannot be opened. */
  readonly state: LifeState | 'unplugged';
  readonly ready: ReadyModule | undefined;
  /** Why it cannot be used; undefined while it can, or is being looked for. */
  readonly trouble: DcuError | undefined;
  readonly counters: Readonly<ModuleCounters>;
  readonly line: Readonly<ReceiverCounters>;
  readonly traffic: TrafficState;
  /** Nodes that it is to have. */
  readonly archive: number;
}

const FIRST_DELAY_MS = 1000;
const LONGEST_DELAY_MS = 60_000;
/** For the last words to a module that is let go. */
const FAREWELL_MS = 1000;

/** The one owner of a module's serial port: opens it again and again, and runs the machine on it. */
export class PlcModule {
  readonly name: string;
  readonly events: Bus<{ event: PlcModuleEvent }>;
  readonly #options: PlcModuleOptions;
  readonly #machine;
  readonly #jobs: PlcJobs;
  readonly #forwards = new Map<string, (outcome: ForwardOutcome) => void>();
  readonly #slots = new Set<PlcSlot>();
  readonly #port: SlotPort;
  readonly #closing = new AbortController();
  readonly #waiting = new Set<{ resolve: () => void; reject: (error: DcuError) => void }>();
  readonly #serving: Promise<void>;
  #pump: Pump<ModuleCommand> | undefined;
  #archive: readonly string[] | undefined;
  #ready: ReadyModule | undefined;
  #trouble: DcuError | undefined;
  #failures = 0;
  #discovery: string | undefined;
  readonly #priorities = new Map<string, number>();
  #forwardNumber = 0;

  constructor(options: PlcModuleOptions) {
    this.name = options.name;
    this.#options = options;
    this.#machine = createModuleMachine(options.config);
    this.events = new Bus((error) =>
      options.log.error('a listener failed', { ...toDcuError(error).toJSON() }),
    );
    this.#jobs = new PlcJobs((command) => this.#command(command));
    this.#port = {
      forward: (request, outcome) => this.#forward(request, outcome),
      cancel: (id) => {
        this.#forwards.delete(id);
        this.#pump?.command({ type: 'cancel', id });
      },
      closed: (slot) => this.#slots.delete(slot),
    };
    this.#serving = this.#serve();
  }

  get view(): PlcModuleView {
    const { state, counters, line, traffic } = this.#machine;
    const { way, concurrency, flying, waiting } = traffic;
    return {
      name: this.name,
      state: this.#pump === undefined ? 'unplugged' : state,
      ready: this.#ready,
      trouble: this.#trouble,
      counters: { ...counters },
      line: { ...line },
      traffic: { way, concurrency, flying, waiting },
      archive: this.#archive?.length ?? 0,
    };
  }

  /** The longest message to a meter that the module takes, bytes; of one that was never heard, the usual one. */
  get messageRoom(): number {
    const own = this.#options.config.maxFrame ?? DEFAULTS.maxFrame;
    return messageRoom(Math.min(own, this.#ready?.mode?.maxFrame || own));
  }

  /** Resolves when the module has been found; rejects with `module-lost` when it is gone, or the signal's reason. */
  ready(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#ready !== undefined && this.#trouble === undefined) {
        resolve();
        return;
      }
      if (this.#trouble !== undefined) {
        reject(this.#trouble);
        return;
      }
      const onAbort = (): void => settle(() => reject(signal?.reason));
      const entry = {
        resolve: () => settle(resolve),
        reject: (error: DcuError) => settle(() => reject(error)),
      };
      const settle = (end: () => void): void => {
        this.#waiting.delete(entry);
        signal?.removeEventListener('abort', onAbort);
        end();
      };
      this.#waiting.add(entry);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** The nodes that the module is to have, in this order; it is told by difference, also after a restart or a swap. */
  setArchive(nodes: readonly string[]): void {
    this.#archive = nodes;
    this.#pump?.command({ type: 'set-archive', nodes });
  }

  /** Opens channels to one meter; each opening waits until the module is there. */
  slot(target: SlotTarget): ChannelOpener {
    const name = `plc:${target.address}`;
    return {
      name,
      open: async (signal) => {
        await this.ready(signal);
        signal?.throwIfAborted();
        const slot = new PlcSlot(name, this.#port, target);
        this.#slots.add(slot);
        return slot;
      },
    };
  }

  /** 0 (on demand, ahead of all) to 5: of what is written to this meter from now on. */
  prioritise(address: string, priority: number): void {
    this.#priorities.set(address, priority);
  }

  async topology(options?: JobOptions): Promise<readonly TopologyNode[]> {
    return (await this.#jobs.run((id) => ({ type: 'topology', id }), 'topology', options)).nodes;
  }

  async phases(options?: JobOptions): Promise<readonly PhaseNode[]> {
    return (await this.#jobs.run((id) => ({ type: 'phases', id }), 'phases', options)).nodes;
  }

  async nodes(options?: JobOptions): Promise<readonly RoutedNode[]> {
    return (await this.#jobs.run((id) => ({ type: 'nodes', id }), 'nodes', options)).nodes;
  }

  /** Resolves when the search has begun; what is found comes as events, the last of which is `discovery` with `ended`. */
  async discover(minutes: number, options?: JobOptions): Promise<void> {
    await this.#jobs.run((id) => ({ type: 'discover', id, minutes }), 'discovery', options);
  }

  /** Nodes that are in no archive cannot register any more; nothing happens when nobody lets them. */
  endDiscovery(): void {
    if (this.#discovery !== undefined) this.#command({ type: 'cancel', id: this.#discovery });
  }

  async setBand(band: number, options?: JobOptions): Promise<void> {
    await this.#jobs.run((id) => ({ type: 'set-band', id, band }), 'band', options);
  }

  async upgrade(image: Uint8Array, target: UpgradeTarget, options?: JobOptions): Promise<void> {
    await this.#jobs.run((id) => ({ type: 'upgrade', id, image, target }), 'upgraded', options);
  }

  /** Ends all slots and jobs, lets the router work by itself again, and closes the port. */
  async close(): Promise<void> {
    const gone = new DcuError('module-lost', `${this.name} is closed`);
    this.#closing.abort(gone);
    this.#lose(gone, false);
    this.#pump?.command({ type: 'stop' });
    await this.#serving;
  }

  async #serve(): Promise<void> {
    const { clock, log, opener } = this.#options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        await this.#run(await opener.open(signal));
      } catch (thrown) {
        if (signal.aborted) return;
        const { message, code } = toDcuError(thrown);
        log.warn('the port of the module cannot be used', { module: this.name, code, message });
        this.#lose(new DcuError('module-lost', `${this.name}: ${message}`, { cause: thrown }));
      }
      const delayMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** this.#failures++);
      await sleep(clock, delayMs, signal).catch(() => undefined);
    }
  }

  /** Until the channel is lost, or all is closed. @throws what the channel was lost for */
  async #run(channel: ByteChannel): Promise<void> {
    const { clock, trace } = this.#options;
    const ended = Promise.withResolvers<DcuError | undefined>();
    const running = pump(
      this.#machine,
      inTurns(atAnyRate(channel), clock),
      clock,
      (event) => {
        if (event.type === 'stopped') ended.resolve(event.error);
        else this.#onEvent(event);
      },
      trace === undefined ? {} : { trace },
    );
    this.#pump = running;
    try {
      if (this.#archive !== undefined) running.command({ type: 'set-archive', nodes: this.#archive });
      running.command({ type: 'start' });
      const error = await ended.promise;
      if (error !== undefined) throw error;
      await this.#farewell(running);
    } finally {
      this.#pump = undefined;
      await running.close();
    }
  }

  async #farewell(running: Pump<ModuleCommand>): Promise<void> {
    const patience = new AbortController();
    const over = sleep(this.#options.clock, FAREWELL_MS, patience.signal).catch(() => undefined);
    await Promise.race([running.sent(), over]);
    patience.abort();
  }

  #command(command: ModuleCommand): void {
    const running = this.#pump;
    if (running !== undefined) running.command(command);
    else if ('id' in command && command.type !== 'cancel') {
      const error = this.#trouble ?? new DcuError('module-lost', `${this.name} is not there`);
      this.#onEvent({ type: 'job-failed', id: command.id, error });
    }
  }

  #forward(request: Parameters<SlotPort['forward']>[0], outcome: (outcome: ForwardOutcome) => void): string {
    const id = `forward-${++this.#forwardNumber}`;
    this.#forwards.set(id, outcome);
    // Behind the call, for the outcome may be there at once.
    queueMicrotask(() => {
      if (!this.#forwards.has(id)) return;
      const running = this.#pump;
      const priority = this.#priorities.get(request.address);
      const due = priority === undefined ? request : { ...request, priority };
      if (running !== undefined) running.command({ ...due, type: 'forward', id });
      else
        this.#settle(id, {
          reason: 'module-lost',
          error: this.#trouble ?? new DcuError('module-lost', `${this.name} is not there`),
        });
    });
    return id;
  }

  #settle(id: string, outcome: ForwardOutcome): void {
    const tell = this.#forwards.get(id);
    this.#forwards.delete(id);
    tell?.(outcome);
  }

  #onEvent(event: ModuleEvent): void {
    switch (event.type) {
      case 'answer':
        this.#settle(event.id, { bytes: event.bytes });
        return;
      case 'failed':
        this.#settle(event.id, { reason: event.reason, error: event.error });
        return;
      case 'silent':
        this.#lose(new DcuError('module-lost', `${this.name}: the module does not answer`));
        return;
      case 'ready':
        this.#found(event);
        return;
      case 'stopped':
      case 'topology':
      case 'phases':
      case 'nodes':
      case 'band':
      case 'upgrade-progress':
      case 'upgraded':
      case 'job-failed':
        this.#jobs.settle(event);
        return;
      case 'discovery':
        this.#discovery = event.state === 'begun' ? event.id : undefined;
        this.#jobs.settle(event);
        this.events.emit('event', event);
        return;
      default:
        this.events.emit('event', event);
    }
  }

  #found(event: ReadyModule): void {
    this.#ready = event;
    this.#trouble = undefined;
    this.#failures = 0;
    this.events.emit('event', event);
    for (const { resolve } of this.#waiting) resolve();
  }

  /** Nobody waits for a module that is gone. */
  #lose(error: DcuError, tell = true): void {
    const before = this.#trouble;
    this.#trouble = error;
    for (const { reject } of this.#waiting) reject(error);
    for (const slot of this.#slots) slot.end(error);
    if (before === undefined && tell) this.events.emit('event', { type: 'lost', error });
  }
}

/** A line without settings (a serial server, a pair in memory) carries bytes at any rate. */
function atAnyRate(channel: ByteChannel): ByteChannel {
  if (channel.configure !== undefined) return channel;
  return {
    name: channel.name,
    write: (bytes) => channel.write(bytes),
    onBytes: (listener) => channel.onBytes(listener),
    onClosed: (listener) => channel.onClosed(listener),
    configure: () => Promise.resolve(),
    close: () => channel.close(),
  };
}
