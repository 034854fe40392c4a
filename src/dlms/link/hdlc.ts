import { concat } from '../../base/bytes.ts';
import { DcuError, toDcuError } from '../../base/errors.ts';
import type { Input } from '../../base/machine.ts';
import { createHdlcDeframer } from '../../kernels/index.ts';
import type { HdlcDeframer, HdlcFrame } from '../../kernels/types.ts';
import type { HdlcAddress } from './address.ts';
import {
  type Control,
  decodeControl,
  encodeFrame,
  informationControl,
  MAX_FRAME_LENGTH,
  supervisoryControl,
  type UnnumberedKind,
  unnumberedControl,
} from './frame.ts';
import type {
  HdlcLinkConfig,
  LinkCommand,
  LinkCounters,
  LinkEvent,
  LinkMachine,
  LinkParameters,
} from './link.ts';
import {
  agree,
  DEFAULT_PARAMETERS,
  decodeParameters,
  encodeAllParameters,
  encodeParameters,
} from './parameters.ts';
import {
  IDLE_TIMER,
  isUnsolicited,
  type LinkEffect,
  newLinkCounters,
  OCTET_TIMER,
  POLL_TIMER,
  RESPONSE_TIMER,
} from './peer.ts';
import type { Station } from './station.ts';
import { cut, ReceiveWindow, SendWindow } from './transfer.ts';
import { FRAME_ROLES, type LinkAction, type LinkInput, type LinkState, TRANSITIONS } from './transitions.ts';

/** LLC header by role: destination LSAP, source LSAP, quality (IEC 62056-46). */
const LLC = {
  client: Uint8Array.of(0xe6, 0xe6, 0x00),
  server: Uint8Array.of(0xe6, 0xe7, 0x00),
} as const;
/** After so many unanswered SNRM a DISC goes out first: some servers keep silent to an SNRM on a link they hold. */
const CLEAR_AT_ATTEMPT = 2;
/** Pause before polling a peer that has nothing to send yet; doubles up to the second value. */
const FIRST_POLL_MS = 10;
const LONGEST_POLL_MS = 500;

/**
 * HDLC in normal response mode with two-way alternate transmission (IEC 62056-46): the client polls, the server
 * answers, whoever got a frame with P/F = 1 has the turn. What was not acknowledged is sent again from V(A) on at
 * the next turn, so a lost frame costs one turn or one response time-out.
 */
export class HdlcLink implements LinkMachine {
  readonly counters: LinkCounters = newLinkCounters();
  readonly #config: HdlcLinkConfig;
  readonly #limits: LinkParameters;
  readonly #station: Station;
  readonly #deframer: HdlcDeframer = createHdlcDeframer({ maxFrameLength: MAX_FRAME_LENGTH });
  #state: LinkState = 'disconnected';
  #parameters: LinkParameters;
  #sending = new SendWindow();
  #receiving = new ReceiveWindow();
  #apartReceiving = new ReceiveWindow();
  #apartQueue: Uint8Array[] = [];
  /** Client: an APDU was sent whose answer has not come. */
  #awaiting = false;
  /** The peer said RNR: it gets no information until it says otherwise. */
  #peerBusy = false;
  /** Tries without progress. */
  #attempts = 0;
  #polls = 0;
  /** Client: when a peer that answers but never delivers is given up. */
  #deadlineMs = 0;
  #octetArmed = false;
  #heldAtTimeout = 0;
  #nowMs = 0;
  #effects: LinkEffect[] = [];

  constructor(config: HdlcLinkConfig, station: Station) {
    this.#config = config;
    this.#station = station;
    const { maxInfoTransmit, maxInfoReceive, windowTransmit, windowReceive } = config;
    this.#limits = { maxInfoTransmit, maxInfoReceive, windowTransmit, windowReceive };
    this.#parameters = agree(this.#limits, DEFAULT_PARAMETERS);
  }

  get state(): LinkState {
    return this.#state;
  }

  step(input: Input<LinkCommand>, nowMs: number): LinkEffect[] {
    this.#effects = [];
    this.#nowMs = nowMs;
    switch (input.on) {
      case 'bytes':
        this.counters.bytesReceived += input.bytes.length;
        this.#scanned(this.#deframer.push(input.bytes));
        break;
      case 'command':
        this.#command(input.command);
        break;
      case 'timer':
        this.#timer(input.timer);
        break;
      case 'closed':
        this.#deframer.reset();
        if (this.#action('closed') === 'lost')
          this.#fail(input.reason ?? new DcuError('link-closed', 'the line was closed'));
        else if (this.#action('closed') === 'ended') this.#end();
        break;
    }
    return this.#effects;
  }

  #action(input: LinkInput): LinkAction {
    return TRANSITIONS[this.#state][input];
  }

  // Commands

  #command(command: LinkCommand): void {
    const action = this.#action(command.type);
    const apdu = 'apdu' in command ? command.apdu : new Uint8Array(0);
    switch (action) {
      case 'open':
        this.#open();
        return;
      case 'send':
      case 'queue':
        this.#send(apdu, action === 'send');
        return;
      case 'send-apart':
      case 'queue-apart':
        this.#apartQueue.push(...this.#apartFrames(apdu));
        if (action === 'send-apart') this.#flushApart();
        return;
      case 'no-link':
        this.#emit({
          type: 'disconnected',
          error: new DcuError('link-closed', 'APDU given to a link that is not connected'),
        });
        return;
      case 'close':
        this.#close();
        return;
      case 'ended':
        this.#end();
        return;
      default:
        return;
    }
  }

  #open(): void {
    if (this.#station.role === 'server') return;
    this.#deframer.reset();
    this.#attempts = 0;
    this.#sendSnrm();
  }

  #sendSnrm(): void {
    this.#state = 'connecting';
    this.#transmitUnnumbered('snrm', true, encodeParameters(this.#limits));
    this.#arm(RESPONSE_TIMER, this.#config.responseTimeoutMs);
  }

  #sendDisc(state: 'clearing' | 'disconnecting'): void {
    this.#state = state;
    this.#transmitUnnumbered('disc', true);
    this.#arm(RESPONSE_TIMER, this.#config.responseTimeoutMs);
  }

  #send(apdu: Uint8Array, now: boolean): void {
    this.#sending.add(cut(concat([LLC[this.#station.role], apdu]), this.#parameters.maxInfoTransmit));
    if (this.#station.role === 'client') this.#awaiting = true;
    if (!now) return;
    this.#disarm(POLL_TIMER);
    this.#progress();
    this.#burst();
  }

  #apartFrames(apdu: Uint8Array): Uint8Array[] {
    const segments = cut(concat([LLC[this.#station.role], apdu]), this.#parameters.maxInfoTransmit);
    return segments.map(({ info, more }) =>
      encodeFrame({ ...this.#addresses(), control: unnumberedControl('ui', false), segmented: more, info }),
    );
  }

  #flushApart(): void {
    for (const frame of this.#apartQueue.splice(0)) this.#transmit(frame);
  }

  #close(): void {
    // A server in normal response mode cannot say DISC; the client learns it from the DM to its next frame.
    if (this.#station.role === 'server') {
      this.#end();
      return;
    }
    this.#disarm(POLL_TIMER);
    this.#attempts = 0;
    this.#sendDisc('disconnecting');
  }

  // Timers

  #timer(timer: string): void {
    if (timer === OCTET_TIMER) {
      this.#octetArmed = false;
      this.#scanned(this.#deframer.giveUp());
      return;
    }
    if (timer !== RESPONSE_TIMER && timer !== POLL_TIMER && timer !== IDLE_TIMER) return;
    const action = this.#action(timer);
    switch (action) {
      case 'retry-open':
      case 'retry':
      case 'retry-close':
        this.#silence(action);
        return;
      case 'poll':
        this.#burst();
        return;
      case 'expire':
        this.counters.timeouts++;
        this.#fail(new DcuError('link-timeout', `no frame for ${this.#config.responseTimeoutMs} ms`));
        return;
      default:
        return;
    }
  }

  #silence(action: 'retry-open' | 'retry' | 'retry-close'): void {
    // A long frame on a slow line may still be coming in; it can only put this off while it grows.
    const held = this.#deframer.pending;
    if (held > this.#heldAtTimeout) {
      this.#heldAtTimeout = held;
      this.#arm(RESPONSE_TIMER, this.#config.interOctetTimeoutMs);
      return;
    }
    this.counters.timeouts++;
    if (!this.#tryAgain('no answer')) return;
    if (action === 'retry') this.#burst();
    else if (action === 'retry-close') this.#sendDisc('disconnecting');
    else if (this.#attempts === CLEAR_AT_ATTEMPT) this.#sendDisc('clearing');
    else this.#sendSnrm();
  }

  /** Counts a try without progress; false when that was one too many and the link has failed. */
  #tryAgain(what: string): boolean {
    this.#attempts++;
    if (this.#attempts <= this.#config.retries) return true;
    const { responseTimeoutMs, retries } = this.#config;
    this.#fail(
      new DcuError('link-timeout', `${what} of ${this.#station.describe()}`, {
        facts: { responseTimeoutMs, retries },
      }),
    );
    return false;
  }

  #progress(): void {
    this.#attempts = 0;
    this.#polls = 0;
    this.#deadlineMs = this.#nowMs + this.#config.responseTimeoutMs * (this.#config.retries + 1);
  }

  // Frames

  #scanned(frames: readonly HdlcFrame[]): void {
    for (const frame of frames) this.#frame(frame);
    this.counters.rejectedHeaders = this.#deframer.counters.rejectedHeaders;
    this.counters.badFcs = this.#deframer.counters.badFcs;
    const waiting = this.#deframer.pending > 0;
    if (waiting) this.#arm(OCTET_TIMER, this.#config.interOctetTimeoutMs);
    else if (this.#octetArmed) this.#disarm(OCTET_TIMER);
    this.#octetArmed = waiting;
  }

  #frame(frame: HdlcFrame): void {
    this.counters.framesReceived++;
    this.#heldAtTimeout = 0;
    const control = decodeControl(frame.control);
    const onlyRole = FRAME_ROLES[control.kind];
    const admitted =
      (onlyRole === undefined || onlyRole === this.#station.role) &&
      this.#station.admits(frame, control.kind, this.#state !== 'disconnected');
    const action = admitted ? this.#action(control.kind) : 'ignore';
    if (action === 'ignore') {
      this.counters.ignoredFrames++;
      return;
    }
    if (this.#station.role === 'server' && this.#connected())
      this.#arm(IDLE_TIMER, this.#config.responseTimeoutMs);
    this.#react(action, frame, control);
  }

  #react(action: LinkAction, frame: HdlcFrame, control: Control): void {
    switch (action) {
      case 'opened':
        this.#opened(frame);
        return;
      case 'reopen':
        this.#sendSnrm();
        return;
      case 'refused':
        this.#fail(new DcuError('link-refused', `${this.#station.describe()} answered SNRM with DM`));
        return;
      case 'accept':
        this.#accept(frame);
        return;
      case 'refuse':
        this.#refuse(frame, control.pf);
        return;
      case 'ended':
        this.#end();
        return;
      case 'closed-by-peer':
        this.#transmitUnnumbered('ua', true);
        this.#end();
        return;
      case 'dropped':
        this.#fail(new DcuError('link-closed', `${this.#station.describe()} is not connected any more (DM)`));
        return;
      case 'rejected':
        this.#fail(
          new DcuError(
            'frame-rejected',
            `${this.#station.describe()} answered with FRMR ${frame.info.toHex()}`,
          ),
        );
        return;
      case 'reject':
        this.#reject(frame.control);
        return;
      case 'information':
        this.#information(frame, control);
        return;
      case 'supervisory':
        this.#supervisory(control);
        return;
      case 'apart':
        this.#apart(frame);
        return;
      default:
        this.counters.ignoredFrames++;
    }
  }

  #connected(): boolean {
    return this.#state === 'holding' || this.#state === 'yielded';
  }

  #opened(frame: HdlcFrame): void {
    const theirs = this.#theirs(frame.info);
    if (theirs === undefined) return;
    this.#disarm(RESPONSE_TIMER);
    this.#begin(theirs, 'holding');
    this.#flushApart();
  }

  #accept(frame: HdlcFrame): void {
    const theirs = this.#theirs(frame.info);
    if (theirs === undefined) return;
    this.#station.meet(frame);
    const parameters = agree(this.#limits, theirs);
    this.#transmitUnnumbered('ua', true, encodeAllParameters(parameters));
    this.#arm(IDLE_TIMER, this.#config.responseTimeoutMs);
    this.#begin(theirs, 'yielded');
  }

  /** Malformed parameters make the frame one to ignore; the retry or the response time-out deals with it. */
  #theirs(info: Uint8Array): LinkParameters | undefined {
    try {
      return decodeParameters(info);
    } catch (error) {
      if (!(error instanceof DcuError)) throw error;
      this.counters.ignoredFrames++;
      return undefined;
    }
  }

  #begin(theirs: LinkParameters, state: 'holding' | 'yielded'): void {
    this.#parameters = agree(this.#limits, theirs);
    this.#state = state;
    this.#forget();
    this.#progress();
    this.#emit({ type: 'connected', parameters: this.#parameters, peer: this.#station.peer });
  }

  #refuse(frame: HdlcFrame, poll: boolean): void {
    this.counters.ignoredFrames++;
    if (this.#station.role === 'client' || !poll) return;
    const { source, destination } = this.#station.answerTo(frame);
    this.#transmit(encodeFrame({ source, destination, control: unnumberedControl('dm', true) }));
  }

  /** FRMR with the rejected control, V(S) and V(R), and W: control field undefined (ISO/IEC 13239, modulo 8). */
  #reject(control: number): void {
    this.counters.ignoredFrames++;
    if (this.#station.role === 'client') return;
    this.#transmitUnnumbered(
      'frmr',
      true,
      Uint8Array.of(control, (this.#receiving.nr << 5) | (this.#sending.ns << 1), 0x01),
    );
  }

  #information(frame: HdlcFrame, control: Control): void {
    if (control.kind !== 'i') return;
    const acknowledged = this.#sending.acknowledge(control.nr);
    if (acknowledged === undefined) {
      this.counters.ignoredFrames++;
      return;
    }
    const arrival = this.#receiving.arrival(control.ns, this.#parameters.windowReceive);
    this.#peerBusy = false;
    const progress = acknowledged > 0 || arrival === 'expected';
    let apdu: Uint8Array | undefined;
    if (arrival !== 'expected') this.counters.ignoredFrames++;
    else {
      try {
        apdu = wholeApdu(this.#receiving.take({ info: frame.info, more: frame.segmented }));
      } catch (error) {
        this.#fail(toDcuError(error));
        return;
      }
    }
    if (progress) this.#progress();
    if (this.#station.role === 'server') this.#serverTurn(control.pf, apdu !== undefined);
    else this.#clientTurn(control.pf, apdu, progress, arrival === 'repeated');
    if (apdu !== undefined) this.#deliver(apdu, false);
  }

  #supervisory(control: Control): void {
    if (control.kind !== 'rr' && control.kind !== 'rnr' && control.kind !== 'rej') return;
    const acknowledged = this.#sending.acknowledge(control.nr);
    if (acknowledged === undefined) {
      this.counters.ignoredFrames++;
      return;
    }
    if (acknowledged > 0) this.#progress();
    this.#peerBusy = control.kind === 'rnr';
    if (this.#station.role === 'server') {
      if (control.pf) this.#burst();
      return;
    }
    if (this.#state !== 'yielded' || !control.pf) return;
    this.#disarm(RESPONSE_TIMER);
    if (this.#peerBusy || this.#sending.empty) {
      this.#pollLater();
      return;
    }
    if (acknowledged > 0 || !this.#sending.begun || this.#tryAgain('no acknowledgement')) this.#burst();
  }

  /** A whole APDU leaves the turn here, for its answer; anything else is answered at once. */
  #serverTurn(poll: boolean, whole: boolean): void {
    if (!poll) return;
    if (whole && this.#sending.empty) this.#state = 'holding';
    else this.#burst();
  }

  #clientTurn(final: boolean, apdu: Uint8Array | undefined, progress: boolean, repeated: boolean): void {
    const answered = apdu !== undefined && this.#awaiting && !isUnsolicited(apdu);
    if (answered) {
      this.#awaiting = false;
      this.#disarm(POLL_TIMER);
    }
    if (this.#state !== 'yielded') return;
    // An answer that came whole gives the turn back even where the peer forgets the final bit.
    if (!final && !answered) {
      if (progress) this.#arm(RESPONSE_TIMER, this.#config.responseTimeoutMs);
      return;
    }
    // A repeated frame answers an earlier poll: the answer to the last one is still to come.
    if (repeated && !progress) return;
    this.#disarm(RESPONSE_TIMER);
    if (!progress && !this.#tryAgain('no frame in sequence')) return;
    if (!this.#sending.empty || this.#awaiting || this.#receiving.partial) this.#burst();
    else this.#state = 'holding';
  }

  /** The peer is alive and has nothing for us yet. */
  #pollLater(): void {
    this.#state = 'holding';
    if (this.#sending.empty && !this.#awaiting && !this.#receiving.partial) return;
    if (this.#nowMs >= this.#deadlineMs) {
      this.counters.timeouts++;
      this.#fail(new DcuError('link-timeout', `${this.#station.describe()} only says that it is there`));
      return;
    }
    const delayMs = Math.min(FIRST_POLL_MS * 2 ** this.#polls, LONGEST_POLL_MS);
    this.#polls++;
    this.#arm(POLL_TIMER, delayMs);
  }

  /** Transmits what the turn allows, P/F = 1 on the last frame, and yields. A busy peer gets no information. */
  #burst(): void {
    this.#flushApart();
    const { frames, again } = this.#sending.burst(this.#peerBusy ? 0 : this.#parameters.windowTransmit);
    this.counters.retransmissions += again;
    const addresses = this.#addresses();
    frames.forEach(({ ns, segment }, i) => {
      const control = informationControl(ns, this.#receiving.nr, i === frames.length - 1);
      this.#transmit(encodeFrame({ ...addresses, control, segmented: segment.more, info: segment.info }));
    });
    if (frames.length === 0) {
      this.#transmit(
        encodeFrame({ ...addresses, control: supervisoryControl('rr', this.#receiving.nr, true) }),
      );
    }
    this.#state = 'yielded';
    if (this.#station.role === 'client') this.#arm(RESPONSE_TIMER, this.#config.responseTimeoutMs);
  }

  #apart(frame: HdlcFrame): void {
    try {
      // Unnumbered segments may be lost unnoticed: LLC bytes show that another APDU begins.
      if (beginsWithLlc(frame.info)) this.#apartReceiving.forget();
      const apdu = wholeApdu(this.#apartReceiving.join({ info: frame.info, more: frame.segmented }));
      if (apdu !== undefined) this.#deliver(apdu, true);
    } catch (error) {
      if (!(error instanceof DcuError)) throw error;
      this.counters.ignoredFrames++;
    }
  }

  #deliver(apdu: Uint8Array, unconfirmed: boolean): void {
    this.#emit({ type: 'apdu', apdu, peer: this.#station.peer, unconfirmed });
  }

  // Output

  #addresses(): { readonly destination: HdlcAddress; readonly source: HdlcAddress } {
    return { destination: this.#station.remote, source: this.#station.local };
  }

  #transmitUnnumbered(kind: UnnumberedKind, pf: boolean, info?: Uint8Array): void {
    const control = unnumberedControl(kind, pf);
    this.#transmit(encodeFrame({ ...this.#addresses(), control, ...(info === undefined ? {} : { info }) }));
  }

  #transmit(bytes: Uint8Array): void {
    this.counters.bytesSent += bytes.length;
    this.counters.framesSent++;
    this.#effects.push({ do: 'send', bytes });
  }

  #emit(event: LinkEvent): void {
    this.#effects.push({ do: 'emit', event });
  }

  #arm(timer: string, delayMs: number): void {
    this.#effects.push({ do: 'arm', timer, delayMs });
  }

  #disarm(timer: string): void {
    this.#effects.push({ do: 'disarm', timer });
  }

  #fail(error: DcuError): void {
    this.#end(error);
  }

  #forget(): void {
    this.#sending = new SendWindow();
    this.#receiving = new ReceiveWindow();
    this.#awaiting = false;
    this.#peerBusy = false;
    this.#heldAtTimeout = 0;
  }

  #end(error?: DcuError): void {
    this.#state = 'disconnected';
    this.#forget();
    this.#apartQueue = [];
    this.#parameters = agree(this.#limits, DEFAULT_PARAMETERS);
    for (const timer of [RESPONSE_TIMER, POLL_TIMER, IDLE_TIMER]) this.#disarm(timer);
    this.#emit({ type: 'disconnected', ...(error === undefined ? {} : { error }) });
  }
}

/** Some peers leave the LLC bytes out, or use those of the other direction. */
function beginsWithLlc(information: Uint8Array): boolean {
  const [first, second, quality] = information;
  return first === 0xe6 && (second === 0xe6 || second === 0xe7) && quality === 0x00;
}

/** A copy without LLC bytes; undefined when nothing is left. */
function wholeApdu(information: Uint8Array | undefined): Uint8Array | undefined {
  if (information === undefined) return undefined;
  const apdu = information.slice(beginsWithLlc(information) ? LLC.client.length : 0);
  return apdu.length > 0 ? apdu : undefined;
}
