import type { DcuError } from '../../base/errors.ts';
import type { Input } from '../../base/machine.ts';
import { createHdlcDeframer } from '../../kernels/index.ts';
import type { HdlcDeframer, HdlcFrame } from '../../kernels/types.ts';
import { HdlcConnection, type Line } from './connection.ts';
import { MAX_FRAME_LENGTH } from './frame.ts';
import type { HdlcLinkConfig, LinkCommand, LinkCounters } from './link.ts';
import { type CountingLink, type LinkEffect, newLinkCounters, OCTET_TIMER } from './peer.ts';
import type { Station } from './station.ts';
import type { LinkState } from './transitions.ts';

/** Frames out of the bytes of one line, whoever they are for. */
export abstract class HdlcLine implements CountingLink, Line {
  readonly counters: LinkCounters = newLinkCounters();
  nowMs = 0;
  readonly effects: LinkEffect[] = [];
  readonly #interOctetTimeoutMs: number;
  readonly #deframer: HdlcDeframer = createHdlcDeframer({ maxFrameLength: MAX_FRAME_LENGTH });
  #octetArmed = false;

  constructor({ interOctetTimeoutMs }: HdlcLinkConfig) {
    this.#interOctetTimeoutMs = interOctetTimeoutMs;
  }

  get pending(): number {
    return this.#deframer.pending;
  }

  step(input: Input<LinkCommand>, nowMs: number): LinkEffect[] {
    this.nowMs = nowMs;
    switch (input.on) {
      case 'bytes':
        this.counters.bytesReceived += input.bytes.length;
        this.#scanned(this.#deframer.push(input.bytes));
        break;
      case 'command':
        if (input.command.type === 'connect') this.#deframer.reset();
        this.command(input.command);
        break;
      case 'timer':
        this.#timer(input.timer);
        break;
      case 'closed':
        this.#deframer.reset();
        if (this.#octetArmed) this.effects.push({ do: 'disarm', timer: OCTET_TIMER });
        this.#octetArmed = false;
        this.closed(input.reason);
        break;
    }
    return this.effects.splice(0);
  }

  #timer(timer: string): void {
    if (timer !== OCTET_TIMER) {
      this.timer(timer);
      return;
    }
    this.#octetArmed = false;
    this.#scanned(this.#deframer.giveUp());
  }

  #scanned(frames: readonly HdlcFrame[]): void {
    for (const frame of frames) {
      this.counters.framesReceived++;
      this.frame(frame);
    }
    this.counters.rejectedHeaders = this.#deframer.counters.rejectedHeaders;
    this.counters.badFcs = this.#deframer.counters.badFcs;
    const waiting = this.#deframer.pending > 0;
    const delayMs = this.#interOctetTimeoutMs;
    if (waiting) this.effects.push({ do: 'arm', timer: OCTET_TIMER, delayMs });
    else if (this.#octetArmed) this.effects.push({ do: 'disarm', timer: OCTET_TIMER });
    this.#octetArmed = waiting;
  }

  protected abstract frame(frame: HdlcFrame): void;
  protected abstract command(command: LinkCommand): void;
  protected abstract timer(timer: string): void;
  protected abstract closed(reason: DcuError | undefined): void;
}

/**
 * One side of one HDLC connection in normal response mode with two-way alternate transmission (IEC 62056-46): the
 * client polls, the server answers, whoever got a frame with P/F = 1 has the turn. What was not acknowledged is sent
 * again from V(A) on at the next turn, so a lost frame costs one turn or one response time-out.
 */
export class HdlcLink extends HdlcLine {
  readonly #connection: HdlcConnection;

  /** Throws `invalid-field` for a size or window that HDLC does not have. */
  constructor(config: HdlcLinkConfig, station: Station) {
    super(config);
    this.#connection = new HdlcConnection(config, station, this);
  }

  get state(): LinkState {
    return this.#connection.state;
  }

  protected frame(frame: HdlcFrame): void {
    this.#connection.frame(frame);
  }

  protected command(command: LinkCommand): void {
    this.#connection.command(command);
  }

  protected timer(timer: string): void {
    this.#connection.timer(timer);
  }

  protected closed(reason: DcuError | undefined): void {
    this.#connection.closed(reason);
  }
}
