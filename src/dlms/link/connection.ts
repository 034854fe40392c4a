import { DcuError } from '../../base/errors.ts';
import type { HdlcFrame } from '../../kernels/types.ts';
import { allStationsOf, type HdlcAddress } from './address.ts';
import { Exchange, type ExchangeHost } from './exchange.ts';
import { type Control, decodeControl, encodeFrame, unnumberedControl } from './frame.ts';
import type { HdlcLinkConfig, LinkCommand, LinkCounters, LinkParameters } from './link.ts';
import { LinkOutput } from './output.ts';
import {
  agree,
  DEFAULT_PARAMETERS,
  decodeParameters,
  encodeAllParameters,
  encodeParameters,
  limitsOf,
} from './parameters.ts';
import { IDLE_TIMER, type LinkEffect, POLL_TIMER, RESPONSE_TIMER } from './peer.ts';
import type { Station } from './station.ts';
import { INPUT_ROLES, type LinkAction, type LinkInput, type LinkState, TRANSITIONS } from './transitions.ts';

/** After so many unanswered SNRM a DISC goes out first: some servers keep silent to an SNRM on a link they hold. */
const CLEAR_AT_ATTEMPT = 2;
/** FRMR, third byte: why a frame cannot be taken (ISO/IEC 13239, modulo 8: W, X with W, Y, Z; clause not checked). */
const REJECTED = { unknown: 0x01, 'bad-info': 0x03, 'too-long': 0x04, 'bad-nr': 0x08 } as const;
type Fault = keyof typeof REJECTED;

/** What a connection needs of the line that it shares. */
export interface Line {
  readonly counters: LinkCounters;
  /** Effects of the step under way, in order. */
  readonly effects: LinkEffect[];
  readonly nowMs: number;
  /** Bytes of an unfinished frame. */
  readonly pending: number;
}

/** One client and one server of an HDLC line in normal response mode: the states, and what frames do to them. */
export class HdlcConnection implements ExchangeHost {
  parameters: LinkParameters;
  readonly #config: HdlcLinkConfig;
  readonly #limits: LinkParameters;
  readonly #station: Station;
  readonly #line: Line;
  readonly #output: LinkOutput;
  readonly #exchange: Exchange;
  #state: LinkState = 'disconnected';
  /** Information field of the FRMR that stands until the link is reset. */
  #rejection: Uint8Array = new Uint8Array(0);
  /** The last SNRM named no parameters: what it names no value of has its default. */
  #bare = false;
  /** Bytes of an unfinished frame when the response time-out was last put off for it. */
  #heldAtTimeout = 0;

  /** `key` tells the timers of several connections apart. Throws `invalid-field` for a size or window HDLC does not have. */
  constructor(config: HdlcLinkConfig, station: Station, line: Line, key = '') {
    this.#config = config;
    this.#station = station;
    this.#line = line;
    this.#limits = limitsOf(config);
    this.parameters = agree(this.#limits, DEFAULT_PARAMETERS);
    this.#output = new LinkOutput(station, line.counters, line.effects, key);
    this.#exchange = new Exchange(config, station, this.#output, line.counters, this);
  }

  get nowMs(): number {
    return this.#line.nowMs;
  }

  get state(): LinkState {
    return this.#state;
  }

  get holding(): boolean {
    return this.#state === 'holding';
  }

  get standing(): boolean {
    return this.#state === 'holding' || this.#state === 'yielded';
  }

  set holding(ours: boolean) {
    this.#state = ours ? 'holding' : 'yielded';
  }

  #action(input: LinkInput): LinkAction {
    const onlyRole = INPUT_ROLES[input];
    return onlyRole === undefined || onlyRole === this.#station.role
      ? TRANSITIONS[this.#state][input]
      : 'ignore';
  }

  command(command: LinkCommand): void {
    const action = this.#action(command.type);
    const apdu = 'apdu' in command ? command.apdu : new Uint8Array(0);
    switch (action) {
      case 'open':
        this.#exchange.progress();
        this.#sendSnrm();
        break;
      case 'send':
      case 'queue':
        this.#exchange.send(apdu, action === 'send');
        break;
      case 'send-apart':
      case 'queue-apart':
        this.#exchange.sendApart(apdu, action === 'send-apart', this.#addressee(command));
        break;
      case 'no-link':
        this.fail(new DcuError('link-closed', 'APDU given to a link that is not connected'));
        break;
      case 'busy':
        if (command.type === 'busy') this.#exchange.busy = command.busy;
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

  /** Where unnumbered information goes: to the peer, or to every station of its side. */
  #addressee(command: LinkCommand): HdlcAddress {
    const { remote, role } = this.#station;
    const toAll = command.type === 'send-unconfirmed' && command.broadcast === true;
    return toAll ? allStationsOf(remote.bytes, role === 'client') : remote;
  }

  /** The last try is without parameters: some servers keep silent to those that they do not like. */
  #sendSnrm(): void {
    const { attempts } = this.#exchange;
    const { retries } = this.#config;
    // Where the last try is the DISC, it is the one before.
    const last = retries === CLEAR_AT_ATTEMPT ? retries - 1 : retries;
    this.#bare = attempts > 0 && attempts >= last;
    this.#ask('connecting', 'snrm', this.#bare ? undefined : encodeParameters(this.#limits));
  }

  #ask(state: LinkState, kind: 'snrm' | 'disc', info?: Uint8Array): void {
    this.#state = state;
    this.#output.unnumbered(kind, info);
    this.#exchange.asked();
    this.#output.arm(RESPONSE_TIMER, this.#exchange.patienceMs('set-up'));
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

  closed(reason: DcuError | undefined): void {
    const action = this.#action('closed');
    if (action === 'lost') this.fail(reason ?? new DcuError('link-closed', 'the line was closed'));
    else if (action === 'ended') this.#end();
  }

  timer(timer: string): void {
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
        this.#line.counters.timeouts++;
        this.fail(new DcuError('link-timeout', `no frame for ${this.#config.responseTimeoutMs} ms`));
        break;
      default:
        break;
    }
  }

  #silence(action: 'retry-open' | 'retry' | 'retry-close'): void {
    // A long frame on a slow line may still be coming in; it can only put this off while it grows.
    const held = this.#line.pending;
    if (held > this.#heldAtTimeout) {
      this.#heldAtTimeout = held;
      this.#output.arm(RESPONSE_TIMER, this.#config.interOctetTimeoutMs);
      return;
    }
    this.#line.counters.timeouts++;
    this.#config.memory?.silent();
    if (!this.#exchange.tryAgain('no answer')) return;
    if (action === 'retry') this.#exchange.burst();
    else if (action === 'retry-close') this.#ask('disconnecting', 'disc');
    else if (this.#exchange.attempts === CLEAR_AT_ATTEMPT) this.#ask('clearing', 'disc');
    else this.#sendSnrm();
  }

  frame(frame: HdlcFrame): void {
    this.#heldAtTimeout = 0;
    const control = decodeControl(frame.control);
    const input = this.#faultOf(frame, control) ?? control.kind;
    const admitted = this.#station.admits(frame, control.kind, this.#state !== 'disconnected');
    const action = admitted ? this.#action(input) : 'ignore';
    if (action === 'ignore') {
      this.#line.counters.ignoredFrames++;
      return;
    }
    if (this.#station.role === 'server' && this.#state !== 'disconnected') {
      this.#output.arm(IDLE_TIMER, this.#config.responseTimeoutMs);
    }
    this.#exchange.heard();
    if (action === 'reject') this.#reject(frame, control, input);
    else this.#react(action, frame, control);
  }

  /** A frame of a pair that gets no connection: an SNRM is answered like anything else, by DM. */
  visit(frame: HdlcFrame): void {
    const control = decodeControl(frame.control);
    if (control.kind !== 'snrm') this.frame(frame);
    else if (this.#station.admits(frame, 'snrm', false)) this.#refuse(frame, control.pf);
    else this.#line.counters.ignoredFrames++;
  }

  /** What makes a frame one that a server rejects. A client takes what sense there is in it. */
  #faultOf(frame: HdlcFrame, control: Control): Fault | undefined {
    if (this.#station.role === 'client' || !('nr' in control)) return undefined;
    if (control.kind !== 'i') {
      if (frame.info.length > 0) return 'bad-info';
    } else if (frame.info.length > this.parameters.maxInfoReceive) return 'too-long';
    return this.#exchange.neverSent(control.nr) ? 'bad-nr' : undefined;
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
      case 'reject-again':
        this.#rejectAgain(control.pf);
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
        this.#line.counters.ignoredFrames++;
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
      this.#line.counters.ignoredFrames++;
      return undefined;
    }
  }

  #begin(theirs: LinkParameters, state: 'holding' | 'yielded'): void {
    const again = this.#station.role === 'server' && this.#state !== 'disconnected' ? { again: true } : {};
    const proposed = this.#bare ? agree(this.#limits, DEFAULT_PARAMETERS) : this.#limits;
    this.parameters = agree(proposed, theirs);
    this.#config.memory?.negotiated(this.parameters);
    this.#state = state;
    this.#exchange.begin();
    this.#output.emit({ type: 'connected', parameters: this.parameters, peer: this.#station.peer, ...again });
  }

  #refuse(frame: HdlcFrame, poll: boolean): void {
    this.#line.counters.ignoredFrames++;
    if (this.#station.role === 'client' || !poll) return;
    this.#output.transmit(
      encodeFrame({ ...this.#station.answerTo(frame), control: unnumberedControl('dm', true) }),
    );
  }

  /** The link stands still until the client resets or ends it. */
  #reject(frame: HdlcFrame, control: Control, input: LinkInput): void {
    this.#line.counters.ignoredFrames++;
    if (this.#station.role === 'client') return;
    const reason = Object.hasOwn(REJECTED, input) ? REJECTED[input as Fault] : 0;
    this.#rejection = Uint8Array.of(frame.control, this.#exchange.variables, reason);
    this.#state = 'rejecting';
    this.#exchange.begin();
    this.#rejectAgain(control.pf);
  }

  #rejectAgain(poll: boolean): void {
    if (poll) this.#output.unnumbered('frmr', this.#rejection);
  }

  fail(error: DcuError): void {
    this.#end(error);
  }

  #end(error?: DcuError): void {
    this.#state = 'disconnected';
    this.#exchange.end();
    this.#heldAtTimeout = 0;
    this.parameters = agree(this.#limits, DEFAULT_PARAMETERS);
    const server = this.#station.role === 'server';
    for (const timer of server ? [IDLE_TIMER] : [RESPONSE_TIMER, POLL_TIMER]) this.#output.disarm(timer);
    this.#output.emit({
      type: 'disconnected',
      ...(error === undefined ? {} : { error }),
      ...(server ? { peer: this.#station.peer } : {}),
    });
  }
}
