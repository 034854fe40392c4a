import { readdirSync } from 'node:fs';
import type { DcuError } from '../../src/base/errors.ts';
import type { ByteChannel } from '../../src/channels/channel.ts';

/** Gathers what comes until `length` bytes are there. */
export function gather(channel: ByteChannel, length: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const whole = new Uint8Array(length);
    let at = 0;
    channel.onBytes((bytes) => {
      whole.set(bytes.subarray(0, length - at), at);
      at += bytes.length;
      if (at >= length) resolve(whole);
    });
    channel.onClosed((reason) => reject(reason ?? new Error(`closed after ${at} of ${length} bytes`)));
  });
}

export function ended(channel: ByteChannel): Promise<DcuError | undefined> {
  return new Promise((resolve) => {
    channel.onClosed(resolve);
  });
}

export async function eventually(what: () => boolean, limitMs = 3000): Promise<boolean> {
  for (const end = performance.now() + limitMs; performance.now() < end; await Bun.sleep(5))
    if (what()) return true;
  return what();
}

export function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

/** Not periodic within the sizes used, so that lost, doubled and exchanged bytes show. */
export function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}
