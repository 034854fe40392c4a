import { DcuError } from '../../base/errors.ts';
import type { Input } from '../../base/machine.ts';
import { createHdlcDeframer } from '../../kernels/index.ts';
import type { HdlcDeframer, HdlcFrame } from '../../kernels/types.ts';
import { Exchange, type ExchangeHost } from './exchange.ts';
import { type Control, decodeControl, encodeFrame, MAX_FRAME_LENGTH, unnumberedControl } from './frame.ts';
import type { HdlcLinkConfig, LinkCommand, LinkCounters, LinkMachine, LinkParameters } from './link.ts';
import { LinkOutput } from './output.ts';
import {
  agree,
  DEFAULT_PARAMETERS,
  decodeParameters,
  encodeAllParameters,
  encodeParameters,
  limitsOf,
} from './parameters.ts';
import {
  IDLE_TIMER,
  type LinkEffect,
  newLinkCounters,
  OCTET_TIMER,
  POLL_TIMER,
  RESPONSE_TIMER,
} from './peer.ts';
import type { Station } from './station.ts';
import { INPUT_ROLES, type LinkAction, type LinkInput, type LinkState, TRANSITIONS } from './transitions.ts';

/** After so many unanswered SNRM a DISC goes out first: some servers keep silent to an SNRM on a link they hold. */
const CLEAR_AT_ATTEMPT = 2;
/** FRMR, third byte: the rejected control field is undefined (ISO/IEC 13239, modulo 8; clause not checked). */
const CONTROL_UNDEFINED = 0x01;

/**
 * HDLC in normal response mode with two-way alternate transmission (IEC 62056-46): the client polls, the server
 * answers, whoever got a frame with P/F = 1 has the turn. What was not acknowledged is sent again from V(A) on at
 * the next turn, so a lost frame costs one turn or one response time-out.
 */
export class HdlcLink implements LinkMachine, ExchangeHost {
  readonly counters: LinkCounters = newLinkCounters();
  nowMs = 0;
  parameters: LinkParameters;
  readonly #config: HdlcLinkConfig;
  readonly #limits: LinkParameters;
  readonly #station: Station;
  readonly #output: LinkOutput;
  readonly #exchange: Exchange;
  readonly #deframer: HdlcDeframer = createHdlcDeframer({ maxFrameLength: MAX_FRAME_LENGTH });
  #state: LinkState = 'disconnected';
  #octetArmed = false;
  /** Bytes of an unfinished frame when the response time-out was last put off for it. */
  #heldAtTimeout = 0;

  /** Throws `invalid-field` for a size or window that HDLC does not have. */
  constructor(config: HdlcLinkConfig, station: Station) {
    this.#config = config;
    this.#station = station;
    this.#limits = limitsOf(config);
    this.parameters = agree(this.#limits, DEFAULT_PARAMETERS);
    this.#output = new LinkOutput(station, this.counters);
    this.#exchange = new Exchange(config, station, this.#output, this.counters, this);
  }

  get state(): LinkState {
    return this.#state;
  }

  get holding(): boolean {
    return this.#state === 'holding';
  }

  set holding(ours: boolean) {
    this.#state = ours ? 'holding' : 'yielded';
  }

  step(input: Input<LinkCommand>, nowMs: number): LinkEffect[] {
    this.nowMs = nowMs;
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
        this.#closed(input.reason);
        break;
    }
    return this.#output.take();
  }

  #action(input: LinkInput): LinkAction {
    const onlyRole = INPUT_ROLES[input];
    return onlyRole === undefined || onlyRole === this.#station.role
      ? TRANSITIONS[this.#state][input]
      : 'ignore';
  }

  #command(command: LinkCommand): void {
    const action = this.#action(command.type);
    const apdu = 'apdu' in command ? command.apdu : new Uint8Array(0);
    switch (action) {
      case 'open':
        this.#deframer.reset();
        this.#exchange.progress();
        this.#sendSnrm();
        break;
      case 'send':
      case 'queue':
        this.#exchange.send(apdu, action === 'send');
        break;
      case 'send-apart':
      case 'queue-apart':
        this.#exchange.sendApart(apdu, action === 'send-apart');
        break;
      case 'no-link':
        this.fail(new DcuError('link-closed', 'APDU given to a link that is not connected'));
        break;
      case 'close':
        this.#close();
        break;
      case 'ended':
        this.#end();
        break;
      default:
        break;
    }
  }

  #sendSnrm(): void {
    this.#ask('connecting', 'snrm', encodeParameters(this.#limits));
  }

  #ask(state: LinkState, kind: 'snrm' | 'disc', info?: Uint8Array): void {
    this.#state = state;
    this.#output.unnumbered(kind, info);
    this.#output.arm(RESPONSE_TIMER, this.#config.responseTimeoutMs);
  }

  #close(): void {
    // A server in normal response mode cannot say DISC; the client learns it from the DM to its next frame.
    if (this.#station.role === 'server') {
      this.#end();
      return;
    }
    this.#output.disarm(POLL_TIMER);
    this.#exchange.progress();
    this.#ask('disconnecting', 'disc');
  }

  #closed(reason: DcuError | undefined): void {
    const action = this.#action('closed');
    this.#deframer.reset();
    this.#output.disarm(OCTET_TIMER);
    this.#octetArmed = false;
    if (action === 'lost') this.fail(reason ?? new DcuError('link-closed', 'the line was closed'));
    else if (action === 'ended') this.#end();
  }

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
        break;
      case 'poll':
        this.#exchange.burst();
        break;
      case 'expire':
        this.counters.timeouts++;
        this.fail(new DcuError('link-timeout', `no frame for ${this.#config.responseTimeoutMs} ms`));
        break;
      default:
        break;
    }
  }

  #silence(action: 'retry-open' | 'retry' | 'retry-close'): void {
    // A long frame on a slow line may still be coming in; it can only put this off while it grows.
    const held = this.#deframer.pending;
    if (held > this.#heldAtTimeout) {
      this.#heldAtTimeout = held;
      this.#output.arm(RESPONSE_TIMER, this.#config.interOctetTimeoutMs);
      return;
    }
    this.counters.timeouts++;
    if (!this.#exchange.tryAgain('no answer')) return;
    if (action === 'retry') this.#exchange.burst();
    else if (action === 'retry-close') this.#ask('disconnecting', 'disc');
    else if (this.#exchange.attempts === CLEAR_AT_ATTEMPT) this.#ask('clearing', 'disc');
    else this.#sendSnrm();
  }

  #scanned(frames: readonly HdlcFrame[]): void {
    for (const frame of frames) this.#frame(frame);
    this.counters.rejectedHeaders = this.#deframer.counters.rejectedHeaders;
    this.counters.badFcs = this.#deframer.counters.badFcs;
    const waiting = this.#deframer.pending > 0;
    if (waiting) this.#output.arm(OCTET_TIMER, this.#config.interOctetTimeoutMs);
    else if (this.#octetArmed) this.#output.disarm(OCTET_TIMER);
    this.#octetArmed = waiting;
  }

  #frame(frame: HdlcFrame): void {
    this.counters.framesReceived++;
    this.#heldAtTimeout = 0;
    const control = decodeControl(frame.control);
    const admitted = this.#station.admits(frame, control.kind, this.#state !== 'disconnected');
    const action = admitted ? this.#action(control.kind) : 'ignore';
    if (action === 'ignore') {
      this.counters.ignoredFrames++;
      return;
    }
    if (this.#station.role === 'server' && this.#state !== 'disconnected') {
      this.#output.arm(IDLE_TIMER, this.#config.responseTimeoutMs);
    }
    this.#react(action, frame, control);
  }

  #react(action: LinkAction, frame: HdlcFrame, control: Control): void {
    const peer = this.#station.describe();
    switch (action) {
      case 'opened':
        this.#opened(frame);
        break;
      case 'reopen':
        this.#sendSnrm();
        break;
      case 'refused':
        this.fail(new DcuError('link-refused', `${peer} answered SNRM with DM`));
        break;
      case 'accept':
        this.#accept(frame);
        break;
      case 'refuse':
        this.#refuse(frame, control.pf);
        break;
      case 'ended':
        this.#end();
        break;
      case 'closed-by-peer':
        this.#output.unnumbered('ua');
        this.#end();
        break;
      case 'dropped':
        this.fail(new DcuError('link-closed', `${peer} is not connected any more (DM)`));
        break;
      case 'rejected':
        this.fail(new DcuError('frame-rejected', `${peer} answered with FRMR ${frame.info.toHex()}`));
        break;
      case 'reject':
        this.#reject(frame.control);
        break;
      case 'information':
        this.#exchange.information(frame, control);
        break;
      case 'supervisory':
        this.#exchange.supervisory(control);
        break;
      case 'apart':
        this.#exchange.apart(frame);
        break;
      default:
        this.counters.ignoredFrames++;
    }
  }

  #opened(frame: HdlcFrame): void {
    const theirs = this.#theirs(frame.info);
    if (theirs === undefined) return;
    this.#output.disarm(RESPONSE_TIMER);
    this.#begin(theirs, 'holding');
    this.#exchange.flushApart();
  }

  #accept(frame: HdlcFrame): void {
    const theirs = this.#theirs(frame.info);
    if (theirs === undefined) return;
    this.#station.meet(frame);
    this.#output.unnumbered('ua', encodeAllParameters(agree(this.#limits, theirs)));
    this.#output.arm(IDLE_TIMER, this.#config.responseTimeoutMs);
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
    this.parameters = agree(this.#limits, theirs);
    this.#state = state;
    this.#exchange.begin();
    this.#output.emit({ type: 'connected', parameters: this.parameters, peer: this.#station.peer });
  }

  #refuse(frame: HdlcFrame, poll: boolean): void {
    this.counters.ignoredFrames++;
    if (this.#station.role === 'client' || !poll) return;
    this.#output.transmit(
      encodeFrame({ ...this.#station.answerTo(frame), control: unnumberedControl('dm', true) }),
    );
  }

  #reject(control: number): void {
    this.counters.ignoredFrames++;
    if (this.#station.role === 'client') return;
    this.#output.unnumbered('frmr', Uint8Array.of(control, this.#exchange.variables, CONTROL_UNDEFINED));
  }

  fail(error: DcuError): void {
    this.#end(error);
  }

  #end(error?: DcuError): void {
    this.#state = 'disconnected';
    this.#exchange.end();
    this.#heldAtTimeout = 0;
    this.parameters = agree(this.#limits, DEFAULT_PARAMETERS);
    for (const timer of [RESPONSE_TIMER, POLL_TIMER, IDLE_TIMER]) this.#output.disarm(timer);
    this.#output.emit({ type: 'disconnected', ...(error === undefined ? {} : { error }) });
  }
}
