import { createCipheriv, createDecipheriv } from 'node:crypto';
import { concat } from '../../../src/base/bytes.ts';
import type { SecurityPolicy } from '../../../src/base/model.ts';

/**
 * Suite 0 with global keys a second time, plainly on the runtime's own AES-GCM and sharing no code with `src`: what the
 * tests' hand-made peers speak, and what ours is compared with.
 */

const CONTROL: Readonly<Record<SecurityPolicy, number>> = {
  none: 0,
  auth: 0x10,
  enc: 0x20,
  'auth-enc': 0x30,
};
const NOTHING = new Uint8Array(0);

function word(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

export class SuiteZero {
  readonly #key: Uint8Array;
  readonly #authenticationKey: Uint8Array;

  constructor(encryptionKey: Uint8Array, authenticationKey: Uint8Array) {
    this.#key = encryptionKey;
    this.#authenticationKey = authenticationKey;
  }

  /** Security control, counter, content, tag. */
  seal(policy: SecurityPolicy, title: Uint8Array, counter: number, plaintext: Uint8Array): Uint8Array {
    const control = Uint8Array.of(CONTROL[policy]);
    const authenticated = policy === 'auth' || policy === 'auth-enc';
    const encrypted = policy === 'enc' || policy === 'auth-enc';
    const cipher = createCipheriv('aes-128-gcm', this.#key, concat([title, word(counter)]), {
      authTagLength: 12,
    });
    if (authenticated) {
      cipher.setAAD(concat([control, this.#authenticationKey, encrypted ? NOTHING : plaintext]));
    }
    const content = encrypted ? Uint8Array.from(cipher.update(plaintext)) : plaintext;
    cipher.final();
    const tag = authenticated ? Uint8Array.from(cipher.getAuthTag()) : NOTHING;
    return concat([control, word(counter), content, tag]);
  }

  /** Throws when the tag does not verify. */
  open(
    title: Uint8Array,
    sealed: Uint8Array,
  ): { plaintext: Uint8Array; policy: SecurityPolicy; invocationCounter: number } {
    const control = sealed[0] ?? 0;
    const policy = (['none', 'auth', 'enc', 'auth-enc'] as const).find((one) => CONTROL[one] === control);
    if (policy === undefined) throw new Error(`security control ${control}`);
    const counter = sealed.subarray(1, 5);
    const invocationCounter = new DataView(sealed.buffer, sealed.byteOffset).getUint32(1);
    const authenticated = policy === 'auth' || policy === 'auth-enc';
    const encrypted = policy === 'enc' || policy === 'auth-enc';
    const split = authenticated ? sealed.length - 12 : sealed.length;
    const content = sealed.slice(5, split);
    const iv = concat([title, counter]);
    const decipher = createDecipheriv('aes-128-gcm', this.#key, iv, { authTagLength: 12 });
    if (authenticated) {
      const associated = concat([
        Uint8Array.of(control),
        this.#authenticationKey,
        encrypted ? NOTHING : content,
      ]);
      decipher.setAAD(associated);
      decipher.setAuthTag(sealed.subarray(split));
    }
    const plaintext = encrypted ? Uint8Array.from(decipher.update(content)) : content;
    if (authenticated) decipher.final();
    return { plaintext, policy, invocationCounter };
  }

  /** Security control, counter, tag over the challenge. */
  gmac(title: Uint8Array, counter: number, challenge: Uint8Array): Uint8Array {
    const sealed = this.seal('auth', title, counter, challenge);
    return concat([sealed.subarray(0, 5), sealed.subarray(sealed.length - 12)]);
  }

  verifyGmac(title: Uint8Array, challenge: Uint8Array, value: Uint8Array): boolean {
    if (value.length !== 17) return false;
    const counter = new DataView(value.buffer, value.byteOffset).getUint32(1);
    return this.gmac(title, counter, challenge).toHex() === value.toHex();
  }
}

/** `sealed`, shorter than 64 KB, under the service's glo- tag or in general-glo-ciphering. */
export function encodeCiphered(
  form: 'service-specific' | 'general-glo',
  plainTag: number,
  title: Uint8Array,
  sealed: Uint8Array,
): Uint8Array {
  const length =
    sealed.length < 0x80
      ? Uint8Array.of(sealed.length)
      : Uint8Array.of(0x82, sealed.length >>> 8, sealed.length);
  const hasTag = plainTag !== 0x0f && form === 'service-specific';
  const head = hasTag
    ? Uint8Array.of(plainTag + (plainTag < 0xc0 ? 0x20 : 8))
    : concat([Uint8Array.of(0xdb, title.length), title]);
  return concat([head, length, sealed]);
}

export function decodeCiphered(apdu: Uint8Array): { systemTitle?: Uint8Array; sealed: Uint8Array } {
  const general = apdu[0] === 0xdb;
  const at = general ? 2 + (apdu[1] ?? 0) : 1;
  const first = apdu[at] ?? 0;
  const start = at + 1 + (first < 0x80 ? 0 : first - 0x80);
  const size = apdu.subarray(first < 0x80 ? at : at + 1, start).reduce((sum, byte) => sum * 256 + byte, 0);
  const sealed = apdu.slice(start, start + size);
  return general ? { systemTitle: apdu.slice(2, at), sealed } : { sealed };
}
