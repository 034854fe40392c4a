import { createClientLink, createServerLink, type ServerLinkOptions } from '../../../src/dlms/link/index.ts';
import type {
  HdlcLinkConfig,
  LinkCommand,
  LinkConfig,
  LinkEvent,
  LinkMachine,
  WrapperLinkConfig,
} from '../../../src/dlms/link/link.ts';

export const HDLC: HdlcLinkConfig = {
  framing: 'hdlc',
  clientAddress: 16,
  serverAddress: 1,
  physicalAddress: 17,
  addressBytes: 4,
  maxInfoTransmit: 128,
  maxInfoReceive: 128,
  windowTransmit: 1,
  windowReceive: 1,
  interOctetTimeoutMs: 100,
  responseTimeoutMs: 1000,
  retries: 3,
};

export const WRAPPER: WrapperLinkConfig = {
  framing: 'wrapper',
  clientAddress: 16,
  serverAddress: 1,
  responseTimeoutMs: 1000,
  maxApdu: 2048,
};

export type Side = 'client' | 'server';

/** What becomes of one write: pieces that arrive at once, in order. */
export type Line = (bytes: Uint8Array, from: Side) => readonly Uint8Array[];

interface Due {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** Two links joined by a line in virtual time; nothing waits, so hours pass in milliseconds. */
export class World {
  readonly links: Readonly<Record<Side, LinkMachine>>;
  readonly events: Record<Side, LinkEvent[]> = { client: [], server: [] };
  readonly sent: Record<Side, Uint8Array[]> = { client: [], server: [] };
  nowMs = 0;
  steps = 0;
  onEvent: (side: Side, event: LinkEvent) => void = () => {};
  line: Line = (bytes) => [bytes];
  latencyMs = 5;
  readonly #timers: Record<Side, Map<string, Due>> = { client: new Map(), server: new Map() };
  #agenda: Due[] = [];
  #order = 0;

  constructor(client: LinkConfig, server: LinkConfig = client, options: ServerLinkOptions = {}) {
    this.links = { client: createClientLink(client), server: createServerLink(server, options) };
  }

  command(side: Side, command: LinkCommand): void {
    this.#step(side, () => this.links[side].step({ on: 'command', command }, this.nowMs));
  }

  bytes(side: Side, bytes: Uint8Array): void {
    this.#step(side, () => this.links[side].step({ on: 'bytes', bytes }, this.nowMs));
  }

  later(delayMs: number, run: () => void): Due {
    const due = { atMs: this.nowMs + delayMs, order: this.#order++, run };
    this.#agenda.push(due);
    return due;
  }

  armed(side: Side): readonly string[] {
    return [...this.#timers[side].keys()];
  }

  /** Runs until nothing is left to happen or `limitMs` has passed; false in the latter case. */
  run(limitMs = Number.POSITIVE_INFINITY): boolean {
    for (;;) {
      let next: Due | undefined;
      for (const due of this.#agenda) {
        if (next === undefined || due.atMs < next.atMs || (due.atMs === next.atMs && due.order < next.order))
          next = due;
      }
      if (next === undefined) return true;
      if (next.atMs > limitMs) return false;
      this.#drop(next);
      this.nowMs = next.atMs;
      next.run();
    }
  }

  apdus(side: Side): Uint8Array[] {
    return this.events[side].flatMap((event) => (event.type === 'apdu' ? [event.apdu] : []));
  }

  #drop(due: Due): void {
    this.#agenda = this.#agenda.filter((other) => other !== due);
  }

  #step(side: Side, step: () => ReturnType<LinkMachine['step']>): void {
    this.steps++;
    for (const effect of step()) {
      switch (effect.do) {
        case 'send':
          this.sent[side].push(effect.bytes);
          for (const piece of this.line(effect.bytes, side)) {
            this.later(this.latencyMs, () => this.bytes(side === 'client' ? 'server' : 'client', piece));
          }
          break;
        case 'arm': {
          this.#disarm(side, effect.timer);
          const { timer } = effect;
          const due = this.later(effect.delayMs, () => {
            this.#timers[side].delete(timer);
            this.#step(side, () => this.links[side].step({ on: 'timer', timer }, this.nowMs));
          });
          this.#timers[side].set(timer, due);
          break;
        }
        case 'disarm':
          this.#disarm(side, effect.timer);
          break;
        case 'emit':
          this.events[side].push(effect.event);
          this.onEvent(side, effect.event);
          break;
        case 'configure':
        case 'close':
          break;
      }
    }
  }

  #disarm(side: Side, timer: string): void {
    const due = this.#timers[side].get(timer);
    if (due !== undefined) this.#drop(due);
    this.#timers[side].delete(timer);
  }
}

/** Bytes that tell where they are, so that any mix-up shows. */
export function pattern(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (seed * 31 + i * 7 + (i >> 8)) & 0xff);
}
