import type { Clock } from '../base/clock.ts';
import type { InvocationCounters } from '../base/collection.ts';
import { toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { CountedKey } from '../dlms/server.ts';
import { digest } from '../kernels/index.ts';
import { CounterBlock } from '../meters/counter-block.ts';
import type { HesAccess, HesClient } from './hes-access.ts';

export interface HesCountersOptions {
  readonly counters: InvocationCounters;
  readonly clock: Clock;
  readonly log: Log;
}

/** Counters as the logical devices of one connection need them. */
export interface DeviceCounters {
  /** Makes sure that counters to send with are at hand. */
  ready(): Promise<void>;
  next(): number;
  accept(clientAddress: number, counter: number, key: CountedKey): boolean;
  /** The lowest that would be accepted under the unicast key. */
  expected(clientAddress: number): number;
}

/** What was accepted is written down so long after it came; the challenges of HLS guard the time between. */
const WRITTEN_AFTER_MS = 1000;
const SENT = 'hes:out';
/** Names of what each channel had for itself in older stores, all with the same title and perhaps the same key. */
const SENT_BEFORE = ['tcp_server', 'tcp_server_gui', 'tcp_server_im'].map((channel) => `hes:${channel}:out`);
const NAMED_BYTES = 4;

/**
 * Names a key without telling it: four bytes of its digest are too few to recognise a guess by, and two keys that share
 * them share counters, which only ever refuses.
 */
const nameOf = (key: Uint8Array | undefined): string =>
  key === undefined ? 'none' : digest('sha256', key).subarray(0, NAMED_BYTES).toHex();

/**
 * Invocation counters between the concentrator and its head-ends, of all channels. What is sent is counted once for all
 * of them, whatever key it goes under, as they have one system title: no counter is ever used twice, though two channels
 * have the same key or an old key comes back. What is received is counted for each client and key: a new key starts
 * afresh, and one that was there before goes on where it was.
 */
export class HesCounters {
  readonly #options: HesCountersOptions;
  readonly #own: CounterBlock;
  /** Lowest that is still accepted, by client address and key. */
  readonly #lowest = new Map<string, number>();
  readonly #unwritten = new Set<string>();
  #carried: Promise<void> | undefined;
  #cancel: (() => void) | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: HesCountersOptions) {
    this.#options = options;
    this.#own = new CounterBlock(options.counters, SENT);
  }

  /** To be awaited before these clients are let in. @throws DcuError what the store throws */
  async load(access: HesAccess): Promise<void> {
    await this.ready();
    for (const client of access) {
      for (const key of ['unicast', 'broadcast'] as const) {
        const name = receivedName(client, key);
        if (this.#lowest.has(name)) continue;
        const lowest = await this.#options.counters.peek(name);
        // Another connection may have been faster, and have gone on.
        if (!this.#lowest.has(name)) this.#lowest.set(name, lowest);
      }
    }
  }

  async ready(): Promise<void> {
    this.#carried ??= this.#carryOver();
    await this.#carried;
    await this.#own.ready();
  }

  next(): number {
    return this.#own.next();
  }

  /** For the devices of a connection, where `clientAt` tells who has a client address by now. */
  of(clientAt: (clientAddress: number) => HesClient | undefined): DeviceCounters {
    return {
      ready: () => this.ready(),
      next: () => this.next(),
      accept: (clientAddress, counter, key) => {
        const client = clientAt(clientAddress);
        return client !== undefined && this.#accept(receivedName(client, key), counter);
      },
      expected: (clientAddress) => {
        const client = clientAt(clientAddress);
        return client === undefined ? 0 : (this.#lowest.get(receivedName(client, 'unicast')) ?? 0);
      },
    };
  }

  #accept(name: string, counter: number): boolean {
    const lowest = this.#lowest.get(name);
    // A client that was never loaded is let in by nobody.
    if (lowest === undefined || counter < lowest) return false;
    this.#lowest.set(name, counter + 1);
    this.#unwritten.add(name);
    this.#cancel ??= this.#options.clock.after(WRITTEN_AFTER_MS, () => this.#write());
    return true;
  }

  /** Writes down what is not yet. */
  async flush(): Promise<void> {
    this.#cancel?.();
    this.#write();
    await this.#writing;
  }

  /** What older stores have counted apart was under the same title. */
  async #carryOver(): Promise<void> {
    const { counters } = this.#options;
    try {
      for (const name of SENT_BEFORE) {
        const next = await counters.peek(name);
        if (next > 0) await counters.raise(SENT, next);
      }
    } catch (error) {
      this.#carried = undefined;
      throw error;
    }
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

const receivedName = ({ client, encryptionKey }: HesClient, key: CountedKey): string =>
  `hes:${client}:${nameOf(encryptionKey)}:${key}:in`;
