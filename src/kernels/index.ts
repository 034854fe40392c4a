/** The kernels as the rest of the house sees them; nothing outside this folder touches linear memory. */
export { crc16 } from './crc.ts';
export {
  type Curve,
  ecdhSecret,
  ecdsaSign,
  ecdsaVerify,
  ecPublicKey,
  generateEcKeyPair,
  isEcPublicKey,
  scalarSize,
} from './ecc.ts';
export { createGcmKey } from './gcm.ts';
export { type DigestName, digest } from './hash.ts';
export { createHdlcDeframer } from './hdlc.ts';
export { KEY_WRAP_OVERHEAD, unwrapKey, wrapKey } from './key-wrap.ts';
export { resolveNulls } from './nulls.ts';
export { decodeProfile } from './profile.ts';
export type * from './types.ts';
export { warmUp } from './warm-up.ts';
