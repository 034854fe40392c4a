import type { Clock } from '../base/clock.ts';
import type { DcuError } from '../base/errors.ts';
import type { LineSettings } from '../base/machine.ts';
import type { ByteChannel } from '../channels/channel.ts';
import type { FaultSet } from './faults.ts';

/** The meter's end of a line on which its faults act: what it hears and what it says. */
export class FaultyChannel implements ByteChannel {
  readonly name: string;
  readonly #inner: ByteChannel;
  readonly #faults: FaultSet;
  readonly #clock: Clock;
  readonly #muted: () => boolean;
  readonly #onOver: () => void;
  readonly #pending = new Set<() => void>();
  #readyAtMs = 0;

  /** `muted`: whether the meter is without power or still starting. `onOver`: called when the channel has ended. */
  constructor(inner: ByteChannel, faults: FaultSet, clock: Clock, muted: () => boolean, onOver: () => void) {
    this.name = inner.name;
    this.#inner = inner;
    this.#faults = faults;
    this.#clock = clock;
    this.#muted = muted;
    this.#onOver = onOver;
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.#isSilent()) return Promise.resolve();
    const left = this.#faults.pass(bytes);
    if (left === undefined) return Promise.resolve();
    const nowMs = this.#clock.monotonicMs();
    this.#readyAtMs = Math.max(this.#readyAtMs, nowMs + this.#faults.delayMs);
    if (this.#readyAtMs <= nowMs) return this.#inner.write(left);
    const kept = left.slice();
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(this.#readyAtMs - nowMs, () => {
        this.#pending.delete(drop);
        this.#inner.write(kept).then(resolve, reject);
      });
      const drop = (): void => {
        cancel();
        resolve();
      };
      this.#pending.add(drop);
    });
  }

  async configure(settings: LineSettings): Promise<void> {
    await this.#inner.configure?.(settings);
  }

  onBytes(listener: (bytes: Uint8Array) => void): void {
    this.#inner.onBytes((bytes) => {
      if (this.#isSilent()) return;
      const left = this.#faults.pass(bytes);
      if (left !== undefined) listener(left);
    });
  }

  onClosed(listener: (reason?: DcuError) => void): void {
    this.#inner.onClosed((reason) => {
      this.#dropPending();
      listener(reason);
      this.#onOver();
    });
  }

  close(): Promise<void> {
    this.#dropPending();
    return this.#inner.close();
  }

  #isSilent(): boolean {
    return this.#faults.has('silence') || this.#muted();
  }

  #dropPending(): void {
    for (const drop of this.#pending) drop();
    this.#pending.clear();
  }
}
