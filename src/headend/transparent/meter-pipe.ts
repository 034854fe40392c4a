import type { Clock } from '../../base/clock.ts';
import { DcuError, toDcuError } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { Meter } from '../../base/model.ts';
import { TAG } from '../../dlms/apdu/tags.ts';
import type { LinkConfig } from '../../dlms/link/link.ts';
import { ApduPipe, answerDue } from '../../meters/apdu-pipe.ts';
import { Pause } from '../../meters/line-pause.ts';
import type { VisitedLine, VisitKind, VisitLine } from '../../meters/line-visit.ts';
import type { LineShares } from './line-shares.ts';
import { endsOf, type HesPorts, type MeterRequest, samePorts } from './meter-request.ts';

/** A line with many meters is let go when the head-end has been silent for so long. */
export const SHARED_IDLE_MS = 10_000;
/** Where a meter has a line to itself. */
export const OWN_IDLE_MS = 30_000;
/** Wherever other work waits. */
export const WANTED_IDLE_MS = 3_000;
/** A request that has not got the line by then stays without an answer of the meter. */
export const LINE_WAIT_MS = 60_000;
/** Requests that wait for the answer to an earlier one. */
const MOST_WAITING = 4;
const MOST_AGAIN = 1;

const KIND: VisitKind = { type: 'transparent', priority: 0 };

/** The head-end's side of a pipe. */
export interface PipeUser {
  /** What the meter said, asked or not, to the client that the link was opened for. */
  deliver(meter: Meter, apdu: Uint8Array, ports: HesPorts): void;
  /** A request that an answer was due to, and that will have none. */
  unanswered(meter: Meter, request: MeterRequest, error: DcuError): void;
}

export interface MeterPipeOptions {
  readonly meter: Meter;
  readonly visit: VisitLine;
  readonly shares: LineShares;
  /** The line that leads to the meter, once known. */
  readonly line: { get(): string | undefined; set(line: string): void };
  readonly clock: Clock;
  readonly log: Log;
  /** It holds nothing any more; the next request needs a pipe anew. */
  readonly onDone: () => void;
}

/**
 * One head-end at one meter: APDUs go to the meter one at a time, and back, as they are. The line is taken with the
 * first request, ahead of scheduled reading, and let go when the head-end releases its association, falls silent or goes,
 * or has kept others waiting for too long.
 */
export class MeterPipe {
  readonly #options: MeterPipeOptions;
  readonly #user: PipeUser;
  readonly #queue: MeterRequest[] = [];
  readonly #pause: Pause;
  /** Ends the wait for the line. */
  readonly #gone = new AbortController();
  #state: 'waiting' | 'opening' | 'open' = 'waiting';
  #current: MeterRequest | undefined;
  #released = false;
  #closed = false;
  /** Openings anew that are left without an answer of the meter in between. */
  #again = MOST_AGAIN;
  readonly #running: Promise<void>;

  constructor(first: MeterRequest, user: PipeUser, options: MeterPipeOptions) {
    this.#options = options;
    this.#user = user;
    this.#pause = new Pause(options.clock);
    this.#queue.push(first);
    this.#running = this.#run();
  }

  send(request: MeterRequest): void {
    if (this.#queue.length >= MOST_WAITING) {
      this.#refuse(request, new DcuError('overflow', 'the meter has not answered the requests before'));
      return;
    }
    this.#queue.push(request);
    this.#pause.wake();
  }

  /** The head-end is gone: what the meter is busy with is waited for, so that its line is left clean. */
  close(): Promise<void> {
    this.#closed = true;
    this.#queue.splice(0);
    if (this.#state === 'waiting') this.#gone.abort(new DcuError('cancelled', 'the head-end has gone'));
    this.#pause.wake();
    return this.#running;
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      try {
        await this.#visit();
      } catch (thrown) {
        const error = toDcuError(thrown);
        const { meter, log } = this.#options;
        log.debug('a pipe to a meter ended', { meter: meter.meterNo, ...error.toJSON() });
        // Nothing was under way, or a port went away while nobody used it: that says nothing of the request.
        const betweenTwo = this.#state === 'open' && this.#current === undefined;
        const unused = this.#state === 'opening' && error.code === 'channel-lost';
        if (!(betweenTwo || unused) || this.#again-- <= 0) this.#fail(error);
      }
      this.#state = 'waiting';
    }
    this.#options.onDone();
  }

  async #visit(): Promise<void> {
    const { meter, visit, shares, line, clock } = this.#options;
    const late = new AbortController();
    const cancel = clock.after(LINE_WAIT_MS, () => {
      if (this.#state !== 'waiting') return;
      late.abort(new DcuError('link-timeout', `the line to meter ${meter.meterNo} was not free in time`));
      this.#pause.wake();
    });
    const signal = AbortSignal.any([late.signal, this.#gone.signal]);
    try {
      const dueMs = clock.monotonicMs() + shares.restMs(line.get() ?? '');
      for (let nowMs = clock.monotonicMs(); nowMs < dueMs; nowMs = clock.monotonicMs()) {
        signal.throwIfAborted();
        await this.#pause.wait(dueMs - nowMs);
      }
      await visit(meter, 'head-end', signal, (stay) => this.#stay(stay), KIND);
    } finally {
      cancel();
    }
  }

  async #stay(stay: VisitedLine): Promise<'more' | 'done'> {
    const { shares, line } = this.#options;
    line.set(stay.name);
    const [first] = this.#queue;
    if (first === undefined || !shares.begin(stay.name, stay.isWanted())) return 'done';
    const { ports } = first;
    this.#state = 'opening';
    this.#released = false;
    const pipe = await ApduPipe.open(stay.channel, this.#linkOf(stay, ports), this.#options.clock, {
      signal: stay.signal,
      count: stay.count,
      onApdu: (apdu) => this.#heard(apdu, ports),
    });
    this.#state = 'open';
    try {
      const outcome = await this.#talk(stay, pipe, ports);
      this.#state = 'waiting';
      return outcome;
    } finally {
      await pipe.close();
      shares.end(stay.name);
    }
  }

  #linkOf({ linkFor }: VisitedLine, ports: HesPorts): LinkConfig {
    const link = linkFor(endsOf(this.#options.meter, ports));
    // How long an APDU may be, the ends have agreed on.
    return link.framing === 'wrapper' ? { ...link, maxApdu: 0xffff } : link;
  }

  /** `more`: the link is opened anew for what waits. */
  async #talk(stay: VisitedLine, pipe: ApduPipe, ports: HesPorts): Promise<'more' | 'done'> {
    const { maxPdu = 0xffff } = stay.settings;
    for (;;) {
      if (pipe.ended !== undefined) throw pipe.ended;
      const [next] = this.#queue;
      if (this.#closed) return 'done';
      if (next === undefined) {
        if (this.#released || !(await this.#isTalking(stay, pipe))) return 'done';
        continue;
      }
      if (this.#released || !samePorts(next.ports, ports)) return 'more';
      if (!this.#options.shares.mayGoOn(stay.name, stay.isWanted())) return 'done';
      this.#queue.shift();
      if (next.apdu.length > maxPdu) {
        const what = `an APDU of ${next.apdu.length} bytes; the way to the meter carries ${maxPdu}`;
        this.#refuse(next, new DcuError('apdu-too-long', what));
        continue;
      }
      this.#current = next;
      await pipe.exchange(next.apdu);
      this.#current = undefined;
      this.#again = MOST_AGAIN;
    }
  }

  /** Waits for the next request. False when the head-end has been silent for too long. */
  async #isTalking(stay: VisitedLine, pipe: ApduPipe): Promise<boolean> {
    const { clock } = this.#options;
    const limitMs = stay.shared ? SHARED_IDLE_MS : OWN_IDLE_MS;
    const sinceMs = clock.monotonicMs();
    while (this.#queue.length === 0 && !this.#closed && pipe.ended === undefined) {
      const idleMs = clock.monotonicMs() - sinceMs;
      if (idleMs >= limitMs || (idleMs >= WANTED_IDLE_MS && stay.isWanted())) return false;
      await this.#pause.wait(Math.min(limitMs - idleMs, WANTED_IDLE_MS));
    }
    return true;
  }

  #heard(apdu: Uint8Array, ports: HesPorts): void {
    if (apdu[0] === TAG.rlre) this.#released = true;
    if (!this.#closed) this.#user.deliver(this.#options.meter, apdu, ports);
  }

  #fail(error: DcuError): void {
    const current = this.#current;
    this.#current = undefined;
    for (const request of [...(current === undefined ? [] : [current]), ...this.#queue.splice(0)]) {
      this.#refuse(request, error);
    }
  }

  #refuse(request: MeterRequest, error: DcuError): void {
    if (!this.#closed && answerDue(request.apdu) !== 'no')
      this.#user.unanswered(this.#options.meter, request, error);
  }
}
