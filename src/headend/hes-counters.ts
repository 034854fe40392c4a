import type { Clock } from '../base/clock.ts';
import type { InvocationCounters } from '../base/collection.ts';
import { toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { CountedKey } from '../dlms/server.ts';
import { CounterBlock } from '../meters/counter-block.ts';

export interface HesCountersOptions {
  readonly counters: InvocationCounters;
  /** Names the keys, e.g. `hes:tcp_server`. */
  readonly keyId: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** What was accepted is written down so long after it came; the challenges of HLS guard the time between. */
const WRITTEN_AFTER_MS = 1000;

/**
 * Invocation counters of one head-end's keys. All logical devices have the same keys and system title, so they share
 * them: neither is a counter used twice, nor is what was said to one device taken again by another.
 */
export class HesCounters {
  readonly #options: HesCountersOptions;
  readonly #own: CounterBlock;
  /** Lowest that is still accepted, by key and client address. */
  readonly #lowest = new Map<string, number>();
  readonly #unwritten = new Set<string>();
  #cancel: (() => void) | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: HesCountersOptions) {
    this.#options = options;
    this.#own = new CounterBlock(options.counters, `${options.keyId}:out`);
  }

  /** To be awaited before a client of this address is let in. @throws DcuError what the store throws */
  async load(clientAddress: number): Promise<void> {
    await this.#own.ready();
    for (const key of ['unicast', 'broadcast'] as const) {
      const name = this.#nameOf(clientAddress, key);
      if (!this.#lowest.has(name)) this.#lowest.set(name, await this.#options.counters.peek(name));
    }
  }

  /** Makes sure that counters to send with are at hand. */
  ready(): Promise<void> {
    return this.#own.ready();
  }

  next(): number {
    return this.#own.next();
  }

  accept(clientAddress: number, counter: number, key: CountedKey): boolean {
    const name = this.#nameOf(clientAddress, key);
    const lowest = this.#lowest.get(name);
    // A client that was never loaded is let in by nobody.
    if (lowest === undefined || counter < lowest) return false;
    this.#lowest.set(name, counter + 1);
    this.#unwritten.add(name);
    this.#cancel ??= this.#options.clock.after(WRITTEN_AFTER_MS, () => this.#write());
    return true;
  }

  expected(clientAddress: number): number {
    return this.#lowest.get(this.#nameOf(clientAddress, 'unicast')) ?? 0;
  }

  /** Writes down what is not yet. */
  async close(): Promise<void> {
    this.#cancel?.();
    this.#write();
    await this.#writing;
  }

  #nameOf(clientAddress: number, key: CountedKey): string {
    return `${this.#options.keyId}:${clientAddress}:${key}:in`;
  }

  #write(): void {
    this.#cancel = undefined;
    const names = [...this.#unwritten];
    this.#unwritten.clear();
    this.#writing = this.#writing.then(async () => {
      for (const name of names) await this.#raise(name);
    });
  }

  async #raise(name: string): Promise<void> {
    const { counters, log } = this.#options;
    try {
      await counters.raise(name, this.#lowest.get(name) ?? 0);
    } catch (error) {
      log.error('an invocation counter of the head-end could not be written', {
        ...toDcuError(error).toJSON(),
      });
    }
  }
}
