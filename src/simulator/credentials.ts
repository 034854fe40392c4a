import type { AuthMechanism, SecuritySuite } from '../base/model.ts';
import { keyBytes, needsKeys, needsSecret } from '../base/security-needs.ts';
import type { EcKeyPair } from '../dlms/ciphering/types.ts';
import { generateEcKeyPair } from '../kernels/index.ts';
import { noise, seedFor } from './noise.ts';

/** What proves who somebody is to a meter; which of it there is depends on the mechanism. */
export interface Credentials {
  /** LLS; and the secret of HLS, HLS-MD5, HLS-SHA1 and HLS-SHA256. */
  readonly password?: string;
  /** HLS-ECDSA: the meter's key pair, and that of its client. */
  readonly signingKeys?: { readonly meter: EcKeyPair; readonly client: EcKeyPair };
  /** HLS-GMAC: global unicast encryption and authentication key, 16 bytes each (suite 2: 32). */
  readonly encryptionKey?: Uint8Array;
  readonly authenticationKey?: Uint8Array;
  /** As long; wraps keys that are transferred. */
  readonly masterKey?: Uint8Array;
}

/** What a meter with this mechanism leaves the factory with. */
export function credentialsOf(
  seed: number,
  meterNo: string,
  auth: AuthMechanism,
  suite: SecuritySuite,
): Credentials {
  const own = seedFor(seed, meterNo);
  if (needsSecret(auth)) {
    const digits = Math.floor(noise(own, 1) * 1e8);
    return { password: String(digits).padStart(8, '0') };
  }
  if (needsKeys({ auth, policy: 'none' })) return keysOf(own, suite);
  if (auth !== 'hls-ecdsa') return {};
  return { signingKeys: { meter: simulatedPair(own, 4, suite), client: simulatedPair(own, 5, suite) } };
}

/** The symmetric keys of the meter that this seed is for. */
export function keysOf(own: number, suite: SecuritySuite): Credentials {
  const length = keyBytes(suite);
  return {
    encryptionKey: simulatedKey(own, 2, length),
    authenticationKey: simulatedKey(own, 3, length),
    masterKey: simulatedKey(own, 6, length),
  };
}

/** Three letters of a manufacturer that does not exist, and the meter number as 40 bits. */
export function systemTitleOf(meterNo: string): Uint8Array {
  const title = new Uint8Array(8);
  new DataView(title.buffer).setBigUint64(0, BigInt(meterNo));
  title.set([0x4f, 0x44, 0x43]);
  return title;
}

function simulatedPair(seed: number, which: number, suite: SecuritySuite): EcKeyPair {
  let attempt = 0;
  return generateEcKeyPair(suite === 2 ? 'P-384' : 'P-256', (length) =>
    simulatedKey(seed, which + 10 * attempt++, length),
  );
}

/** A key out of a seed: reproducible, hence good for a simulation only. */
export function simulatedKey(seed: number, which: number, length = 16): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => Math.floor(noise(seed, which, i) * 256));
}
