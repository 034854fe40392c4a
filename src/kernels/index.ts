/** The kernels as the rest of the house sees them; nothing outside this folder touches linear memory. */
export { crc16 } from './crc.ts';
export { createGcmKey } from './gcm.ts';
export { createHdlcDeframer } from './hdlc.ts';
export { resolveNulls } from './nulls.ts';
export { decodeProfile } from './profile.ts';
export type * from './types.ts';
export { warmUp } from './warm-up.ts';
