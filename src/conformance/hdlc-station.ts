import { concat, equalBytes } from '../base/bytes.ts';
import { type Clock, sleep } from '../base/clock.ts';
import type { HdlcLinkConfig } from '../dlms/link/link.ts';
import { type ApduLink, isUnasked, type LinkTiming } from './apdu-link.ts';
import {
  addressField,
  buildFrame,
  CONTROL,
  type Defects,
  type Frame,
  informationControl,
  isFinal,
  kindOf,
  readyControl,
  receiveNumber,
  sendNumber,
  serverField,
} from './hdlc-frame.ts';
import { DEFAULTS, type HdlcParameters, parameterField, readParameters } from './hdlc-parameters.ts';
import type { Line } from './line.ts';
import type { Secrets } from './secrets.ts';
import { Failure } from './verdict.ts';

const LLC_REQUEST = Uint8Array.of(0xe6, 0xe6, 0x00);
const POLL_PAUSE_MS = 20;

interface StationContext extends LinkTiming {
  readonly clock: Clock;
  readonly secrets: Secrets;
}

/** The primary station of a test: each frame as it is told to, or whole APDUs with numbers and turns kept right. */
export class HdlcStation implements ApduLink {
  readonly line: Line<Frame>;
  readonly server: Uint8Array;
  readonly client: Uint8Array;
  readonly config: HdlcLinkConfig;
  readonly timeoutMs: number;
  readonly quietMs: number;
  /** V(S) and V(R). */
  ns = 0;
  nr = 0;
  /** As we see the directions; holds from UA on. */
  parameters: HdlcParameters = DEFAULTS;
  /** Frames of information received since the link was set up, for tests of sizes and segments. */
  readonly received: Frame[] = [];
  readonly #clock: Clock;
  readonly #secrets: Secrets;
  #down = false;

  constructor(line: Line<Frame>, config: HdlcLinkConfig, context: StationContext) {
    this.line = line;
    this.config = config;
    this.server = serverField(config.serverAddress, config.physicalAddress ?? 0, config.addressBytes);
    this.client = addressField(config.clientAddress, 1);
    this.timeoutMs = context.timeoutMs;
    this.quietMs = context.quietMs;
    this.#clock = context.clock;
    this.#secrets = context.secrets;
  }

  get closed(): boolean {
    return this.#down || this.line.closed;
  }

  frame(control: number, info?: Uint8Array, segmented = false, defects?: Defects): Uint8Array {
    const spec = { destination: this.server, source: this.client, control, segmented };
    return buildFrame(info === undefined ? spec : { ...spec, info }, defects);
  }

  /** Sends a frame and gives the next one that the meter sends to us. */
  async ask(frame: Uint8Array, withinMs = this.timeoutMs, note?: string): Promise<Frame | undefined> {
    await this.line.send(frame, note);
    return this.own(withinMs);
  }

  /** The next frame with the addresses of this link. */
  async own(withinMs: number): Promise<Frame | undefined> {
    const untilMs = this.#clock.monotonicMs() + withinMs;
    for (;;) {
      const frame = await this.line.receive(Math.max(0, untilMs - this.#clock.monotonicMs()));
      if (frame === undefined) return undefined;
      if (equalBytes(frame.source, this.server) && equalBytes(frame.destination, this.client)) return frame;
    }
  }

  /** Whether the meter keeps silent. */
  async silent(): Promise<boolean> {
    return (await this.line.receive(this.quietMs)) === undefined;
  }

  /**
   * SNRM and the UA. The parameters are always written out, for some meters know no SNRM without them; `bare` leaves
   * them away. @throws Failure
   */
  async connect(proposal: HdlcParameters = DEFAULTS, bare = false): Promise<Frame> {
    const info = bare ? undefined : parameterField(proposal);
    const answer = await this.ask(this.frame(CONTROL.snrm, info));
    if (answer === undefined) throw new Failure('SNRM is not answered');
    if (kindOf(answer.control) !== 'ua') throw new Failure(`SNRM is answered by ${kindOf(answer.control)}`);
    this.established(answer, proposal);
    return answer;
  }

  /** A UA has come: numbers start anew, sizes are what both sides can. */
  established(ua: Frame, proposal: HdlcParameters = DEFAULTS): void {
    const theirs = readParameters(ua.info);
    if (theirs === undefined) throw new Failure('the parameters in UA are malformed');
    this.ns = 0;
    this.nr = 0;
    this.#down = false;
    this.received.length = 0;
    this.parameters = {
      maxTransmit: Math.min(proposal.maxTransmit, theirs.maxReceive),
      maxReceive: Math.min(proposal.maxReceive, theirs.maxTransmit),
      windowTransmit: Math.min(proposal.windowTransmit, theirs.windowReceive),
      windowReceive: Math.min(proposal.windowReceive, theirs.windowTransmit),
    };
  }

  /** Information fields of an APDU under way to the meter. */
  segments(apdu: Uint8Array, size = this.parameters.maxTransmit): Uint8Array[] {
    const info = concat([LLC_REQUEST, apdu]);
    const parts: Uint8Array[] = [];
    for (let at = 0; at < info.length; at += size) parts.push(info.slice(at, at + size));
    return parts;
  }

  async exchange(apdu: Uint8Array, withinMs = this.timeoutMs): Promise<Uint8Array | undefined> {
    const parts = this.segments(apdu);
    const hidden = this.#secrets.find(apdu);
    let offset = -LLC_REQUEST.length;
    for (const [i, part] of parts.entries()) {
      const last = i === parts.length - 1;
      const poll = last || (i + 1) % this.parameters.windowTransmit === 0;
      const frame = this.frame(informationControl(this.ns, this.nr, poll), part, !last);
      await this.line.send(frame, undefined, hiddenIn(frame, part, hidden, offset));
      offset += part.length;
      this.ns = (this.ns + 1) & 7;
      if (last || !poll) continue;
      const answer = await this.own(withinMs);
      if (answer === undefined || !this.#acknowledges(answer)) return undefined;
    }
    return this.collect(withinMs);
  }

  /** Takes in the answer, polling for the rest of it. */
  async collect(withinMs = this.timeoutMs): Promise<Uint8Array | undefined> {
    let parts: Uint8Array[] = [];
    let untilMs = this.#clock.monotonicMs() + withinMs;
    let inTurn = 0;
    for (;;) {
      const frame = await this.own(Math.max(0, untilMs - this.#clock.monotonicMs()));
      if (frame === undefined) return undefined;
      const kind = kindOf(frame.control);
      // A meter that has used up its window waits, whether it has set the final bit or not.
      inTurn++;
      const ours = isFinal(frame.control) || inTurn >= this.parameters.windowReceive;
      if (kind === 'dm' || kind === 'frmr' || kind === 'ua') {
        this.#down = true;
        return undefined;
      }
      if (kind === 'i' && sendNumber(frame.control) === this.nr) {
        this.received.push(frame);
        this.nr = (this.nr + 1) & 7;
        parts.push(frame.info);
        untilMs = this.#clock.monotonicMs() + withinMs;
        if (!frame.segmented) {
          const apdu = withoutLlc(concat(parts));
          parts = [];
          if (!isUnasked(apdu)) return apdu;
        }
      } else if (ours) await sleep(this.#clock, POLL_PAUSE_MS);
      if (!ours || kind === 'ui') continue;
      inTurn = 0;
      await this.line.send(this.frame(readyControl(this.nr)));
    }
  }

  async close(): Promise<void> {
    await this.line.close();
  }

  #acknowledges(frame: Frame): boolean {
    const kind = kindOf(frame.control);
    if (kind === 'rr' && receiveNumber(frame.control) === this.ns) return true;
    this.#down = kind === 'dm' || kind === 'frmr';
    return false;
  }
}

/** Wrong LLC bytes are found by the test of the link; the others are to say something about the application too. */
function withoutLlc(info: Uint8Array): Uint8Array {
  const [first, second, quality] = info;
  const llc = first === 0xe6 && (second === 0xe6 || second === 0xe7) && quality === 0;
  return info.slice(llc ? LLC_REQUEST.length : 0);
}

/** Marks of an APDU moved into the frame that carries a part of it; its check sequence would give the rest away. */
function hiddenIn(
  frame: Uint8Array,
  part: Uint8Array,
  hidden: Uint8Array | undefined,
  offset: number,
): Uint8Array | undefined {
  const marks = part.map((_, i) => hidden?.[offset + i] ?? 0);
  if (!marks.includes(1)) return undefined;
  const inFrame = new Uint8Array(frame.length);
  inFrame.set(marks, frame.length - 3 - part.length);
  inFrame.fill(1, frame.length - 3, frame.length - 1);
  return inFrame;
}
