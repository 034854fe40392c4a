import type { Clock } from '../base/clock.ts';
import type { WrapperLinkConfig } from '../dlms/link/link.ts';
import { type ApduLink, isUnasked, type LinkTiming } from './apdu-link.ts';
import type { Line } from './line.ts';
import { buildWrapperFrame, type WrapperFrame } from './wrapper-frame.ts';

/** The client's end of the wrapper: each frame as it is told to, or APDUs to the configured ports. */
export class WrapperStation implements ApduLink {
  readonly line: Line<WrapperFrame>;
  readonly config: WrapperLinkConfig;
  readonly timeoutMs: number;
  readonly quietMs: number;
  readonly #clock: Clock;

  constructor(
    line: Line<WrapperFrame>,
    config: WrapperLinkConfig,
    context: LinkTiming & { readonly clock: Clock },
  ) {
    this.line = line;
    this.config = config;
    this.timeoutMs = context.timeoutMs;
    this.quietMs = context.quietMs;
    this.#clock = context.clock;
  }

  get closed(): boolean {
    return this.line.closed;
  }

  frame(
    apdu: Uint8Array,
    header: { version?: number; length?: number; source?: number; destination?: number } = {},
  ) {
    const { clientAddress: source, serverAddress: destination } = this.config;
    return buildWrapperFrame({ source, destination, apdu, ...header });
  }

  async ask(frame: Uint8Array, withinMs = this.timeoutMs, note?: string): Promise<WrapperFrame | undefined> {
    await this.line.send(frame, note);
    return this.next(withinMs);
  }

  /** The next frame with an answer in it. */
  async next(withinMs: number): Promise<WrapperFrame | undefined> {
    const untilMs = this.#clock.monotonicMs() + withinMs;
    for (;;) {
      const frame = await this.line.receive(Math.max(0, untilMs - this.#clock.monotonicMs()));
      if (frame === undefined || !isUnasked(frame.apdu)) return frame;
    }
  }

  async silent(): Promise<boolean> {
    return (await this.line.receive(this.quietMs)) === undefined;
  }

  async exchange(apdu: Uint8Array, withinMs = this.timeoutMs): Promise<Uint8Array | undefined> {
    return (await this.ask(this.frame(apdu), withinMs))?.apdu;
  }

  async close(): Promise<void> {
    await this.line.close();
  }
}
