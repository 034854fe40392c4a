import type { Clock } from '../../base/clock.ts';
import { DcuError } from '../../base/errors.ts';
import type { ByteChannel, ChannelOpener } from '../../channels/channel.ts';
import { hasLongInvokeBit, LONG_INVOKE } from '../../dlms/apdu/access.ts';
import { decodeDataNotificationConfirm } from '../../dlms/apdu/notification.ts';
import { TAG } from '../../dlms/apdu/tags.ts';
import { pushBlocks } from '../../dlms/cosem/push-body.ts';
import { createPushReceiver, GAP_TIMER, type PushReceiver } from '../../dlms/link/push-receiver.ts';
import { encodeWrapperFrame } from '../../dlms/link/wrapper.ts';
import { Confirmations } from './confirmations.ts';
import type { Notification, OpenPushWay, PushWay } from './way.ts';

/** Ciphering of what goes out, and of what comes back. */
export interface PushProtection {
  /** Makes sure that what the next messages need is at hand. */
  ready(): Promise<void>;
  protect(apdu: Uint8Array): Uint8Array;
  /** @throws DcuError for what is not protected as it has to be */
  open(apdu: Uint8Array): Uint8Array;
  /** Wipes the keys. */
  release(): void;
}

export interface ListenerWayOptions {
  /** Dials the head-end's listener. */
  readonly opener: ChannelOpener;
  /** wPort of the head-end. */
  readonly client: number;
  /** How long a confirmation may take, counted from the one before it. */
  readonly ackTimeoutMs: number;
  /** Longer APDUs go in general blocks that need no acknowledgement. */
  readonly maxPdu: number;
  /** Made for each connection. */
  readonly protection?: () => PushProtection;
  readonly clock: Clock;
}

/** Confirmations are short. */
const LONGEST_ANSWER = 1024;
const GAP_MS = 2000;
/** A listener that sends more than this of what is no answer is left. */
const MOST_GARBAGE = 65_536;

/** The way to a listener of the head-end: a TCP connection with wrapper frames, each from the wPort of its logical device. */
export const openListenerWay =
  (options: ListenerWayOptions): OpenPushWay =>
  async (signal) => {
    const protection = options.protection?.();
    try {
      await protection?.ready();
      return new ListenerWay(await options.opener.open(signal), options, protection);
    } catch (error) {
      protection?.release();
      throw error;
    }
  };

class ListenerWay implements PushWay {
  readonly closed: Promise<DcuError>;
  readonly #options: ListenerWayOptions;
  readonly #channel: ByteChannel;
  readonly #protection: PushProtection | undefined;
  readonly #confirmations: Confirmations;
  readonly #receiver = createPushReceiver({ framing: 'wrapper', maxApdu: LONGEST_ANSWER, gapMs: GAP_MS });
  readonly #resolveClosed: (error: DcuError) => void;
  #end: DcuError | undefined;
  #garbage = 0;
  #cancelGap: () => void = () => {};

  constructor(channel: ByteChannel, options: ListenerWayOptions, protection: PushProtection | undefined) {
    const { promise, resolve } = Promise.withResolvers<DcuError>();
    this.closed = promise;
    this.#resolveClosed = resolve;
    this.#options = options;
    this.#channel = channel;
    this.#protection = protection;
    this.#confirmations = new Confirmations(options.clock, options.ackTimeoutMs);
    channel.onBytes((bytes) => this.#step({ on: 'bytes', bytes }));
    channel.onClosed((reason) =>
      this.#finish(reason ?? new DcuError('link-closed', 'the connection to the head-end was closed')),
    );
  }

  async send({ sap, apdu }: Notification): Promise<void> {
    if (this.#end !== undefined) throw this.#end;
    const longInvoke = longInvokeOf(apdu);
    const frames = this.#apdus(apdu).map((one) => encodeWrapperFrame(sap, this.#options.client, one));
    const confirmed = hasLongInvokeBit(longInvoke, 'confirmed')
      ? this.#confirmations.of(longInvoke & LONG_INVOKE.id)
      : undefined;
    await Promise.all([...frames.map((frame) => this.#channel.write(frame)), confirmed]);
  }

  async close(): Promise<void> {
    this.#finish(new DcuError('cancelled', 'the connection to the head-end is not needed any more'));
    await this.#channel.close();
  }

  #apdus(apdu: Uint8Array): Uint8Array[] {
    const { maxPdu } = this.#options;
    const sealed = this.#protection?.protect(apdu) ?? apdu;
    return sealed.length > maxPdu ? pushBlocks(sealed, maxPdu) : [sealed];
  }

  #step(input: Parameters<PushReceiver['step']>[0]): void {
    if (this.#end !== undefined) return;
    const { clock } = this.#options;
    for (const effect of this.#receiver.step(input, clock.monotonicMs())) {
      if (effect.do === 'emit') this.#answer(effect.event.apdu);
      else if (effect.do === 'disarm') this.#cancelGap();
      else if (effect.do === 'arm') {
        this.#cancelGap();
        this.#cancelGap = clock.after(effect.delayMs, () => this.#step({ on: 'timer', timer: GAP_TIMER }));
      }
    }
    if (this.#garbage + this.#receiver.counters.droppedBytes <= MOST_GARBAGE) return;
    this.#finish(new DcuError('link-protocol', 'the head-end sends what is no answer'));
    void this.#channel.close();
  }

  /** What is no confirmation of something under way changes nothing: a confirmation stays due. */
  #answer(sealed: Uint8Array): void {
    try {
      const apdu = this.#protection?.open(sealed) ?? sealed;
      if (apdu[0] === TAG.dataNotificationConfirm) {
        const { longInvoke } = decodeDataNotificationConfirm(apdu);
        if (this.#confirmations.confirm(longInvoke & LONG_INVOKE.id)) return;
      }
    } catch (error) {
      if (!(error instanceof DcuError)) throw error;
    }
    this.#garbage += sealed.length;
  }

  #finish(error: DcuError): void {
    if (this.#end !== undefined) return;
    this.#end = error;
    this.#cancelGap();
    this.#confirmations.fail(error);
    this.#protection?.release();
    this.#resolveClosed(error);
  }
}

/** Behind the tag. */
const longInvokeOf = ({ buffer, byteOffset, byteLength }: Uint8Array): number =>
  new DataView(buffer, byteOffset, byteLength).getUint32(1);
