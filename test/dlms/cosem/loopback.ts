import type { Effect, Machine } from '../../../src/base/machine.ts';
import type { AuthMechanism, SecurityPolicy } from '../../../src/base/model.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import {
  type ClientCommand,
  type ClientConfig,
  type ClientEvent,
  type ClientMachine,
  createClientMachine,
} from '../../../src/dlms/client.ts';
import type { LinkConfig } from '../../../src/dlms/link/link.ts';
import {
  createServerMachine,
  type LogicalDevice,
  type ServerCommand,
  type ServerEvent,
  type ServerMachine,
} from '../../../src/dlms/server.ts';

/** A machine with its timers under virtual time; what it sends is collected. */
class Side<Command, Event> {
  readonly events: Event[] = [];
  readonly sent: Uint8Array[] = [];
  closed = false;
  readonly #timers = new Map<string, number>();
  readonly #machine: Machine<Command, Event>;

  constructor(machine: Machine<Command, Event>) {
    this.#machine = machine;
  }

  take(effects: readonly Effect<Event>[], nowMs: number): void {
    for (const effect of effects) {
      if (effect.do === 'send') this.sent.push(effect.bytes);
      else if (effect.do === 'emit') this.events.push(effect.event);
      else if (effect.do === 'arm') this.#timers.set(effect.timer, nowMs + effect.delayMs);
      else if (effect.do === 'disarm') this.#timers.delete(effect.timer);
      else this.closed = true;
    }
  }

  bytes(bytes: Uint8Array, nowMs: number): void {
    this.take(this.#machine.step({ on: 'bytes', bytes }, nowMs), nowMs);
  }

  command(command: Command, nowMs: number): void {
    this.take(this.#machine.step({ on: 'command', command }, nowMs), nowMs);
  }

  get dueMs(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...this.#timers.values());
  }

  fire(nowMs: number): void {
    const due = [...this.#timers].find(([, atMs]) => atMs <= nowMs);
    if (due === undefined) return;
    this.#timers.delete(due[0]);
    this.take(this.#machine.step({ on: 'timer', timer: due[0] }, nowMs), nowMs);
  }
}

/** What happens to bytes on their way; returning undefined loses them. */
export type Tamper = (bytes: Uint8Array, direction: 'up' | 'down') => Uint8Array | undefined;

/** Client and server in memory, with virtual time. */
export class Loopback {
  readonly client: Side<ClientCommand, ClientEvent>;
  readonly server: Side<ServerCommand, ServerEvent>;
  readonly clientMachine: ClientMachine;
  readonly serverMachine: ServerMachine;
  tamper: Tamper = (bytes) => bytes;
  /** Every chunk that went over the line. */
  readonly wire: { direction: 'up' | 'down'; bytes: Uint8Array }[] = [];
  nowMs = 0;
  /** Deliver in pieces of so many bytes; 0 = as sent. */
  splitBytes = 0;

  constructor(client: ClientMachine, server: ServerMachine) {
    this.clientMachine = client;
    this.serverMachine = server;
    this.client = new Side(client);
    this.server = new Side(server);
  }

  /** Gives the client a command and runs until nothing moves; returns the client's new events. */
  run(command: ClientCommand, limitMs = 600_000): ClientEvent[] {
    const from = this.client.events.length;
    this.client.command(command, this.nowMs);
    this.settle(
      limitMs,
      () => this.client.events.length > from && this.client.events.at(-1)?.type !== 'block',
    );
    return this.client.events.slice(from);
  }

  /** The last event of a command. */
  last(command: ClientCommand): ClientEvent {
    const event = this.run(command).at(-1);
    if (event === undefined) throw new Error(`no event after ${command.type}`);
    return event;
  }

  settle(limitMs: number, done: () => boolean): void {
    const untilMs = this.nowMs + limitMs;
    for (;;) {
      this.deliver();
      if (done()) return;
      const dueMs = Math.min(this.client.dueMs, this.server.dueMs);
      if (dueMs > untilMs) return;
      this.nowMs = Math.max(this.nowMs, dueMs);
      if (this.client.dueMs <= this.nowMs) this.client.fire(this.nowMs);
      else this.server.fire(this.nowMs);
    }
  }

  deliver(): void {
    for (;;) {
      const down = this.client.sent.shift();
      if (down !== undefined) this.#pass(down, 'down');
      const up = this.server.sent.shift();
      if (up !== undefined) this.#pass(up, 'up');
      if (down === undefined && up === undefined) return;
    }
  }

  #pass(bytes: Uint8Array, direction: 'up' | 'down'): void {
    this.wire.push({ direction, bytes });
    const arrived = this.tamper(bytes, direction);
    if (arrived === undefined) return;
    const size = this.splitBytes || Math.max(1, arrived.length);
    for (let from = 0; from < arrived.length; from += size) {
      const piece = arrived.subarray(from, from + size);
      if (direction === 'down') this.server.bytes(piece, this.nowMs);
      else this.client.bytes(piece, this.nowMs);
    }
  }
}

export const KEYS = {
  encryptionKey: Uint8Array.fromHex('000102030405060708090A0B0C0D0E0F'),
  authenticationKey: Uint8Array.fromHex('D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF'),
  clientTitle: Uint8Array.fromHex('4D4D4D0000000001'),
  serverTitle: Uint8Array.fromHex('4D4D4D0000BC614E'),
  password: new TextEncoder().encode('12345678'),
};

export const WRAPPER: LinkConfig = {
  framing: 'wrapper',
  clientAddress: 1,
  serverAddress: 1,
  responseTimeoutMs: 5000,
  maxApdu: 65535,
};

export const HDLC: LinkConfig = {
  framing: 'hdlc',
  clientAddress: 1,
  serverAddress: 1,
  physicalAddress: 17,
  addressBytes: 4,
  maxInfoTransmit: 128,
  maxInfoReceive: 128,
  windowTransmit: 1,
  windowReceive: 1,
  interOctetTimeoutMs: 50,
  responseTimeoutMs: 2000,
  retries: 2,
};

export interface PairOptions {
  readonly link?: LinkConfig;
  readonly auth?: AuthMechanism;
  readonly policy?: SecurityPolicy;
  readonly clientPdu?: number;
  readonly serverPdu?: number;
  readonly client?: Partial<ClientConfig['association']>;
  readonly devices: readonly LogicalDevice[];
  readonly idleTimeoutMs?: number;
}

export function counterFrom(start: number): () => number {
  let next = start;
  return () => next++;
}

/** A client with the keys above and a server with the given devices. */
export function pair(options: PairOptions): Loopback {
  const { link = WRAPPER, auth = 'none', policy = 'none', devices } = options;
  const random = new SeededRandom(7);
  const client = createClientMachine({
    link,
    association: {
      auth,
      policy,
      password: KEYS.password,
      systemTitle: KEYS.clientTitle,
      encryptionKey: KEYS.encryptionKey,
      authenticationKey: KEYS.authenticationKey,
      nextInvocationCounter: counterFrom(1),
      maxPduSize: options.clientPdu ?? 1024,
      ...options.client,
    },
    randomBytes: (length) => random.bytes(length),
  });
  const server = createServerMachine({
    link,
    devices,
    maxPduSize: options.serverPdu ?? 1024,
    randomBytes: (length) => random.bytes(length),
    idleTimeoutMs: options.idleTimeoutMs ?? 3_600_000,
  });
  return new Loopback(client, server);
}
