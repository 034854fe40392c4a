import { crc16 } from './crc.ts';
import { createWasmGcmKey } from './gcm.ts';
import { createHdlcDeframer } from './hdlc.ts';
import { decodeProfile } from './profile.ts';

/** Enough for the optimising compiler to have taken over (measured: cold code is 25 to 35 times slower). */
const ROUNDS = 300;

/** An idle RR frame, and a UA frame with negotiated parameters. */
const FRAMES = Uint8Array.fromHex(
  '7ea00702ff13b1fa7b7e7ea01f030273939e81801405020080060200800704000000010804000000010c4c7e',
);

/** Two rows of date-time and two registers. */
const PROFILE = Uint8Array.fromHex(
  '01020203090c07ea0b1607000f0000ffc4000600000001120001' +
    '0203090c07ea0b1607001e0000ffc4000600000002120002'.replace(/^/, ''),
);

/**
 * Runs every kernel a few hundred times on data of its own, since cold code is interpreted. Takes some 20 ms;
 * call it once at start, off the first request.
 */
export function warmUp(): void {
  const key = createWasmGcmKey(new Uint8Array(16));
  const deframer = createHdlcDeframer({ maxFrameLength: 2047 });
  const iv = new Uint8Array(12);
  const aad = new Uint8Array(17);
  const text = new Uint8Array(200);
  for (let i = 0; i < ROUNDS; i++) {
    crc16(text);
    deframer.push(FRAMES);
    decodeProfile(PROFILE, ['date-time', 'number', 'number']);
    key.open(iv, aad, key.seal(iv, aad, text, 12), 12);
    key.crypt(iv, text);
    createWasmGcmKey(aad.subarray(0, 16)).release();
  }
  key.release();
}
