import type { Clock } from '../base/clock.ts';
import { DcuError } from '../base/errors.ts';
import type { ByteChannel } from '../channels/channel.ts';
import { type Pump, pump } from '../channels/pump.ts';
import { TAG } from '../dlms/apdu/tags.ts';
import { createClientLink } from '../dlms/link/index.ts';
import type { LinkCommand, LinkConfig, LinkEvent, LinkMachine } from '../dlms/link/link.ts';
import { isUnsolicited, RESPONSE_TIMER } from '../dlms/link/peer.ts';
import type { CountLink } from './line-job.ts';

/** Beyond what the link itself bounds: no exchange, opening or closing takes longer. */
const LONGEST_EXCHANGE_MS = 180_000;

/** `block`: more of the same transfer follows, and only then an answer. */
export type AnswerDue = 'yes' | 'no' | 'block';

/** Of the block control field: the sender goes on without waiting (Green Book 9.3.5; clause not checked). */
const STREAMING = 0x40;
/** Of invoke-id-and-priority, and of the first byte of its long form: a confirmed service. */
const CONFIRMED = 0x40;

/**
 * Whether a meter answers an APDU of a client, as far as that can be seen from outside: what is ciphered counts as confirmed.
 */
export function answerDue(apdu: Uint8Array): AnswerDue {
  const [tag, second = 0, third = CONFIRMED] = apdu;
  switch (tag) {
    case TAG.generalBlockTransfer:
      return (second & STREAMING) === 0 ? 'yes' : 'block';
    case TAG.setRequest:
    case TAG.actionRequest:
      return (third & CONFIRMED) === 0 ? 'no' : 'yes';
    case TAG.unconfirmedWriteRequest:
      return 'no';
    case TAG.accessRequest:
      return (second & CONFIRMED) === 0 ? 'no' : 'yes';
    default:
      return 'yes';
  }
}

export interface ApduPipeOptions {
  /** Aborts what is under way, with the signal's reason; nothing more is said to the meter. */
  readonly signal: AbortSignal;
  /** Each whole APDU of the meter, in order, asked for or not; unchanged. */
  readonly onApdu: (apdu: Uint8Array) => void;
  /** Told once, at the end of the link or of the try to open it. */
  readonly count: CountLink;
}

/**
 * A link to a meter over which whole APDUs go as they are: nothing is deciphered, counted or changed, so that the ends
 * may protect what they say from each other's sight and ours. The channel belongs to the caller and stays open.
 */
export class ApduPipe {
  readonly #pump: Pump<LinkCommand>;
  readonly #clock: Clock;
  readonly #options: ApduPipeOptions;
  readonly #machine: LinkMachine;
  readonly #isHdlc: boolean;
  readonly #onAbort = (): void => this.#end(reasonOf(this.#options.signal));
  #wait:
    | { readonly until: 'connected' | 'answered' | 'disconnected'; settle(error?: DcuError): void }
    | undefined;
  #ended: DcuError | undefined;

  private constructor(channel: ByteChannel, link: LinkConfig, clock: Clock, options: ApduPipeOptions) {
    this.#clock = clock;
    this.#options = options;
    this.#isHdlc = link.framing === 'hdlc';
    this.#machine = createClientLink(link);
    this.#pump = pump(this.#machine, channel, clock, (event) => this.#told(event), {
      answerTimer: RESPONSE_TIMER,
    });
    options.signal.addEventListener('abort', this.#onAbort, { once: true });
    if (options.signal.aborted) this.#onAbort();
  }

  /**
   * Sets the link up (HDLC: SNRM). @throws DcuError `link-timeout`, `link-refused`, `channel-lost`, `invalid-field` for an
   * address that does not fit, and the signal's reason; nothing is left behind then
   */
  static async open(
    channel: ByteChannel,
    link: LinkConfig,
    clock: Clock,
    options: ApduPipeOptions,
  ): Promise<ApduPipe> {
    const pipe = new ApduPipe(channel, link, clock, options);
    await pipe.#until('connected', { type: 'connect' });
    return pipe;
  }

  /** The error that ended the link; undefined while it stands. */
  get ended(): DcuError | undefined {
    return this.#ended;
  }

  /**
   * Hands an APDU to the meter, and resolves when the first one that answers it has come, or at once where none is due.
   * One at a time. @throws DcuError `link-timeout` and what else ends the link
   */
  async exchange(apdu: Uint8Array): Promise<void> {
    const due = answerDue(apdu);
    if (due === 'yes') return this.#until('answered', { type: 'send', apdu });
    if (this.#ended !== undefined) throw this.#ended;
    const numbered = due === 'block' && this.#isHdlc;
    this.#pump.command({ type: numbered ? 'send' : 'send-unconfirmed', apdu });
    await this.#pump.sent();
    if (this.#ended !== undefined) throw this.#ended;
  }

  /** Takes the link down in order (HDLC: DISC), where it still stands, and lets go of the channel. Never fails. */
  async close(): Promise<void> {
    if (this.#ended === undefined) {
      // A meter that does not answer the DISC has forgotten the link too, or will.
      await this.#until('disconnected', { type: 'disconnect' }).catch(() => undefined);
    }
    this.#end(new DcuError('link-closed', 'the pipe was closed'));
  }

  #until(until: 'connected' | 'answered' | 'disconnected', command: LinkCommand): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended);
      const cancel = this.#clock.after(LONGEST_EXCHANGE_MS, () =>
        this.#end(new DcuError('link-timeout', `the meter took longer than ${LONGEST_EXCHANGE_MS} ms`)),
      );
      this.#wait = {
        until,
        settle: (error) => {
          cancel();
          this.#wait = undefined;
          if (error === undefined) resolve();
          else reject(error);
        },
      };
      this.#pump.command(command);
    });
  }

  #told(event: LinkEvent): void {
    if (event.type === 'apdu') {
      this.#options.onApdu(event.apdu);
      if (!event.unconfirmed && !isUnsolicited(event.apdu)) this.#reached('answered');
    } else if (event.type === 'connected') this.#reached('connected');
    else if (event.error !== undefined || this.#wait?.until !== 'disconnected') {
      this.#end(event.error ?? new DcuError('link-closed', 'the meter has ended the link'));
    } else this.#reached('disconnected');
  }

  #reached(state: 'connected' | 'answered' | 'disconnected'): void {
    if (this.#wait?.until === state) this.#wait.settle();
  }

  #end(error: DcuError): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    this.#pump.detach();
    this.#options.signal.removeEventListener('abort', this.#onAbort);
    this.#options.count(this.#machine.counters);
    this.#wait?.settle(error);
  }
}

const reasonOf = ({ reason }: AbortSignal): DcuError =>
  reason instanceof DcuError
    ? reason
    : new DcuError('cancelled', 'the pipe was cancelled', { cause: reason });
