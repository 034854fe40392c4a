import type { Clock } from '../base/clock.ts';
import { DcuError, toDcuError } from '../base/errors.ts';
import {
  createPushReceiver,
  GAP_TIMER,
  type PushCounters,
  type PushedApdu,
  type PushFraming,
  type PushReceiver,
} from '../dlms/link/push-receiver.ts';
import { framePushed, routeBack } from '../dlms/link/push-route.ts';
import type { ByteChannel } from './channel.ts';
import type { TraceEntry } from './pump.ts';

export interface PushStreamOptions {
  readonly framing: PushFraming | 'auto';
  readonly maxApdu: number;
  /** Silence inside a frame after which it is dropped. */
  readonly gapMs: number;
  /** What comes at once is whole: nothing of a datagram is waited for. */
  readonly datagrams: boolean;
  readonly trace?: (entry: TraceEntry) => void;
}

export interface PushStreamHandlers {
  readonly onPushed: (pushed: PushedApdu) => void;
  /** Bytes came that are no frame, or the stream was lost. */
  readonly onFault: (error: DcuError) => void;
  readonly onClosed: () => void;
}

/** One peer's bytes as pushed APDUs, and the way back to it. */
export class PushStream {
  readonly #channel: ByteChannel;
  readonly #clock: Clock;
  readonly #options: PushStreamOptions;
  readonly #handlers: PushStreamHandlers;
  readonly #receiver: PushReceiver;
  #cancelGap: (() => void) | undefined;
  #closed = false;

  constructor(channel: ByteChannel, clock: Clock, options: PushStreamOptions, handlers: PushStreamHandlers) {
    this.#channel = channel;
    this.#clock = clock;
    this.#options = options;
    this.#handlers = handlers;
    const { framing, maxApdu, gapMs } = options;
    this.#receiver = createPushReceiver({ framing, maxApdu, gapMs });
    channel.onBytes((bytes) => this.#bytes(bytes));
    channel.onClosed((reason) => this.#end(reason));
  }

  /** What the stream turned out to be; undefined until the first good frame. */
  get framing(): PushFraming | undefined {
    return this.#receiver.framing;
  }

  get counters(): Readonly<PushCounters> {
    return this.#receiver.counters;
  }

  /** Sends an APDU back to where `pushed` came from; failures are told as faults. */
  reply(pushed: PushedApdu, apdu: Uint8Array): void {
    const { gateway } = pushed.peer;
    const options = { from: 'client', ...(gateway === undefined ? {} : { gateway }) } as const;
    try {
      for (const frame of framePushed(apdu, routeBack(pushed.route), options)) this.#send(frame);
    } catch (error) {
      this.#handlers.onFault(toDcuError(error));
    }
  }

  close(): Promise<void> {
    return this.#channel.close();
  }

  #send(bytes: Uint8Array): void {
    this.#options.trace?.({ direction: 'out', timeMs: this.#clock.now(), bytes });
    this.#channel.write(bytes).catch((thrown: unknown) => {
      const error = toDcuError(thrown);
      // Whoever has hung up does not wait for an answer.
      if (error.code !== 'link-closed') this.#handlers.onFault(error);
    });
  }

  #bytes(bytes: Uint8Array): void {
    this.#options.trace?.({ direction: 'in', timeMs: this.#clock.now(), bytes });
    this.#step({ on: 'bytes', bytes });
    if (this.#options.datagrams) this.#step({ on: 'timer', timer: GAP_TIMER });
  }

  #end(reason: DcuError | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#step({ on: 'closed', ...(reason === undefined ? {} : { reason }) });
    this.#cancelGap?.();
    this.#handlers.onClosed();
  }

  #step(input: Parameters<PushReceiver['step']>[0]): void {
    const { badFrames, droppedBytes, droppedSegments } = this.counters;
    for (const effect of this.#receiver.step(input, this.#clock.monotonicMs())) {
      switch (effect.do) {
        case 'emit':
          this.#handlers.onPushed(effect.event);
          break;
        case 'arm':
          this.#arm(effect.delayMs);
          break;
        case 'disarm':
          this.#cancelGap?.();
          break;
        default:
      }
    }
    const bad = this.counters.badFrames - badFrames;
    const dropped = this.counters.droppedBytes - droppedBytes;
    const segments = this.counters.droppedSegments - droppedSegments;
    if (bad + dropped + segments === 0) return;
    this.#handlers.onFault(
      new DcuError(
        'frame-corrupt',
        `${dropped} bytes belong to no good frame, ${segments} segments to no APDU`,
        {
          facts: { badFrames: bad, droppedBytes: dropped, droppedSegments: segments },
        },
      ),
    );
  }

  #arm(delayMs: number): void {
    this.#cancelGap?.();
    if (this.#closed) return;
    this.#cancelGap = this.#clock.after(delayMs, () => this.#step({ on: 'timer', timer: GAP_TIMER }));
  }
}
