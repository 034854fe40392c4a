import { fromHex } from '../../../src/base/bytes.ts';
import type { DecodeKeys, KeysOf } from '../../../src/dlms/decode/index.ts';

/** Decode options that hold the same keys for every sender. */
export function withKeys(keys: DecodeKeys): { readonly keysOf: KeysOf } {
  return { keysOf: () => keys };
}

/** The keys that a vector states. */
export function keysOfVector(vector: {
  readonly encryptionKey: string | null;
  readonly authenticationKey: string | null;
}): DecodeKeys {
  return {
    ...(vector.encryptionKey === null ? {} : { encryptionKey: fromHex(vector.encryptionKey) }),
    ...(vector.authenticationKey === null ? {} : { authenticationKey: fromHex(vector.authenticationKey) }),
  };
}
