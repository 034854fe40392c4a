import { ByteReader, ByteWriter, concat } from '../base/bytes.ts';
import { DcuError } from '../base/errors.ts';
import type { SecurityPolicy, SecuritySuite } from '../base/model.ts';
import { createGcmKey } from '../kernels/index.ts';
import type { TargetSecurity } from './target.ts';

/**
 * Sealed content as a tester needs it (Green Book 9.2.7): every part of it can be wrong. It stands apart from the
 * library's own ciphering, so that both can be held against each other.
 */

const TAG_BYTES = 12;
const NOTHING = new Uint8Array(0);
export const AUTHENTICATED = 0x10;
export const ENCRYPTED = 0x20;

export const POLICY_BITS: Readonly<Record<SecurityPolicy, number>> = {
  none: 0,
  auth: AUTHENTICATED,
  enc: ENCRYPTED,
  'auth-enc': AUTHENTICATED | ENCRYPTED,
};

export interface Keys {
  readonly encryptionKey: Uint8Array;
  readonly authenticationKey: Uint8Array;
}

export interface Opened {
  readonly plain: Uint8Array;
  readonly control: number;
  readonly counter: number;
}

/** Keys of the target. @throws DcuError `invalid-field` where a ciphered association has none */
export function keysOf({ encryptionKey, authenticationKey }: TargetSecurity): Keys {
  if (encryptionKey === undefined || authenticationKey === undefined) {
    throw new DcuError('invalid-field', 'no keys for this association', { field: 'encryptionKey' });
  }
  return { encryptionKey, authenticationKey };
}

/** Security control, invocation counter, content and tag; `further` is authenticated with it. */
export function sealBytes(
  plain: Uint8Array,
  control: number,
  counter: number,
  systemTitle: Uint8Array,
  { encryptionKey, authenticationKey }: Keys,
  further: Uint8Array = NOTHING,
): Uint8Array {
  const key = createGcmKey(encryptionKey);
  try {
    const iv = nonce(systemTitle, counter);
    const associated = concat([Uint8Array.of(control), authenticationKey, further]);
    const header = new ByteWriter(5).u8(control).u32(counter).done();
    switch (control & (AUTHENTICATED | ENCRYPTED)) {
      case AUTHENTICATED:
        return concat([header, plain, key.seal(iv, concat([associated, plain]), NOTHING, TAG_BYTES)]);
      case ENCRYPTED:
        return concat([header, key.crypt(iv, plain)]);
      case AUTHENTICATED | ENCRYPTED:
        return concat([header, key.seal(iv, associated, plain, TAG_BYTES)]);
      default:
        return concat([header, plain]);
    }
  } finally {
    key.release();
  }
}

/** Undefined when the tag does not verify or bytes are missing. */
export function openBytes(
  sealed: Uint8Array,
  systemTitle: Uint8Array,
  { encryptionKey, authenticationKey }: Keys,
  further: Uint8Array = NOTHING,
): Opened | undefined {
  if (sealed.length < 5) return undefined;
  const reader = new ByteReader(sealed);
  const control = reader.u8();
  const counter = reader.u32();
  const content = reader.rest();
  const iv = nonce(systemTitle, counter);
  const associated = concat([Uint8Array.of(control), authenticationKey, further]);
  const key = createGcmKey(encryptionKey);
  try {
    const split = content.length - TAG_BYTES;
    if ((control & AUTHENTICATED) !== 0 && split < 0) return undefined;
    switch (control & (AUTHENTICATED | ENCRYPTED)) {
      case AUTHENTICATED: {
        const plain = content.slice(0, split);
        const good = key.open(iv, concat([associated, plain]), content.subarray(split), TAG_BYTES);
        return good === undefined ? undefined : { plain, control, counter };
      }
      case ENCRYPTED:
        return { plain: key.crypt(iv, content), control, counter };
      case AUTHENTICATED | ENCRYPTED: {
        const plain = key.open(iv, associated, content, TAG_BYTES);
        return plain === undefined ? undefined : { plain, control, counter };
      }
      default:
        return { plain: content.slice(), control, counter };
    }
  } finally {
    key.release();
  }
}

function nonce(systemTitle: Uint8Array, counter: number): Uint8Array {
  return new ByteWriter(12).put(systemTitle).u32(counter).done();
}

/** GMAC of a challenge as HLS mechanism 5 proves it: control, counter, tag. */
export function gmac(
  challenge: Uint8Array,
  suite: SecuritySuite,
  counter: number,
  systemTitle: Uint8Array,
  keys: Keys,
): Uint8Array {
  const sealed = sealBytes(challenge, AUTHENTICATED | suite, counter, systemTitle, keys);
  return concat([sealed.subarray(0, 5), sealed.subarray(5 + challenge.length)]);
}
