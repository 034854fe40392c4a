import type { Waiting } from './fair-queue.ts';
import { type Forwarded, readForwarded } from './forwarded.ts';
import type { UpFrame } from './frame.ts';
import type { ModuleOutput } from './module-output.ts';
import type { TrafficState } from './module-types.ts';
import type { Sequences } from './sequences.ts';
import { isUnreadable } from './unit.ts';
import { FORWARD_ROUTED, FORWARD_ROUTED_LONG } from './units/afn-13.ts';
import { READ_CONCURRENT } from './units/afn-f1.ts';

export type ForwardingWay = TrafficState['way'];

/** A message that is to be forwarded. */
export interface Request extends Waiting {
  readonly id: string;
  readonly bytes: Uint8Array;
  readonly numbered: boolean;
  attemptsLeft: number;
  restarts: number;
  rests: number;
  absences: number;
}

/** A message on its way. */
export interface Flight {
  readonly sequence: number;
  readonly request: Request;
  readonly way: ForwardingWay;
  readonly sentMs: number;
  readonly deadlineMs: number;
}

export interface FlightOptions {
  readonly masterAddress: string;
  /** Of the messages. */
  readonly protocol: number;
}

const LONGEST_SHORT_MESSAGE = 0xff;

/** Messages on their way to meters, one for each meter, by the sequence of their frames. */
export class Flights {
  readonly #out: ModuleOutput;
  readonly #sequences: Sequences;
  readonly #options: FlightOptions;
  readonly #bySequence = new Map<number, Flight>();
  readonly #taken = new Set<string>();

  constructor(out: ModuleOutput, sequences: Sequences, options: FlightOptions) {
    this.#out = out;
    this.#sequences = sequences;
    this.#options = options;
  }

  get size(): number {
    return this.#bySequence.size;
  }

  /** Meters that a message is on its way to. */
  get taken(): ReadonlySet<string> {
    return this.#taken;
  }

  all(): IterableIterator<Flight> {
    return this.#bySequence.values();
  }

  /** When the first answer is overdue; infinite when nothing flies. */
  get deadlineMs(): number {
    let dueMs = Number.POSITIVE_INFINITY;
    for (const { deadlineMs } of this.#bySequence.values()) dueMs = Math.min(dueMs, deadlineMs);
    return dueMs;
  }

  send(request: Request, way: ForwardingWay, nowMs: number, timeoutMs: number): void {
    const { masterAddress, protocol } = this.#options;
    const { address, bytes: message } = request;
    const sequence = this.#sequences.next(address);
    this.#bySequence.set(sequence, { sequence, request, way, sentMs: nowMs, deadlineMs: nowMs + timeoutMs });
    this.#taken.add(address);
    request.attemptsLeft--;
    const addresses = { source: masterAddress, relays: [], destination: address };
    const options = { initiates: true, addresses };
    if (way === 'concurrent') {
      this.#out.send(READ_CONCURRENT, { protocol, reserved: 0, message }, sequence, options);
    } else {
      const unit = message.length > LONGEST_SHORT_MESSAGE ? FORWARD_ROUTED_LONG : FORWARD_ROUTED;
      this.#out.send(unit, { protocol, delayMatters: 0, attached: [], message }, sequence, options);
    }
  }

  /**
   * What flies and is answered by the frame, when sequence, unit and meter are those that were sent. An answer that cannot be
   * read is as good as not come: the request goes on until its time is over.
   */
  answeredBy(
    frame: UpFrame,
  ): { readonly flight: Flight; readonly answer: Forwarded | 'garbled' } | undefined {
    const flight = this.#bySequence.get(frame.information.sequence);
    if (flight === undefined) return undefined;
    const from = frame.addresses?.source;
    if (from !== undefined && from !== flight.request.address) return undefined;
    try {
      const answer = readForwarded(frame, flight.way, this.#out.edition);
      return answer === undefined ? undefined : { flight, answer };
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      this.#out.counters.garbled++;
      return { flight, answer: 'garbled' };
    }
  }

  /** It is over; `mayStillCome`: its answer, which must not be taken for that of a later message. */
  land({ sequence, request }: Flight, mayStillCome: boolean): void {
    if (!this.#bySequence.delete(sequence)) return;
    this.#taken.delete(request.address);
    if (mayStillCome) this.#sequences.leave(sequence, request.address);
    else this.#sequences.free(sequence);
  }
}
