import type { SecuritySuite } from '../../base/model.ts';
import type { GlobalKeyId } from '../ciphering/key-agreement.ts';
import type { EcKeyPair } from '../ciphering/types.ts';
import type { Certificate, KeyUse } from '../ciphering/x509.ts';

/** Symmetric keys that class 64 can replace, by the names of `KeyMaterial`. */
export type KeyName = 'encryptionKey' | 'broadcastKey' | 'authenticationKey' | 'masterKey';

/** key_id of class 64 (Blue Book 4.4.7). */
export const KEY_IDS: Readonly<Record<KeyName, GlobalKeyId>> = {
  encryptionKey: 0,
  broadcastKey: 1,
  authenticationKey: 2,
  masterKey: 3,
};

export function keyNameOf(id: number): KeyName | undefined {
  return (Object.keys(KEY_IDS) as KeyName[]).find((name) => KEY_IDS[name] === id);
}

/** Whom a certificate stands for, as class 64 numbers it (certificate_entity). */
export const CERTIFICATE_ENTITIES = ['server', 'client', 'authority', 'other'] as const;
export type CertificateEntity = (typeof CERTIFICATE_ENTITIES)[number];

export interface StoredCertificate extends Certificate {
  readonly entity: CertificateEntity;
}

/**
 * Where the security of a device is kept: in memory, or on disk. Every change is made whole or not at all, and has
 * happened when the call returns; a call that throws has changed nothing. What it answers from then on is the new state,
 * which associations take over with their next request.
 */
export interface SecurityStore {
  /** Value of security_policy: 0 to 3 in version 0, bits 2 to 7 in version 1. */
  policy(): number;
  setPolicy(policy: number): void;
  suite(): SecuritySuite;
  key(name: KeyName): Uint8Array | undefined;
  /** All of them or none. What is handed in is wiped afterwards: a store keeps copies. */
  replaceKeys(keys: ReadonlyMap<KeyName, Uint8Array>): void;
  /** Our own key pair for a use. */
  keyPair(use: KeyUse): EcKeyPair | undefined;
  /** A pair that was generated counts from the moment on that its certificate is imported. */
  pendingKeyPair(use: KeyUse): EcKeyPair | undefined;
  setPendingKeyPair(use: KeyUse, pair: EcKeyPair): void;
  certificates(): readonly StoredCertificate[];
  /** With `promote` the pending key pair of that use becomes ours, in the same step. */
  addCertificate(certificate: StoredCertificate, promote: KeyUse | undefined): void;
  removeCertificate(certificate: StoredCertificate): void;
}

export interface SecurityState {
  readonly policy: number;
  readonly suite: SecuritySuite;
  readonly keys?: Readonly<Partial<Record<KeyName, Uint8Array>>>;
  readonly keyPairs?: Readonly<Partial<Record<KeyUse, EcKeyPair>>>;
  readonly certificates?: readonly StoredCertificate[];
}

/** A store that forgets everything with the process. */
export class MemorySecurityStore implements SecurityStore {
  #policy: number;
  readonly #suite: SecuritySuite;
  readonly #keys = new Map<KeyName, Uint8Array>();
  readonly #pairs = new Map<KeyUse, EcKeyPair>();
  readonly #pending = new Map<KeyUse, EcKeyPair>();
  #certificates: readonly StoredCertificate[];

  constructor({ policy, suite, keys = {}, keyPairs = {}, certificates = [] }: SecurityState) {
    this.#policy = policy;
    this.#suite = suite;
    this.#certificates = certificates;
    for (const [name, key] of Object.entries(keys)) this.#keys.set(name as KeyName, key.slice());
    for (const [use, pair] of Object.entries(keyPairs)) this.#pairs.set(use as KeyUse, pair);
  }

  policy(): number {
    return this.#policy;
  }

  setPolicy(policy: number): void {
    this.#policy = policy;
  }

  suite(): SecuritySuite {
    return this.#suite;
  }

  key(name: KeyName): Uint8Array | undefined {
    return this.#keys.get(name);
  }

  replaceKeys(keys: ReadonlyMap<KeyName, Uint8Array>): void {
    for (const [name, key] of keys) this.#keys.set(name, key.slice());
  }

  keyPair(use: KeyUse): EcKeyPair | undefined {
    return this.#pairs.get(use);
  }

  pendingKeyPair(use: KeyUse): EcKeyPair | undefined {
    return this.#pending.get(use);
  }

  setPendingKeyPair(use: KeyUse, pair: EcKeyPair): void {
    this.#pending.set(use, pair);
  }

  certificates(): readonly StoredCertificate[] {
    return this.#certificates;
  }

  addCertificate(certificate: StoredCertificate, promote: KeyUse | undefined): void {
    this.#certificates = [...this.#certificates, certificate];
    const pair = promote && this.#pending.get(promote);
    if (promote === undefined || pair === undefined) return;
    this.#pairs.set(promote, pair);
    this.#pending.delete(promote);
  }

  removeCertificate(certificate: StoredCertificate): void {
    this.#certificates = this.#certificates.filter((one) => one !== certificate);
  }
}
