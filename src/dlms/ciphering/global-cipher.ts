import { ByteReader, ByteWriter, concat, equalConstantTime } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import type { SecurityPolicy } from '../../base/model.ts';
import { createGcmKey, type GcmKey } from '../../kernels/index.ts';
import { parseSecurityControl, securityControl } from './security-control.ts';

/** Bytes of a suite 0 authentication tag. */
const TAG_LENGTH = 12;
/** Security control and invocation counter. */
const HEADER_LENGTH = 5;
const NOTHING = new Uint8Array(0);

/** Most bytes that protection adds to an APDU of up to 64 KB: tag, length, security header, authentication tag. */
export const PROTECTION_OVERHEAD = 1 + 3 + HEADER_LENGTH + TAG_LENGTH;
/** The same in general-glo-ciphering, which repeats the system title. */
export const GENERAL_PROTECTION_OVERHEAD = PROTECTION_OVERHEAD + 9;

export interface Opened {
  readonly plaintext: Uint8Array;
  readonly policy: SecurityPolicy;
  readonly invocationCounter: number;
}

/**
 * Suite 0 with the global unicast encryption key and the authentication key (Green Book 9.2.7). The IV is
 * system title 8 and invocation counter 4. Wipes its keys on `release`; no error of it carries key bytes.
 */
export class GlobalCipher {
  readonly #key: GcmKey;
  readonly #authenticationKey: Uint8Array;

  /** Two keys of 16 bytes; throws `invalid-argument` naming the field. */
  constructor(encryptionKey: Uint8Array, authenticationKey: Uint8Array) {
    if (encryptionKey.length !== 16) throw wrongKey('encryptionKey');
    if (authenticationKey.length !== 16) throw wrongKey('authenticationKey');
    this.#key = createGcmKey(encryptionKey);
    this.#authenticationKey = authenticationKey.slice();
  }

  /** Security control 1, invocation counter 4, content, and the tag of 12 bytes if authenticated. */
  seal(
    policy: SecurityPolicy,
    systemTitle: Uint8Array,
    invocationCounter: number,
    plaintext: Uint8Array,
  ): Uint8Array {
    const control = securityControl(policy);
    const writer = new ByteWriter(HEADER_LENGTH + plaintext.length + TAG_LENGTH)
      .u8(control)
      .u32(invocationCounter);
    const iv = nonce(systemTitle, invocationCounter);
    switch (policy) {
      case 'none':
        return writer.put(plaintext).done();
      case 'auth':
        writer.put(plaintext);
        return writer
          .put(this.#key.seal(iv, this.#associated(control, plaintext), NOTHING, TAG_LENGTH))
          .done();
      case 'enc':
        return writer.put(this.#key.crypt(iv, plaintext)).done();
      case 'auth-enc':
        return writer.put(this.#key.seal(iv, this.#associated(control), plaintext, TAG_LENGTH)).done();
    }
  }

  /**
   * Undoes `seal` of the peer with the given system title. Throws `decryption-failed` when the tag does not
   * verify or the suite, key set or compression is not ours, `truncated` when bytes are missing.
   */
  open(systemTitle: Uint8Array, sealed: Uint8Array): Opened {
    const reader = new ByteReader(sealed);
    const control = reader.u8('security control');
    const invocationCounter = reader.u32('invocation counter');
    const content = reader.rest();
    const { suite, policy, broadcastKey, compressed } = parseSecurityControl(control);
    if (suite !== 0 || broadcastKey || compressed) {
      throw new DcuError('decryption-failed', `security control 0x${control.toString(16)} is not supported`, {
        facts: { suite, broadcastKey, compressed },
      });
    }
    if ((policy === 'auth' || policy === 'auth-enc') && content.length < TAG_LENGTH) {
      throw new DcuError('truncated', `authenticated content of ${content.length} bytes`, { offset: 5 });
    }
    const iv = nonce(systemTitle, invocationCounter);
    const plaintext = this.#openContent(policy, control, iv, content);
    if (plaintext === undefined) {
      throw new DcuError('decryption-failed', 'the authentication tag does not verify', {
        facts: { invocationCounter },
      });
    }
    return { plaintext, policy, invocationCounter };
  }

  #openContent(
    policy: SecurityPolicy,
    control: number,
    iv: Uint8Array,
    content: Uint8Array,
  ): Uint8Array | undefined {
    switch (policy) {
      case 'none':
        return content.slice();
      case 'auth': {
        const split = content.length - TAG_LENGTH;
        const plaintext = content.slice(0, split);
        const tag = content.subarray(split);
        const verified = this.#key.open(iv, this.#associated(control, plaintext), tag, TAG_LENGTH);
        return verified === undefined ? undefined : plaintext;
      }
      case 'enc':
        return this.#key.crypt(iv, content);
      case 'auth-enc':
        return this.#key.open(iv, this.#associated(control), content, TAG_LENGTH);
    }
  }

  /** HLS mechanism 5: security control 10, invocation counter 4, GMAC over the challenge 12 (Green Book 9.2.7.4). */
  gmac(systemTitle: Uint8Array, invocationCounter: number, challenge: Uint8Array): Uint8Array {
    const control = securityControl('auth');
    const iv = nonce(systemTitle, invocationCounter);
    const tag = this.#key.seal(iv, this.#associated(control, challenge), NOTHING, TAG_LENGTH);
    return new ByteWriter(HEADER_LENGTH + TAG_LENGTH).u8(control).u32(invocationCounter).put(tag).done();
  }

  /** Whether `value` is what the peer with the given system title makes of `challenge`. */
  verifyGmac(systemTitle: Uint8Array, challenge: Uint8Array, value: Uint8Array): boolean {
    if (value.length !== HEADER_LENGTH + TAG_LENGTH || value[0] !== securityControl('auth')) return false;
    const counter = new ByteReader(value, 1).u32();
    return equalConstantTime(this.gmac(systemTitle, counter, challenge), value);
  }

  release(): void {
    this.#key.release();
    this.#authenticationKey.fill(0);
  }

  #associated(control: number, data: Uint8Array = NOTHING): Uint8Array {
    return concat([Uint8Array.of(control), this.#authenticationKey, data]);
  }
}

function nonce(systemTitle: Uint8Array, invocationCounter: number): Uint8Array {
  if (systemTitle.length !== 8) {
    throw new DcuError('invalid-argument', `a system title has 8 bytes, not ${systemTitle.length}`, {
      field: 'systemTitle',
    });
  }
  if (!Number.isInteger(invocationCounter) || invocationCounter < 0 || invocationCounter > 0xffffffff) {
    throw new DcuError('invocation-counter-exhausted', 'the invocation counter does not fit 32 bits');
  }
  const iv = new Uint8Array(12);
  iv.set(systemTitle);
  new DataView(iv.buffer).setUint32(8, invocationCounter);
  return iv;
}

function wrongKey(field: string): DcuError {
  return new DcuError('invalid-argument', 'a suite 0 key has 16 bytes', { field });
}
