import { equalBytes } from '../../base/bytes.ts';
import { KEY_PAIRS, PEER_KEYS, SYMMETRIC_KEYS } from '../ciphering/suite.ts';
import type { KeyMaterial } from '../ciphering/types.ts';

/** Whether an association that works with `used` has to take up `now`. */
export function keysDiffer(now: KeyMaterial, used: KeyMaterial): boolean {
  return (
    [...SYMMETRIC_KEYS, ...PEER_KEYS].some((name) => differ(now[name], used[name])) ||
    KEY_PAIRS.some((name) => differ(now[name]?.privateKey, used[name]?.privateKey))
  );
}

function differ(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a !== b : !equalBytes(a, b);
}
