import { equalBytes } from '../../base/bytes.ts';
import type { KeyMaterial } from '../ciphering/types.ts';

const KEYS = [
  'encryptionKey',
  'authenticationKey',
  'broadcastKey',
  'masterKey',
  'peerSigningKey',
  'peerAgreementKey',
] as const;
const PAIRS = ['signingKey', 'agreementKey'] as const;

/** Whether an association that works with `used` has to take up `now`. */
export function keysDiffer(now: KeyMaterial, used: KeyMaterial): boolean {
  return (
    KEYS.some((name) => differ(now[name], used[name])) ||
    PAIRS.some((name) => differ(now[name]?.privateKey, used[name]?.privateKey))
  );
}

function differ(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a !== b : !equalBytes(a, b);
}
