import type { Clock } from '../../../src/base/clock.ts';
import type { ByteChannel } from '../../../src/channels/channel.ts';
import { type Pump, pump } from '../../../src/channels/pump.ts';
import { createModuleMachine } from '../../../src/plc/module-machine.ts';
import type { ModuleCommand, ModuleConfig, ModuleEvent } from '../../../src/plc/module-types.ts';
import type { ServedMeter } from '../../../src/simulator/neighbourhood.ts';
import { MASTER } from './world.ts';

/** The concentrator's machine on an open channel, and a channel to each meter behind the module. */
export class ModuleReader {
  readonly events: ModuleEvent[] = [];
  readonly #pump: Pump<ModuleCommand>;
  readonly #listeners = new Map<string, (bytes: Uint8Array) => void>();
  readonly #waiting = new Set<() => void>();
  #requests = 0;

  constructor(
    channel: ByteChannel,
    clock: Clock,
    nodes: readonly string[],
    config: Partial<ModuleConfig> = {},
  ) {
    const machine = createModuleMachine({ masterAddress: MASTER, ...config });
    this.#pump = pump(machine, channel, clock, (event) => this.#event(event));
    this.command({ type: 'set-archive', nodes });
    this.command({ type: 'start' });
  }

  command(command: ModuleCommand): void {
    this.#pump.command(command);
  }

  of<Type extends ModuleEvent['type']>(type: Type): Extract<ModuleEvent, { type: Type }>[] {
    return this.events.filter((event): event is Extract<ModuleEvent, { type: Type }> => event.type === type);
  }

  /** Resolves when it holds after some event; the test's own time limit is the only other end. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve);
      });
    }
  }

  /** What one meter is sent and says. */
  channelTo({ node = '' }: ServedMeter): ByteChannel {
    return {
      name: node,
      write: async (bytes) => {
        const id = `${node} ${this.#requests++}`;
        this.command({ type: 'forward', id, address: node, bytes, attempts: 5 });
      },
      onBytes: (listener) => {
        this.#listeners.set(node, listener);
      },
      onClosed: () => {},
      close: async () => {
        this.#listeners.delete(node);
      },
    };
  }

  close(): Promise<void> {
    return this.#pump.close();
  }

  #event(event: ModuleEvent): void {
    this.events.push(event);
    if (event.type === 'answer') this.#listeners.get(event.address)?.(event.bytes);
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
