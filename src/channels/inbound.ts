import type { DcuError } from '../base/errors.ts';

/** Bytes that may come before somebody listens. */
export const EARLY_BYTES_LIMIT = 256 * 1024;

/** The receiving half that every channel has: one listener each, early bytes kept, one end. */
export class Inbound {
  #listener: ((bytes: Uint8Array) => void) | undefined;
  #closedListener: ((reason?: DcuError) => void) | undefined;
  #early: Uint8Array[] = [];
  #earlyLength = 0;
  #end: { readonly reason: DcuError | undefined } | undefined;

  get ended(): boolean {
    return this.#end !== undefined;
  }

  /** False when nobody listens and the bound is passed: the bytes are not kept. */
  push(bytes: Uint8Array): boolean {
    if (this.#end !== undefined) return true;
    if (this.#listener !== undefined) {
      this.#listener(bytes);
      return true;
    }
    if (this.#earlyLength + bytes.length > EARLY_BYTES_LIMIT) return false;
    this.#early.push(bytes);
    this.#earlyLength += bytes.length;
    return true;
  }

  onBytes(listener: (bytes: Uint8Array) => void): void {
    this.#listener = listener;
    this.#earlyLength = 0;
    for (const bytes of this.#early.splice(0)) listener(bytes);
  }

  /** A listener that comes after the end hears of it at once. */
  onClosed(listener: (reason?: DcuError) => void): void {
    this.#closedListener = listener;
    if (this.#end !== undefined) listener(this.#end.reason);
  }

  /** The first call counts. */
  end(reason?: DcuError): void {
    if (this.#end !== undefined) return;
    this.#end = { reason };
    this.#closedListener?.(reason);
  }
}
