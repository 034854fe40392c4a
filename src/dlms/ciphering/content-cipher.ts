import { ByteReader, ByteWriter, concat } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import type { SecurityPolicy } from '../../base/model.ts';
import { createGcmKey, type GcmKey } from '../../kernels/index.ts';
import { isAuthenticated, parseSecurityControl } from './security-control.ts';
import { TAG_LENGTH } from './suite.ts';

/** Security control and invocation counter. */
export const SECURITY_HEADER_LENGTH = 5;
const NOTHING = new Uint8Array(0);

/** The content of a ciphered APDU taken apart; `content` ends with the tag where the policy authenticates. */
export interface SealedContent {
  readonly control: number;
  readonly invocationCounter: number;
  readonly content: Uint8Array;
}

/**
 * Takes sealed content apart. Throws `truncated` when the security header or the tag is not whole; `base` is where the
 * content starts in what the caller reads, for the offset of that error.
 */
export function readSealed(sealed: Uint8Array, base = 0): SealedContent {
  const reader = new ByteReader(sealed);
  const tag = isAuthenticated(parseSecurityControl(reader.peek() ?? 0).policy) ? TAG_LENGTH : 0;
  if (sealed.length < SECURITY_HEADER_LENGTH + tag) {
    throw new DcuError('truncated', `ciphered content of ${sealed.length} bytes`, {
      offset: base + sealed.length,
    });
  }
  const control = reader.u8();
  const invocationCounter = reader.u32();
  return { control, invocationCounter, content: reader.rest() };
}

/**
 * One block cipher key with the authentication key that goes into the additional authenticated data
 * (Green Book 9.2.7.2.4): AES-GCM with a tag of 12 bytes, IV = system title 8, invocation counter 4. AAD = security
 * control, authentication key, `header`, and the plaintext when it is not encrypted. `header` is what general-ciphering
 * adds: its fields from transaction-id to other-information, with their lengths; empty in the other forms.
 */
export class ContentCipher {
  readonly #key: GcmKey;
  readonly #authenticationKey: Uint8Array;

  constructor(key: Uint8Array, authenticationKey: Uint8Array = NOTHING) {
    this.#key = createGcmKey(key);
    this.#authenticationKey = authenticationKey.slice();
  }

  /** Security control, invocation counter, content, and the tag if authenticated. */
  seal(
    control: number,
    systemTitle: Uint8Array,
    invocationCounter: number,
    plaintext: Uint8Array,
    header: Uint8Array = NOTHING,
  ): Uint8Array {
    const iv = initializationVector(systemTitle, invocationCounter);
    const { policy } = parseSecurityControl(control);
    const writer = new ByteWriter(SECURITY_HEADER_LENGTH + plaintext.length + TAG_LENGTH)
      .u8(control)
      .u32(invocationCounter);
    switch (policy) {
      case 'none':
        return writer.put(plaintext).done();
      case 'auth':
        return writer
          .put(plaintext)
          .put(this.#tag(control, iv, plaintext, header))
          .done();
      case 'enc':
        return writer.put(this.#key.crypt(iv, plaintext)).done();
      case 'auth-enc':
        return writer
          .put(this.#key.seal(iv, this.#associated(control, header), plaintext, TAG_LENGTH))
          .done();
    }
  }

  /** Undoes `seal`. Throws `decryption-failed` when the tag does not verify. */
  open(systemTitle: Uint8Array, sealed: SealedContent, header: Uint8Array = NOTHING): Uint8Array {
    const { control, invocationCounter, content } = sealed;
    const iv = initializationVector(systemTitle, invocationCounter);
    const { policy } = parseSecurityControl(control);
    const plaintext = this.#openContent(policy, control, iv, content, header);
    if (plaintext === undefined) {
      throw new DcuError('decryption-failed', 'the authentication tag does not verify', {
        facts: { invocationCounter },
      });
    }
    return plaintext;
  }

  release(): void {
    this.#key.release();
    this.#authenticationKey.fill(0);
  }

  #openContent(
    policy: SecurityPolicy,
    control: number,
    iv: Uint8Array,
    content: Uint8Array,
    header: Uint8Array,
  ): Uint8Array | undefined {
    switch (policy) {
      case 'none':
        return content.slice();
      case 'auth': {
        const split = content.length - TAG_LENGTH;
        const plaintext = content.slice(0, split);
        const associated = this.#associated(control, header, plaintext);
        const verified = this.#key.open(iv, associated, content.subarray(split), TAG_LENGTH);
        return verified === undefined ? undefined : plaintext;
      }
      case 'enc':
        return this.#key.crypt(iv, content);
      case 'auth-enc':
        return this.#key.open(iv, this.#associated(control, header), content, TAG_LENGTH);
    }
  }

  #tag(control: number, iv: Uint8Array, plaintext: Uint8Array, header: Uint8Array): Uint8Array {
    return this.#key.seal(iv, this.#associated(control, header, plaintext), NOTHING, TAG_LENGTH);
  }

  #associated(control: number, header: Uint8Array, plaintext: Uint8Array = NOTHING): Uint8Array {
    return concat([Uint8Array.of(control), this.#authenticationKey, header, plaintext]);
  }
}

function initializationVector(systemTitle: Uint8Array, invocationCounter: number): Uint8Array {
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
