import { systemClock } from '../../../src/base/clock.ts';
import type { Effect, Input } from '../../../src/base/machine.ts';
import { pump } from '../../../src/channels/pump.ts';
import { tcpOpener } from '../../../src/channels/tcp.ts';
import { listenTcp } from '../../../src/channels/tcp-listen.ts';
import type { ConformanceTarget } from '../../../src/conformance/target.ts';
import {
  createServerMachine,
  type ServerCommand,
  type ServerConfig,
  type ServerEvent,
  type ServerMachine,
} from '../../../src/dlms/server.ts';
import { SimulatedMeter } from '../../../src/simulator/meter.ts';
import { meterServerConfig } from '../../../src/simulator/meter-server.ts';
import type { MeterPlan } from '../../../src/simulator/plan.ts';
import { type Combination, planFor, TIMEOUT_MS, targetFor, withCombination } from '../sound-meter.ts';

/** What becomes of bytes on their way into the meter. */
export interface Inward {
  /** Reaches the server, in pieces. */
  readonly forward?: readonly Uint8Array[];
  /** Goes straight back. */
  readonly reply?: readonly Uint8Array[];
}

/** What is broken on one connection. */
export interface Breakage {
  readonly config?: (config: ServerConfig) => ServerConfig;
  readonly toMeter?: (bytes: Uint8Array) => Inward;
  readonly fromMeter?: (bytes: Uint8Array) => readonly Uint8Array[];
}

/** One planted fault, and the tests that must find it. */
export interface Fault {
  readonly id: string;
  readonly title: string;
  readonly combination: Combination;
  /** Each of these must fail. */
  readonly finds: readonly [string, ...string[]];
  readonly allowWrites?: true;
  /** For one meter; what it returns is called for each connection. */
  readonly plant: (plan: MeterPlan) => () => Breakage;
}

export interface BrokenMeter {
  readonly target: ConformanceTarget;
  stop(): Promise<void>;
}

/** A server whose bytes are changed on their way in and out. */
class MangledServer implements ServerMachine {
  readonly #inner: ServerMachine;
  readonly #breakage: Breakage;

  constructor(inner: ServerMachine, breakage: Breakage) {
    this.#inner = inner;
    this.#breakage = breakage;
  }

  get counters(): ServerMachine['counters'] {
    return this.#inner.counters;
  }

  get associated(): ServerMachine['associated'] {
    return this.#inner.associated;
  }

  step(input: Input<ServerCommand>, nowMs: number): Effect<ServerEvent>[] {
    const { toMeter } = this.#breakage;
    if (input.on !== 'bytes' || toMeter === undefined) return this.#outward(this.#inner.step(input, nowMs));
    const { forward = [], reply = [] } = toMeter(input.bytes);
    const effects = forward.flatMap((bytes) => this.#inner.step({ on: 'bytes', bytes }, nowMs));
    return [...reply.map((bytes) => ({ do: 'send' as const, bytes })), ...this.#outward(effects)];
  }

  #outward(effects: Effect<ServerEvent>[]): Effect<ServerEvent>[] {
    const { fromMeter } = this.#breakage;
    if (fromMeter === undefined) return effects;
    return effects.flatMap((effect): Effect<ServerEvent>[] =>
      effect.do === 'send' ? fromMeter(effect.bytes).map((bytes) => ({ do: 'send', bytes })) : [effect],
    );
  }
}

/** A simulated meter with the fault in it, on a port of its own. */
export function startBrokenMeter(fault: Fault): BrokenMeter {
  const plan = planFor(fault.combination);
  const world = { seed: 7, clock: systemClock, startMs: systemClock.now(), liveOutages: false };
  const meter = new SimulatedMeter(plan, world);
  const breakageOf = fault.plant(plan);
  const listener = listenTcp({ host: '127.0.0.1', port: 0, maxConnections: 8 }, (channel) => {
    const breakage = breakageOf();
    const config = meterServerConfig(meter);
    const server = createServerMachine(breakage.config?.(config) ?? config);
    pump(new MangledServer(server, breakage), channel, systemClock, (event: ServerEvent) =>
      meter.observe(event),
    );
  });
  const opener = tcpOpener({ host: '127.0.0.1', port: listener.port, connectTimeoutMs: TIMEOUT_MS });
  const target = withCombination(targetFor(plan, opener), fault.combination);
  return {
    // A broken meter that has gone silent is told from a sound one sooner.
    target: { ...target, timeoutMs: 400, allowWrites: fault.allowWrites === true },
    async stop() {
      meter.stop();
      await listener.close();
    },
  };
}
