import { concat } from '../../base/bytes.ts';
import { DcuError, toDcuError } from '../../base/errors.ts';
import type { HdlcFrame } from '../../kernels/types.ts';
import type { HdlcAddress } from './address.ts';
import {
  type Control,
  encodeFrame,
  informationControl,
  supervisoryControl,
  unnumberedControl,
} from './frame.ts';
import type { HdlcLinkConfig, LinkCounters, LinkParameters } from './link.ts';
import type { LinkOutput } from './output.ts';
import { isUnsolicited, POLL_TIMER, RESPONSE_TIMER } from './peer.ts';
import type { Station } from './station.ts';
import { cut, ReceiveWindow, SendWindow } from './transfer.ts';

/** LLC header by role: destination LSAP, source LSAP, quality (IEC 62056-46). */
const LLC = {
  client: Uint8Array.of(0xe6, 0xe6, 0x00),
  server: Uint8Array.of(0xe6, 0xe7, 0x00),
} as const;
/** Pause before polling a peer that has nothing to send yet; doubles up to the second value. */
const FIRST_POLL_MS = 10;
const LONGEST_POLL_MS = 500;

/** What an exchange needs of its link. */
export interface ExchangeHost {
  readonly nowMs: number;
  readonly parameters: LinkParameters;
  /** Whether it is our turn to transmit. */
  holding: boolean;
  /** Whether the link has been set up and is not being taken down. */
  readonly standing: boolean;
  fail(error: DcuError): void;
}

/**
 * Information transfer of one link connection, for both roles: numbered frames in windows, the turn that P/F hands
 * over, and unnumbered information beside it.
 */
export class Exchange {
  readonly #config: HdlcLinkConfig;
  readonly #station: Station;
  readonly #output: LinkOutput;
  readonly #counters: LinkCounters;
  readonly #host: ExchangeHost;
  #sending = new SendWindow();
  #receiving = new ReceiveWindow();
  #apartReceiving = new ReceiveWindow();
  #apartQueue: Uint8Array[] = [];
  /** Client: an APDU was sent whose answer has not come. */
  #awaiting = false;
  /** There is no room for information from the peer. */
  busy = false;
  /** The peer said RNR: it gets no information until it says otherwise. */
  #peerBusy = false;
  /** Tries without progress. */
  #attempts = 0;
  #polls = 0;
  /** Client: when what awaits an answer was sent; undefined once something came, or when it was sent twice. */
  #askedMs: number | undefined;
  #largestInfo = 0;
  /** Client: when a peer that answers but never delivers is given up. */
  #deadlineMs = 0;

  constructor(
    config: HdlcLinkConfig,
    station: Station,
    output: LinkOutput,
    counters: LinkCounters,
    host: ExchangeHost,
  ) {
    this.#config = config;
    this.#station = station;
    this.#output = output;
    this.#counters = counters;
    this.#host = host;
  }

  get attempts(): number {
    return this.#attempts;
  }

  /** V(S) and V(R) as FRMR reports them. */
  get variables(): number {
    return (this.#receiving.nr << 5) | (this.#sending.ns << 1);
  }

  /** How long the answer to what is sent now is waited for. */
  patienceMs(during: 'set-up' | 'transfer'): number {
    const { memory, responseTimeoutMs, retries } = this.#config;
    return memory?.patienceMs(during, this.#attempts, retries + 1) ?? responseTimeoutMs;
  }

  /** Client: something was sent that is to be answered. */
  asked(): void {
    this.#askedMs = this.#attempts === 0 ? this.#host.nowMs : undefined;
  }

  /** Client: a frame of the peer came. */
  heard(): void {
    if (this.#askedMs === undefined) return;
    this.#config.memory?.answered(this.#host.nowMs - this.#askedMs);
    this.#askedMs = undefined;
  }

  /** A new connection: nothing of an earlier one counts. */
  begin(): void {
    this.#sending = new SendWindow();
    this.#receiving = new ReceiveWindow();
    this.#awaiting = false;
    this.#peerBusy = false;
    this.#largestInfo = 0;
    this.progress();
  }

  end(): void {
    this.begin();
    this.#apartQueue = [];
  }

  progress(): void {
    this.#attempts = 0;
    this.#polls = 0;
    this.#deadlineMs = this.#host.nowMs + this.#config.responseTimeoutMs * (this.#config.retries + 1);
  }

  /** Counts a try without progress; false when that was one too many and the link has failed. */
  tryAgain(what: string): boolean {
    this.#attempts++;
    if (this.#attempts <= this.#config.retries) return true;
    const { responseTimeoutMs, retries, memory } = this.#config;
    if (this.#host.standing) memory?.lost(this.#largestInfo);
    this.#host.fail(
      new DcuError('link-timeout', `${what} of ${this.#station.describe()}`, {
        facts: { responseTimeoutMs, retries },
      }),
    );
    return false;
  }

  /** Sends an APDU with the turn in hand, or keeps it for the next turn. */
  send(apdu: Uint8Array, now: boolean): void {
    this.#sending.add(cut(this.#withLlc(apdu), this.#host.parameters.maxInfoTransmit));
    if (this.#station.role === 'client') this.#awaiting = true;
    if (!now) return;
    this.#output.disarm(POLL_TIMER);
    this.progress();
    this.burst();
  }

  /** As `send` in UI frames, which nobody acknowledges. */
  sendApart(apdu: Uint8Array, now: boolean, destination: HdlcAddress): void {
    const control = unnumberedControl('ui', false);
    const { source } = this.#output.addresses();
    for (const { info, more } of cut(this.#withLlc(apdu), this.#host.parameters.maxInfoTransmit)) {
      this.#apartQueue.push(encodeFrame({ destination, source, control, segmented: more, info }));
    }
    if (now) this.flushApart();
  }

  flushApart(): void {
    for (const frame of this.#apartQueue.splice(0)) this.#output.transmit(frame);
  }

  information(frame: HdlcFrame, control: Control): void {
    if (control.kind !== 'i') return;
    const acknowledged = this.#acknowledge(control.nr);
    if (acknowledged === undefined) return;
    this.#peerBusy = false;
    const arrival = this.#receiving.arrival(control.ns, this.#host.parameters.windowReceive);
    const taken = arrival === 'expected' && !this.busy;
    const progress = acknowledged > 0 || taken;
    let apdu: Uint8Array | undefined;
    if (!taken) this.#counters.ignoredFrames++;
    else {
      this.#largestInfo = Math.max(this.#largestInfo, frame.info.length);
      try {
        apdu = wholeApdu(this.#receiving.take({ info: frame.info, more: frame.segmented }));
      } catch (error) {
        this.#host.fail(toDcuError(error));
        return;
      }
    }
    if (progress) this.progress();
    if (this.#station.role === 'server') this.#serverTurn(control.pf, apdu !== undefined);
    else this.#clientTurn(control.pf, apdu, progress, arrival === 'repeated');
    if (apdu !== undefined) this.#deliver(apdu, false);
  }

  supervisory(control: Control): void {
    if (control.kind !== 'rr' && control.kind !== 'rnr' && control.kind !== 'rej') return;
    const acknowledged = this.#acknowledge(control.nr);
    if (acknowledged === undefined) return;
    if (acknowledged > 0) this.progress();
    this.#peerBusy = control.kind === 'rnr';
    if (this.#station.role === 'server') {
      if (control.pf) this.burst();
      return;
    }
    if (this.#host.holding || !control.pf) return;
    this.#output.disarm(RESPONSE_TIMER);
    if (this.#peerBusy || this.#sending.empty) this.#pollLater();
    else if (acknowledged > 0 || !this.#sending.begun || this.tryAgain('no acknowledgement')) this.burst();
  }

  /** Transmits what the turn allows, P/F = 1 on the last frame, and yields. A busy peer gets no information. */
  burst(): void {
    this.flushApart();
    const { frames, again } = this.#sending.burst(this.#peerBusy ? 0 : this.#host.parameters.windowTransmit);
    this.#counters.retransmissions += again;
    const addresses = this.#output.addresses();
    frames.forEach(({ ns, segment }, i) => {
      const control = informationControl(ns, this.#receiving.nr, i === frames.length - 1);
      this.#output.transmit(
        encodeFrame({ ...addresses, control, segmented: segment.more, info: segment.info }),
      );
    });
    if (frames.length === 0) {
      this.#output.transmit(
        encodeFrame({
          ...addresses,
          control: supervisoryControl(this.busy ? 'rnr' : 'rr', this.#receiving.nr, true),
        }),
      );
    }
    this.#host.holding = false;
    if (this.#station.role !== 'client') return;
    this.asked();
    this.#output.arm(RESPONSE_TIMER, this.patienceMs('transfer'));
  }

  /** A frame of unnumbered information. Segments may be lost unnoticed: LLC bytes show that another APDU begins. */
  apart(frame: HdlcFrame): void {
    if (beginsWithLlc(frame.info)) this.#apartReceiving.forget();
    try {
      const apdu = wholeApdu(this.#apartReceiving.join({ info: frame.info, more: frame.segmented }));
      if (apdu !== undefined) this.#deliver(apdu, true);
    } catch (error) {
      if (!(error instanceof DcuError)) throw error;
      this.#counters.ignoredFrames++;
    }
  }

  /** Whether N(R) names what was never sent. One that lags behind is of a frame that the line has kept back. */
  neverSent(nr: number): boolean {
    return this.#sending.neverSent(nr, this.#host.parameters.windowTransmit);
  }

  /** Segments that N(R) acknowledges; undefined and counted when it names one never sent. */
  #acknowledge(nr: number): number | undefined {
    const acknowledged = this.#sending.acknowledge(nr);
    if (acknowledged === undefined) this.#counters.ignoredFrames++;
    return acknowledged;
  }

  /** A whole APDU leaves the turn here, for its answer; anything else is answered at once. */
  #serverTurn(poll: boolean, whole: boolean): void {
    if (!poll) return;
    if (whole && this.#sending.empty) this.#host.holding = true;
    else this.burst();
  }

  #clientTurn(final: boolean, apdu: Uint8Array | undefined, progress: boolean, repeated: boolean): void {
    const answered = apdu !== undefined && this.#awaiting && !isUnsolicited(apdu);
    if (answered) {
      this.#awaiting = false;
      this.#output.disarm(POLL_TIMER);
    }
    if (this.#host.holding) return;
    // An answer that came whole gives the turn back even where the peer forgets the final bit.
    if (!final && !answered) {
      if (progress) this.#output.arm(RESPONSE_TIMER, this.patienceMs('transfer'));
      return;
    }
    // A repeated frame answers an earlier poll: the answer to the last one is still to come.
    if (repeated && !progress) return;
    this.#output.disarm(RESPONSE_TIMER);
    if (this.busy) {
      // Polling at once would only bring the same frames again.
      this.#pollLater();
      return;
    }
    if (!progress && !this.tryAgain('no frame in sequence')) return;
    if (!this.#sending.empty || this.#awaiting || this.#receiving.partial) this.burst();
    else this.#host.holding = true;
  }

  /** The peer is alive and has nothing for us yet. */
  #pollLater(): void {
    this.#host.holding = true;
    if (this.#sending.empty && !this.#awaiting && !this.#receiving.partial) return;
    if (this.busy) this.progress();
    else if (this.#host.nowMs >= this.#deadlineMs) {
      this.#counters.timeouts++;
      this.#host.fail(new DcuError('link-timeout', `${this.#station.describe()} only says that it is there`));
      return;
    }
    const delayMs = Math.min(FIRST_POLL_MS * 2 ** this.#polls, LONGEST_POLL_MS);
    this.#polls++;
    this.#output.arm(POLL_TIMER, delayMs);
  }

  #withLlc(apdu: Uint8Array): Uint8Array {
    return concat([LLC[this.#station.role], apdu]);
  }

  #deliver(apdu: Uint8Array, unconfirmed: boolean): void {
    this.#output.emit({ type: 'apdu', apdu, peer: this.#station.peer, unconfirmed });
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
