import type { ClientEvent } from '../client-types.ts';
import type { Operation, Progress } from './client-operations.ts';

/** Operations one behind the other: `then` says what follows on the result of each, an operation or the end. */
export class ChainedOperation implements Operation {
  readonly #then: (done: ClientEvent) => Operation | ClientEvent;
  #current: Operation;

  constructor(first: Operation, then: (done: ClientEvent) => Operation | ClientEvent) {
    this.#current = first;
    this.#then = then;
  }

  start(): Uint8Array {
    return this.#current.start();
  }

  answers(apdu: Uint8Array): boolean {
    return this.#current.answers(apdu);
  }

  receive(apdu: Uint8Array): Progress {
    const { done, ...progress } = this.#current.receive(apdu);
    if (done === undefined) return progress;
    const next = this.#then(done);
    if (!('start' in next)) return { ...progress, done: next };
    this.#current = next;
    const { unanswered } = next;
    return { ...progress, send: next.start(), ...(unanswered ? { done: unanswered } : {}) };
  }
}
