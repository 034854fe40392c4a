import { equalBytes } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import { TAG } from '../apdu/tags.ts';
import { decodeCiphered, encodeCiphered, isCiphered } from '../ciphering/ciphered-apdu.ts';
import { GlobalCipher, PROTECTION_OVERHEAD } from '../ciphering/global-cipher.ts';
import { satisfies } from '../ciphering/security-control.ts';
import type { AssociationConfig } from '../client-types.ts';

/** What a server sends unprotected even in a ciphered association: it could not protect it. */
const PLAIN_ALLOWED: ReadonlySet<number> = new Set([
  TAG.aare,
  TAG.rlre,
  TAG.exceptionResponse,
  TAG.confirmedServiceError,
]);

/** Throws `invalid-field` naming what the mechanism or policy needs and the configuration lacks. */
export function checkAssociationConfig(config: AssociationConfig): void {
  const needsKeys = config.policy !== 'none' || config.auth === 'hls-gmac';
  const sizes = { systemTitle: 8, encryptionKey: 16, authenticationKey: 16 } as const;
  for (const field of ['systemTitle', 'encryptionKey', 'authenticationKey'] as const) {
    const value = config[field];
    if ((needsKeys || value !== undefined) && value?.length !== sizes[field]) {
      throw new DcuError('invalid-field', `${field} of ${sizes[field]} bytes is needed`, { field });
    }
  }
  if (needsKeys && config.nextInvocationCounter === undefined) {
    throw new DcuError('invalid-field', 'ciphering needs invocation counters', {
      field: 'nextInvocationCounter',
    });
  }
  if (config.auth === 'lls' && config.password === undefined) {
    throw new DcuError('invalid-field', 'LLS needs a password', { field: 'password' });
  }
  if (!Number.isInteger(config.maxPduSize) || config.maxPduSize < 0 || config.maxPduSize > 0xffff) {
    throw new DcuError('invalid-field', 'maxPduSize is from 0 to 65535', { field: 'maxPduSize' });
  }
}

/** The client's side of message protection during one association. */
export class ClientSecurity {
  readonly #config: AssociationConfig;
  readonly #cipher: GlobalCipher | undefined;
  #serverTitle: Uint8Array | undefined;
  #lowestCounter: number;

  constructor(config: AssociationConfig) {
    this.#config = config;
    this.#serverTitle = config.meterSystemTitle;
    this.#lowestCounter = config.lowestMeterCounter ?? 0;
    const { encryptionKey, authenticationKey } = config;
    const needed = config.policy !== 'none' || config.auth === 'hls-gmac';
    this.#cipher =
      needed && encryptionKey && authenticationKey
        ? new GlobalCipher(encryptionKey, authenticationKey)
        : undefined;
  }

  get ciphered(): boolean {
    return this.#config.policy !== 'none';
  }

  /** Bytes that protection adds to a request. */
  get overhead(): number {
    return this.ciphered ? PROTECTION_OVERHEAD : 0;
  }

  get serverTitle(): Uint8Array | undefined {
    return this.#serverTitle;
  }

  /** What the next association must not fall below. */
  get lowestCounter(): number {
    return this.#lowestCounter;
  }

  /** The system title that the AARE states wins over the configured one. */
  learnServerTitle(title: Uint8Array | undefined): void {
    if (title === undefined) return;
    if (title.length === 8) this.#serverTitle = title.slice();
    else if (this.#cipher !== undefined) {
      throw new DcuError(
        'authentication-failed',
        `the server states a system title of ${title.length} bytes`,
      );
    }
  }

  /** The APDU as it goes out under the association's policy. */
  protect(apdu: Uint8Array): Uint8Array {
    const { policy, systemTitle } = this.#config;
    if (policy === 'none' || this.#cipher === undefined || systemTitle === undefined) return apdu;
    const sealed = this.#cipher.seal(policy, systemTitle, this.#nextCounter(), apdu);
    return encodeCiphered('service-specific', apdu[0] ?? 0, systemTitle, sealed);
  }

  /**
   * The plain APDU. Throws `security-required` when it is protected less than the policy asks for,
   * `decryption-failed`, or `replay-detected` for an invocation counter that was there already.
   */
  unprotect(apdu: Uint8Array): Uint8Array {
    const tag = apdu[0] ?? 0;
    if (!isCiphered(tag)) {
      if (this.ciphered && !PLAIN_ALLOWED.has(tag)) throw unprotected(tag);
      return apdu;
    }
    const { sealed, systemTitle } = decodeCiphered(apdu);
    const title = systemTitle ?? this.#serverTitle;
    if (this.#cipher === undefined || title === undefined) {
      throw new DcuError('decryption-failed', 'a ciphered answer, and no keys or system title to open it');
    }
    if (this.#config.systemTitle !== undefined && equalBytes(title, this.#config.systemTitle)) {
      throw new DcuError('decryption-failed', 'an APDU of our own came back');
    }
    const opened = this.#cipher.open(title, sealed);
    if (!satisfies(opened.policy, this.#config.policy)) throw unprotected(tag);
    this.#acceptCounter(opened.invocationCounter);
    return opened.plaintext;
  }

  /** Pass 3 of HLS-GMAC: what proves to the server that we know the keys. */
  answerChallenge(challenge: Uint8Array): Uint8Array {
    const { systemTitle } = this.#config;
    if (this.#cipher === undefined || systemTitle === undefined) throw noKeys();
    return this.#cipher.gmac(systemTitle, this.#nextCounter(), challenge);
  }

  /** Pass 4: whether the server has proved the same. Its counter may lie below that of the APDU around it. */
  verifyAnswer(challenge: Uint8Array, value: Uint8Array): boolean {
    if (this.#cipher === undefined) throw noKeys();
    return this.#serverTitle !== undefined && this.#cipher.verifyGmac(this.#serverTitle, challenge, value);
  }

  release(): void {
    this.#cipher?.release();
  }

  #nextCounter(): number {
    const next = this.#config.nextInvocationCounter;
    if (next === undefined) throw noKeys();
    return next();
  }

  #acceptCounter(counter: number): void {
    if (counter < this.#lowestCounter) {
      throw new DcuError('replay-detected', `invocation counter ${counter} is below ${this.#lowestCounter}`, {
        facts: { received: counter, lowest: this.#lowestCounter },
      });
    }
    this.#lowestCounter = counter + 1;
  }
}

function unprotected(tag: number): DcuError {
  return new DcuError(
    'security-required',
    'the server answers with less protection than the policy asks for',
    {
      facts: { tag },
    },
  );
}

function noKeys(): DcuError {
  return new DcuError('invalid-field', 'no keys for this association', { field: 'encryptionKey' });
}
