import { ByteReader, equalConstantTime } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import { unwrapKey, wrapKey } from '../../kernels/index.ts';
import type { GeneralHeader } from '../apdu/general-ciphering.ts';
import { openApdu } from './apdu-opener.ts';
import { cipherApdu, signApdu } from './apdu-sealer.ts';
import { type ContentCipher, SECURITY_HEADER_LENGTH } from './content-cipher.ts';
import { KeyRing } from './key-ring.ts';
import {
  type MessageSecurityConfig,
  type OpenedApdu,
  type Protection,
  protectionOverhead,
  TRANSACTION_ID_LENGTH,
} from './protection.ts';
import { securityControl } from './security-control.ts';
import { suiteFacts, TAG_LENGTH } from './suite.ts';

export {
  type MessageSecurityConfig,
  type OpenedApdu,
  type Protection,
  UNPROTECTED,
} from './protection.ts';

const NOTHING = new Uint8Array(0);

/**
 * Protection of APDUs with suites 0, 1 and 2, for both roles (Green Book 9.2.7). The IV under every key is system title
 * and invocation counter. We send under all keys with one counter, which keeps each IV unique and also satisfies peers
 * that keep one counter for everything; what is received counts for each key by itself. `release` wipes the keys; no
 * error carries key bytes or plaintext.
 */
export class MessageSecurity {
  readonly #config: Omit<MessageSecurityConfig, 'dedicatedKey'>;
  readonly #ring: KeyRing;

  /** Throws `invalid-field` naming a key whose length is not that of the suite. */
  constructor(config: MessageSecurityConfig) {
    const { suite, systemTitle, dedicatedKey } = config;
    if (systemTitle.length !== 8) {
      throw new DcuError('invalid-field', `systemTitle has 8 bytes, not ${systemTitle.length}`, {
        field: 'systemTitle',
      });
    }
    this.#config = config;
    this.#ring = new KeyRing(suite, config, dedicatedKey);
  }

  /** Most bytes that `protection` adds to an APDU that is up to 64 KB long when protected. */
  overhead(protection: Protection): number {
    return protectionOverhead(this.#ring.suite, protection);
  }

  /**
   * The APDU under `protection`: signed first, then ciphered (Green Book 9.2.7.3). `recipient` is the peer's system title, which agreed keys
   * need and the other general forms state if known; `transactionId` is that of the request which this one answers.
   * Throws `invalid-field` naming what the protection needs and the configuration lacks.
   */
  protect(
    apdu: Uint8Array,
    protection: Protection,
    recipient: Uint8Array = NOTHING,
    transactionId?: Uint8Array,
  ): Uint8Array {
    const { policy, signed } = protection;
    if (policy === 'none' && !signed) return apdu;
    checkRecipient(recipient);
    const { systemTitle, nextInvocationCounter, randomBytes } = this.#config;
    const counter = nextInvocationCounter?.();
    const header: GeneralHeader = {
      transactionId:
        transactionId ?? (statesTransaction(protection) ? this.#newTransactionId(counter) : NOTHING),
      originatorSystemTitle: systemTitle,
      recipientSystemTitle: recipient,
      dateTime: NOTHING,
      otherInformation: NOTHING,
    };
    const content = signed ? signApdu(this.#ring, apdu, header) : apdu;
    if (policy === 'none') return content;
    if (counter === undefined) throw lacking('nextInvocationCounter');
    return cipherApdu(this.#ring, content, protection, counter, header, randomBytes);
  }

  /**
   * Opens any form, also signed around ciphered and ciphered around signed; an unprotected APDU comes back as it is.
   * `peerTitle` stands in where the APDU does not state its originator. Throws `decryption-failed` when a tag, signature
   * or wrapped key does not verify or a key is not there, `unsupported` for compressed content, `truncated`,
   * `axdr-invalid` or `apdu-invalid` with the offset in the layer that was being read.
   */
  open(apdu: Uint8Array, peerTitle: Uint8Array | undefined): OpenedApdu {
    const { systemTitle, acceptBroadcast = false, anyRecipient = false } = this.#config;
    return openApdu({ ring: this.#ring, systemTitle, peerTitle, acceptBroadcast, anyRecipient }, apdu);
  }

  /** HLS mechanism 5: security control 1, invocation counter 4, GMAC over the challenge 12 (Green Book 9.2.7.4). */
  gmac(invocationCounter: number, challenge: Uint8Array): Uint8Array {
    return this.#gmac(this.#config.systemTitle, invocationCounter, challenge);
  }

  /** Whether `value` is what the peer with the given system title makes of `challenge`. */
  verifyGmac(peerTitle: Uint8Array, challenge: Uint8Array, value: Uint8Array): boolean {
    if (value.length !== SECURITY_HEADER_LENGTH + TAG_LENGTH || peerTitle.length !== 8) return false;
    if (value[0] !== securityControl('auth', this.#ring.suite)) return false;
    const counter = new ByteReader(value, 1).u32();
    return equalConstantTime(this.#gmac(peerTitle, counter, challenge), value);
  }

  /** Key transfer: a key of the suite wrapped with the master key (RFC 3394). */
  wrapKey(key: Uint8Array): Uint8Array {
    return wrapKey(this.#masterKey(), key);
  }

  /** Undoes `wrapKey`; undefined when the integrity value is not there or the key is not one of the suite. */
  unwrapKey(wrapped: Uint8Array): Uint8Array | undefined {
    const key = unwrapKey(this.#masterKey(), wrapped);
    if (key === undefined || key.length === suiteFacts(this.#ring.suite).keyLength) return key;
    key.fill(0);
    return undefined;
  }

  release(): void {
    this.#ring.release();
  }

  /** Security control and counter, with the tag of an empty message behind: the challenge is only authenticated. */
  #gmac(systemTitle: Uint8Array, invocationCounter: number, challenge: Uint8Array): Uint8Array {
    const control = securityControl('auth', this.#ring.suite);
    const sealed = this.#gmacCipher().seal(control, systemTitle, invocationCounter, challenge);
    const out = new Uint8Array(SECURITY_HEADER_LENGTH + TAG_LENGTH);
    out.set(sealed.subarray(0, SECURITY_HEADER_LENGTH));
    out.set(sealed.subarray(sealed.length - TAG_LENGTH), SECURITY_HEADER_LENGTH);
    return out;
  }

  #gmacCipher(): ContentCipher {
    const cipher = this.#ring.cipher('unicast');
    if (cipher === undefined) throw lacking('encryptionKey');
    if (this.#ring.keys.authenticationKey === undefined) throw lacking('authenticationKey');
    return cipher;
  }

  #masterKey(): Uint8Array {
    const { masterKey } = this.#ring.keys;
    if (masterKey === undefined) throw lacking('masterKey');
    return masterKey;
  }

  /** Rises with the counter, so that a peer may refuse what it saw, and repeats not even when the counter does. */
  #newTransactionId(counter: number | undefined): Uint8Array {
    const id = this.#config.randomBytes(TRANSACTION_ID_LENGTH);
    if (counter !== undefined) new DataView(id.buffer, id.byteOffset, id.length).setUint32(0, counter);
    return id;
  }
}

/** Service-specific and general-glo or -ded ciphering have no such field. */
function statesTransaction({ form, signed }: Protection): boolean {
  return signed || !(form === 'service-specific' || form === 'general-glo' || form === 'general-ded');
}

function checkRecipient(recipient: Uint8Array): void {
  if (recipient.length === 0 || recipient.length === 8) return;
  throw new DcuError('invalid-field', `a recipient's system title has 8 bytes, not ${recipient.length}`, {
    field: 'recipient',
  });
}

function lacking(field: string): DcuError {
  return new DcuError('invalid-field', `${field} is needed`, { field });
}
