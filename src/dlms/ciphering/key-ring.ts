import { DcuError } from '../../base/errors.ts';
import type { SecuritySuite } from '../../base/model.ts';
import { ContentCipher } from './content-cipher.ts';
import { checkKeyMaterial, checkLength, KEY_PAIRS, PEER_KEYS, SYMMETRIC_KEYS, suiteFacts } from './suite.ts';
import type { EcKeyPair, KeyMaterial } from './types.ts';

/** The keys that outlive a message. */
export type LastingKey = 'unicast' | 'broadcast' | 'dedicated';

/** The names that the configuration gives to them. */
export const LASTING_KEY_FIELD = {
  unicast: 'encryptionKey',
  broadcast: 'broadcastKey',
  dedicated: 'dedicatedKey',
} as const satisfies Record<LastingKey, string>;

/** Own copies of one association's keys, each set up once; nothing is left of them after `release`. */
export class KeyRing {
  readonly suite: SecuritySuite;
  readonly #keys: KeyMaterial;
  readonly #dedicatedKey: Uint8Array | undefined;
  readonly #ciphers = new Map<LastingKey, ContentCipher>();
  #released = false;

  /** Throws `invalid-field` naming a key whose length is not that of the suite. */
  constructor(suite: SecuritySuite, keys: KeyMaterial, dedicatedKey: Uint8Array | undefined) {
    this.suite = suite;
    checkKeyMaterial(suite, keys);
    checkLength('dedicatedKey', dedicatedKey, suiteFacts(suite).keyLength);
    this.#keys = copyOf(keys);
    this.#dedicatedKey = dedicatedKey?.slice();
  }

  /** Throws `invalid-argument` once released, as does all that uses a key. */
  get keys(): KeyMaterial {
    if (this.#released) throw new DcuError('invalid-argument', 'the keys were released', { field: 'key' });
    return this.#keys;
  }

  /** Undefined without that key. */
  cipher(which: LastingKey): ContentCipher | undefined {
    const { keys } = this;
    const ready = this.#ciphers.get(which);
    if (ready !== undefined) return ready;
    const key = this.#key(which);
    if (key === undefined) return undefined;
    const cipher = new ContentCipher(key, keys.authenticationKey);
    this.#ciphers.set(which, cipher);
    return cipher;
  }

  /** A cipher for the span of `use`, after which it and `key` are wiped. */
  withKey<Result>(key: Uint8Array, use: (cipher: ContentCipher) => Result): Result {
    const cipher = new ContentCipher(key, this.keys.authenticationKey);
    try {
      return use(cipher);
    } finally {
      cipher.release();
      key.fill(0);
    }
  }

  release(): void {
    this.#released = true;
    for (const cipher of this.#ciphers.values()) cipher.release();
    this.#ciphers.clear();
    const { encryptionKey, authenticationKey, broadcastKey, masterKey, signingKey, agreementKey } =
      this.#keys;
    const secrets = [encryptionKey, authenticationKey, broadcastKey, masterKey, this.#dedicatedKey];
    for (const secret of [...secrets, signingKey?.privateKey, agreementKey?.privateKey]) secret?.fill(0);
  }

  #key(which: LastingKey): Uint8Array | undefined {
    switch (which) {
      case 'unicast':
        return this.#keys.encryptionKey;
      case 'broadcast':
        return this.#keys.broadcastKey;
      case 'dedicated':
        return this.#dedicatedKey;
    }
  }
}

function copyOf(keys: KeyMaterial): KeyMaterial {
  const copies: { -readonly [Field in keyof KeyMaterial]: KeyMaterial[Field] } = {};
  if (keys.keyDerivation !== undefined) copies.keyDerivation = keys.keyDerivation;
  for (const field of [...SYMMETRIC_KEYS, ...PEER_KEYS]) {
    const key = keys[field];
    if (key !== undefined) copies[field] = key.slice();
  }
  for (const field of KEY_PAIRS) {
    const pair = keys[field];
    if (pair !== undefined) copies[field] = copyOfPair(pair);
  }
  return copies;
}

function copyOfPair(pair: EcKeyPair): EcKeyPair {
  return { privateKey: pair.privateKey.slice(), publicKey: pair.publicKey.slice() };
}
