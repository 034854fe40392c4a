import type { Clock } from '../base/clock.ts';
import { DcuError, toDcuError } from '../base/errors.ts';
import type { Effect } from '../base/machine.ts';
import type { Random } from '../base/random.ts';
import { decodeDataNotificationConfirm } from '../dlms/apdu/notification.ts';
import { TAG } from '../dlms/apdu/tags.ts';
import { createPushMachine, type PushCommand, type PushConfig, type PushEvent } from '../dlms/cosem/push.ts';
import { pushBlocks } from '../dlms/cosem/push-body.ts';
import { createPushReceiver, GAP_TIMER } from '../dlms/link/push-receiver.ts';
import { framePushed, type PushRoute } from '../dlms/link/push-route.ts';
import type { ByteChannel, ChannelOpener } from './channel.ts';

export interface PushSenderOptions {
  /** Opens the way to the receiver for each try; it is closed when the push is over. */
  readonly opener: ChannelOpener;
  readonly route: PushRoute;
  readonly timing: Omit<PushConfig, 'random'>;
  readonly clock: Clock;
  readonly random: Random;
  /** What becomes of a DataNotification before it is framed; also for each further try. */
  readonly protect: (apdu: Uint8Array) => Uint8Array;
  /** Takes the protection off an answer. Throws for one that is not the receiver's. */
  readonly unprotect: (apdu: Uint8Array) => Uint8Array;
  /** A longer APDU goes in general blocks. */
  readonly maxPdu?: number;
  /** HDLC: longest information field. */
  readonly maxInfo?: number;
}

/** Silence after which an answer that does not tell its end is taken as it is. */
const GAP_MS = 100;

interface Pending {
  readonly resolve: (attempts: number) => void;
  readonly reject: (error: DcuError) => void;
}

/** Sends DataNotifications with random start, repetitions and confirmation, one at a time. */
export class PushSender {
  readonly #options: PushSenderOptions;
  readonly #machine: ReturnType<typeof createPushMachine>;
  #cancelTimer: (() => void) | undefined;
  #channel: ByteChannel | undefined;
  #pending: Pending | undefined;
  /** Why the last try of the push under way could not be sent. */
  #obstacle: DcuError | undefined;
  /** Of the try under way; what an earlier one still does is not its. */
  #try = new AbortController();

  constructor(options: PushSenderOptions) {
    this.#options = options;
    this.#machine = createPushMachine({ ...options.timing, random: () => options.random.next() });
  }

  /**
   * Pushes `body`, A-XDR bytes; resolves with the number of tries when it has been sent or, where that is asked for,
   * confirmed. A newer push takes the place of one that is not over, which rejects with `cancelled`.
   * @throws DcuError `link-timeout` when every try has failed
   */
  push(body: Uint8Array, dateTime?: Uint8Array): Promise<number> {
    this.stop();
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#pending = { resolve, reject };
    this.#obstacle = undefined;
    this.#command({ type: 'push', body, ...(dateTime === undefined ? {} : { dateTime }) });
    return promise;
  }

  /** Gives up what is under way. */
  stop(): void {
    this.#command({ type: 'cancel' });
  }

  #command(command: PushCommand): void {
    this.#carryOut(this.#machine.step({ on: 'command', command }, this.#options.clock.monotonicMs()));
  }

  #carryOut(effects: readonly Effect<PushEvent>[]): void {
    for (const effect of effects) {
      if (effect.do === 'arm') this.#arm(effect.timer, effect.delayMs);
      else if (effect.do === 'disarm') this.#cancelTimer?.();
      else if (effect.do === 'emit') this.#event(effect.event);
    }
  }

  #arm(timer: string, delayMs: number): void {
    const { clock } = this.#options;
    this.#cancelTimer?.();
    this.#cancelTimer = clock.after(delayMs, () =>
      this.#carryOut(this.#machine.step({ on: 'timer', timer }, clock.monotonicMs())),
    );
  }

  #event(event: PushEvent): void {
    if (event.type === 'send') {
      void this.#send(event.apdu);
      return;
    }
    const pending = this.#pending;
    this.#pending = undefined;
    this.#hangUp();
    if (event.type === 'delivered') pending?.resolve(event.attempts);
    else pending?.reject(because(event.error, this.#obstacle));
  }

  /** One try; how it ends is told to the machine. */
  async #send(apdu: Uint8Array): Promise<void> {
    this.#hangUp();
    const { signal } = this.#try;
    try {
      const frames = this.#frames(apdu);
      const channel = await this.#options.opener.open(signal);
      if (signal.aborted) {
        await channel.close();
        return;
      }
      this.#channel = channel;
      this.#listen(channel, signal);
      for (const frame of frames) await channel.write(frame);
      if (signal.aborted) return;
      this.#obstacle = undefined;
      this.#command({ type: 'sent' });
    } catch (error) {
      if (signal.aborted) return;
      // The machine knows how often that may happen.
      this.#obstacle = toDcuError(error);
      this.#command({ type: 'not-sent' });
    }
  }

  #frames(apdu: Uint8Array): Uint8Array[] {
    const { protect, route, maxPdu = Number.POSITIVE_INFINITY, maxInfo } = this.#options;
    const sealed = protect(apdu);
    const options = { from: 'server', ...(maxInfo === undefined ? {} : { maxInfo }) } as const;
    const apdus = sealed.length > maxPdu ? pushBlocks(sealed, maxPdu) : [sealed];
    return apdus.flatMap((one) => framePushed(one, route, options));
  }

  #listen(channel: ByteChannel, signal: AbortSignal): void {
    const { route, clock } = this.#options;
    const receiver = createPushReceiver({ framing: route.framing, gapMs: GAP_MS });
    let cancelGap = (): void => {};
    const step = (input: Parameters<typeof receiver.step>[0]): void => {
      for (const effect of receiver.step(input, clock.monotonicMs())) {
        if (effect.do === 'emit') this.#answer(effect.event.apdu, signal);
        else if (effect.do === 'disarm') cancelGap();
        else if (effect.do === 'arm') {
          cancelGap();
          cancelGap = clock.after(effect.delayMs, () => step({ on: 'timer', timer: GAP_TIMER }));
        }
      }
    };
    channel.onBytes((bytes) => step({ on: 'bytes', bytes }));
    channel.onClosed((reason) => {
      cancelGap();
      // Whoever hangs up without a confirmation will send none.
      if (reason === undefined || signal.aborted) return;
      this.#obstacle = reason;
      this.#command({ type: 'not-sent' });
    });
  }

  #answer(sealed: Uint8Array, signal: AbortSignal): void {
    if (signal.aborted) return;
    try {
      const apdu = this.#options.unprotect(sealed);
      if (apdu[0] !== TAG.dataNotificationConfirm) return;
      this.#command({ type: 'confirmed', longInvoke: decodeDataNotificationConfirm(apdu).longInvoke });
    } catch (error) {
      // An answer that cannot be read is none: the confirmation stays due.
      if (!(error instanceof DcuError)) throw error;
    }
  }

  /** Ends the try under way, and the connection that it has. */
  #hangUp(): void {
    this.#try.abort(new DcuError('cancelled', 'the push is over'));
    this.#try = new AbortController();
    const channel = this.#channel;
    this.#channel = undefined;
    // What is queued is sent first; a receiver that has gone makes no difference any more.
    channel?.close().catch(() => undefined);
  }
}

function because(error: DcuError, obstacle: DcuError | undefined): DcuError {
  if (obstacle === undefined) return error;
  const { code, facts } = error;
  return new DcuError(code, `${error.message}: ${obstacle.message}`, { facts, cause: obstacle });
}
