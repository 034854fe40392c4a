import { expect } from 'bun:test';
import { DcuError } from '../../src/base/errors.ts';
import { SeededRandom } from '../../src/base/random.ts';

/** Runs a decoder and returns its value, or undefined after a DcuError; any other error fails the test. */
export function attempt<Value>(decode: () => Value): Value | undefined {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof DcuError)) throw error;
    expect(error.code).not.toBe('internal');
    return undefined;
  }
}

export function codeOf(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (!(error instanceof DcuError)) throw error;
    return error.code;
  }
}

/** Every truncation, every single-bit flip and a number of random changes end in a value or in a DcuError. */
export function expectTotal(bytes: Uint8Array, decode: (bytes: Uint8Array) => unknown, seed = 1): void {
  for (let length = 0; length < bytes.length; length++) attempt(() => decode(bytes.slice(0, length)));
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = bytes.slice();
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    attempt(() => decode(flipped));
  }
  const random = new SeededRandom(seed);
  for (let i = 0; i < 200; i++) {
    const changed = bytes.slice();
    for (let k = 0; k < 4; k++) {
      changed[Math.floor(random.next() * changed.length)] = Math.floor(random.next() * 256);
    }
    attempt(() => decode(changed));
  }
}
