import type { ClientEvent } from '../client-types.ts';
import type { Operation, Progress } from './client-operations.ts';

/** Requests one after the other, whose results make one. */
export class InSequence implements Operation {
  readonly #parts: readonly Operation[];
  readonly #join: (results: readonly ClientEvent[]) => ClientEvent;
  readonly #results: ClientEvent[] = [];

  /** `parts` has at least one; each of them is answered. */
  constructor(parts: readonly Operation[], join: (results: readonly ClientEvent[]) => ClientEvent) {
    this.#parts = parts;
    this.#join = join;
  }

  get #current(): Operation | undefined {
    return this.#parts[this.#results.length];
  }

  start(): Uint8Array {
    return this.#current?.start() ?? new Uint8Array(0);
  }

  answers(apdu: Uint8Array): boolean {
    return this.#current?.answers(apdu) ?? false;
  }

  receive(apdu: Uint8Array): Progress {
    const progress = this.#current?.receive(apdu);
    if (progress?.done === undefined) return progress ?? {};
    this.#results.push(progress.done);
    const next = this.#current;
    const event = progress.event ? { event: progress.event } : {};
    return { ...event, ...(next ? { send: next.start() } : { done: this.#join(this.#results) }) };
  }
}
