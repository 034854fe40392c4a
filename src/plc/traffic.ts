import { FairQueue } from './fair-queue.ts';
import { type Flight, Flights, type ForwardingWay, type Request } from './flights.ts';
import { forwardingError } from './forwarded.ts';
import { SHORTEST_FRAME, type UpFrame } from './frame.ts';
import type { ModuleOutput } from './module-output.ts';
import { REQUEST_TABLE, type RequestInput } from './module-tables.ts';
import type { FailureReason, ForwardCommand, TrafficState } from './module-types.ts';
import type { Sequences } from './sequences.ts';
import { DENIAL, denialText } from './units/afn-00.ts';

export interface TrafficLimits {
  readonly masterAddress: string;
  readonly protocol: number;
  readonly maxConcurrent: number;
  readonly forwardTimeoutMs: number;
  readonly queueLimit: number;
  /** Whether the module should know the address. */
  isKnown(address: string): boolean;
}

/** Goes off when an answer is overdue, or a request may go that had to wait. */
export const TRAFFIC_TIMER = 'module-traffic';

/** Two addresses, and what the longest head of a data unit has before the message. */
const FORWARD_OVERHEAD = SHORTEST_FRAME + 12 + 5;

/** The longest message that fits a frame of this length, whichever way it goes. */
export const messageRoom = (maxFrame: number): number => maxFrame - FORWARD_OVERHEAD;

const USUAL_PRIORITY = 3;
const FIRST_REST_MS = 1000;
const LONGEST_REST_MS = 30_000;
/** What the module has refused so often fails. */
const MOST_RESTS = 10;
const MOST_RESTARTS = 3;
const MOST_RESTS_OUTSIDE = 3;
const LONGEST_REST_OUTSIDE_MS = 8000;
/** A network that forms anew has found all its nodes by then. */
const FORMING_MS = 180_000;
/** So many answers in a row, and one more may fly. */
const ANSWERS_FOR_ONE_MORE = 32;

/** Messages between the concentrator and meters through the module. */
export class Traffic implements TrafficState {
  readonly #out: ModuleOutput;
  readonly #limits: TrafficLimits;
  readonly #queue: FairQueue<Request>;
  readonly #flights: Flights;
  #way: ForwardingWay = 'concurrent';
  #limit: number;
  #answersInRow = 0;
  #armed = false;
  #dueMs = Number.POSITIVE_INFINITY;
  #formingUntilMs = Number.NEGATIVE_INFINITY;
  /** The module does not know an address that it should know. */
  archiveInDoubt = false;
  maxFrame = 2048;
  /** The longest time that the module itself gives a meter; 0 = not known. */
  monitorTimeoutMs = 0;

  constructor(out: ModuleOutput, sequences: Sequences, limits: TrafficLimits) {
    this.#out = out;
    this.#flights = new Flights(out, sequences, limits);
    this.#limits = limits;
    this.#limit = limits.maxConcurrent;
    this.#queue = new FairQueue(limits.queueLimit);
  }

  get way(): ForwardingWay {
    return this.#way;
  }

  set way(way: ForwardingWay) {
    this.#way = way;
  }

  /** Requests that may be on their way at once; the module has a say in it. */
  get concurrency(): number {
    return this.#way === 'single' ? 1 : this.#limit;
  }

  get flying(): number {
    return this.#flights.size;
  }

  get waiting(): number {
    return this.#queue.size;
  }

  accept(command: ForwardCommand, nowMs: number): void {
    const request: Request = {
      id: command.id,
      address: command.address,
      bytes: command.bytes,
      priority: command.priority ?? USUAL_PRIORITY,
      attemptsLeft: Math.max(1, command.attempts ?? 1),
      numbered: command.numbered ?? false,
      restarts: 0,
      rests: 0,
      absences: 0,
      notBeforeMs: nowMs,
    };
    if (!/^[0-9]{12}$/.test(request.address)) {
      this.#fail(request, 'unknown-address', `'${request.address}' is not twelve digits`);
    } else if (request.bytes.length > messageRoom(this.maxFrame)) {
      this.#fail(request, 'too-long', `${request.bytes.length} bytes, the module takes ${this.maxFrame}`);
    } else if (!this.#queue.push(request)) {
      this.#fail(request, 'queue-full', `${this.#queue.size} requests wait already`);
    }
  }

  cancel(id: string): void {
    for (const request of this.#queue.remove((one) => one.id === id)) {
      this.#fail(request, 'cancelled', 'it was waiting');
    }
    for (const flight of this.#flights.all()) {
      if (flight.request.id !== id) continue;
      this.#flights.land(flight, true);
      this.#fail(flight.request, 'cancelled', 'it was on its way');
    }
  }

  /** Sends what may go; afterwards the timer is armed for what comes next. */
  launch(nowMs: number, mayFly: boolean): void {
    let request = mayFly ? this.#nextFlight(nowMs) : undefined;
    while (request !== undefined) {
      this.#send(request, nowMs);
      request = this.#nextFlight(nowMs);
    }
    this.#schedule(nowMs, mayFly);
  }

  #nextFlight(nowMs: number): Request | undefined {
    return this.#flights.size < this.concurrency ? this.#queue.next(nowMs, this.#flights.taken) : undefined;
  }

  #send(request: Request, nowMs: number): void {
    const { forwardTimeoutMs } = this.#limits;
    // One at a time is watched by the module itself, and its time-out is the longer one.
    const single = this.#way === 'single';
    const timeoutMs = single ? Math.max(forwardTimeoutMs, this.monitorTimeoutMs) : forwardTimeoutMs;
    this.#flights.send(request, this.#way, nowMs, timeoutMs);
  }

  /** Whether the frame answers something that flies. */
  receive(frame: UpFrame, nowMs: number): boolean {
    const answered = this.#flights.answeredBy(frame);
    if (answered === undefined) return false;
    const { flight, answer } = answered;
    if (answer === 'garbled') return true;
    const { input, message, code } = answer;
    if (code !== undefined) this.#out.counters.denied++;
    this.#step(flight, input, nowMs, message, code);
    return true;
  }

  /** What is overdue at `nowMs`; says when the last of it was sent. */
  expire(nowMs: number): number | undefined {
    let lastSentMs: number | undefined;
    this.#armed = false;
    for (const flight of this.#flights.all()) {
      if (flight.deadlineMs > nowMs) continue;
      this.#out.counters.timeouts++;
      lastSentMs = Math.max(lastSentMs ?? flight.sentMs, flight.sentMs);
      this.#step(flight, 'timeout', nowMs);
    }
    return lastSentMs;
  }

  /** Nodes find the network from now on. */
  networkForms(nowMs: number): void {
    this.#formingUntilMs = nowMs + FORMING_MS;
  }

  /** The module has restarted: nothing that flies comes back. */
  moduleLost(nowMs: number): void {
    for (const flight of this.#flights.all()) this.#step(flight, 'lost', nowMs);
    this.#limit = this.#limits.maxConcurrent;
  }

  /** Everything fails. */
  stop(): void {
    for (const flight of this.#flights.all()) {
      this.#flights.land(flight, false);
      this.#fail(flight.request, 'module-lost', 'the module is no longer asked');
    }
    for (const request of this.#queue.remove(() => true)) {
      this.#fail(request, 'module-lost', 'the module is no longer asked');
    }
    this.#disarm();
  }

  refuse(command: ForwardCommand): void {
    this.#fail(command, 'module-lost', 'the module is not asked');
  }

  #step(
    flight: Flight,
    input: RequestInput,
    nowMs: number,
    message: Uint8Array = new Uint8Array(),
    code = -1,
  ): void {
    const action = REQUEST_TABLE.flying[input];
    if (action === 'ignore' || action === 'send') return;
    const { request, way } = flight;
    this.#flights.land(flight, input === 'timeout');
    switch (action) {
      case 'deliver':
        this.#answered(request, message);
        return;
      case 'repeat':
        this.#repeat(request, input, code, nowMs);
        return;
      case 'rest-fewer':
        this.#limit = Math.max(1, Math.min(this.#limit, this.#flights.size));
        this.#answersInRow = 0;
        this.#rest(request, 'refused', code, nowMs);
        return;
      case 'rest-unknown':
        if (this.#limits.isKnown(request.address)) {
          this.archiveInDoubt = true;
          this.#rest(request, 'unknown-address', code, nowMs);
        } else {
          this.#fail(request, 'unknown-address', denialText(code));
        }
        return;
      case 'rest-outside':
        this.#restOutside(request, code, nowMs);
        return;
      case 'rest':
        this.#rest(request, 'refused', code, nowMs);
        return;
      case 'other-way':
        this.#otherWay(request, way, code, nowMs);
        return;
      case 'fail':
        this.#fail(request, 'refused', denialText(code));
        return;
      case 'forget':
        return;
    }
  }

  #answered(request: Request, bytes: Uint8Array): void {
    this.#answersInRow++;
    if (this.#answersInRow >= ANSWERS_FOR_ONE_MORE && this.#limit < this.#limits.maxConcurrent) {
      this.#limit++;
      this.#answersInRow = 0;
    }
    this.#out.emit({ type: 'answer', id: request.id, address: request.address, bytes });
  }

  #repeat(request: Request, input: RequestInput, code: number, nowMs: number): void {
    if (input === 'lost' && request.numbered && request.restarts++ < MOST_RESTARTS) request.attemptsLeft++;
    if (request.attemptsLeft > 0) {
      request.notBeforeMs = input === 'absent' ? nowMs + restMs(request.absences++) : nowMs;
      this.#queue.putBack(request);
    } else if (input === 'lost') {
      this.#fail(request, 'module-lost', 'the module has restarted');
    } else if (input === 'timeout') {
      this.#fail(request, 'no-answer', 'nothing came');
    } else {
      this.#fail(request, 'meter-silent', denialText(code < 0 ? DENIAL.meterSilent : code));
    }
  }

  /** It was not sent to the meter, so the attempt does not count. */
  #rest(request: Request, reason: FailureReason, code: number, nowMs: number): void {
    request.attemptsLeft++;
    request.rests++;
    if (request.rests > MOST_RESTS) {
      this.#fail(request, reason, denialText(code));
      return;
    }
    request.notBeforeMs = nowMs + restMs(request.rests - 1);
    this.#queue.putBack(request);
  }

  /** A network that has just lost a meter needs a moment to find it again, and minutes when it forms anew. */
  #restOutside(request: Request, code: number, nowMs: number): void {
    const restsMs = Math.min(restMs(request.absences++), LONGEST_REST_OUTSIDE_MS);
    if (request.absences > MOST_RESTS_OUTSIDE && nowMs + restsMs > this.#formingUntilMs) {
      this.#fail(request, 'not-in-network', denialText(code));
      return;
    }
    request.attemptsLeft++;
    request.notBeforeMs = nowMs + restsMs;
    this.#queue.putBack(request);
  }

  #otherWay(request: Request, way: ForwardingWay, code: number, nowMs: number): void {
    if (way === 'single') {
      this.#fail(request, 'unsupported', denialText(code));
      return;
    }
    this.#way = 'single';
    this.#rest(request, 'unsupported', code, nowMs);
    request.notBeforeMs = nowMs;
  }

  #fail({ id, address }: { id: string; address: string }, reason: FailureReason, detail: string): void {
    this.#out.emit({ type: 'failed', id, address, reason, error: forwardingError(address, reason, detail) });
  }

  #schedule(nowMs: number, mayFly: boolean): void {
    let dueMs = this.#flights.deadlineMs;
    if (mayFly && this.#flights.size < this.concurrency) {
      dueMs = Math.min(dueMs, this.#queue.nextTimeMs(this.#flights.taken) ?? dueMs);
    }
    if (dueMs === this.#dueMs && this.#armed) return;
    this.#disarm();
    this.#dueMs = dueMs;
    if (dueMs === Number.POSITIVE_INFINITY) return;
    this.#armed = true;
    this.#out.arm(TRAFFIC_TIMER, dueMs - nowMs);
  }

  #disarm(): void {
    if (this.#armed) this.#out.disarm(TRAFFIC_TIMER);
    this.#armed = false;
  }
}

/** Twice as long each time. */
function restMs(times: number): number {
  return Math.min(FIRST_REST_MS * 2 ** times, LONGEST_REST_MS);
}
