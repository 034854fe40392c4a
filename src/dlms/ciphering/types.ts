/** Vocabulary of message protection, for both roles (Green Book 9.2). Keys are raw bytes and never enter an error. */

/**
 * How a protected APDU is framed. `service-specific`: glo- or ded- tag of the service. `general-glo`, `general-ded`:
 * general ciphering with the global or dedicated key. The others are general-ciphering with its key-info.
 */
export type CipheringForm =
  | 'service-specific'
  | 'general-glo'
  | 'general-ded'
  /** key-info identified-key: the global unicast key. */
  | 'identified-key'
  /** key-info wrapped-key: a fresh key wrapped with the master key. */
  | 'wrapped-key'
  /** key-info agreed-key with C(1e, 1s): the originator's ephemeral and the recipient's static key. */
  | 'one-pass-diffie-hellman'
  /** key-info agreed-key with C(0e, 2s): both static keys. */
  | 'static-unified-model';

/** A key pair of suite 1 (P-256) or 2 (P-384): private scalar big-endian, public point X and Y without a prefix. */
export interface EcKeyPair {
  readonly privateKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

/**
 * The AlgorithmID from which keys are derived. Edition 8.0 of the Green Book printed 60 85 74 06 08 03 xx, which GBCS and
 * meters of its time took over; later editions encode the object identifier { 2 16 756 5 8 3 xx } as it is, with 05.
 */
export type KdfEdition = 'current' | 'edition-8';

/** What one side needs to protect APDUs and to open those of its peer; all of it optional until it is needed. */
export interface KeyMaterial {
  /** Global unicast encryption key: 16 bytes in suites 0 and 1, 32 in suite 2. */
  readonly encryptionKey?: Uint8Array;
  /** As long as the encryption key. */
  readonly authenticationKey?: Uint8Array;
  /** Global broadcast encryption key. */
  readonly broadcastKey?: Uint8Array;
  /** Key-encrypting key: wraps keys that are transferred or sent along (RFC 3394). */
  readonly masterKey?: Uint8Array;
  /** Our digital signature key. */
  readonly signingKey?: EcKeyPair;
  /** Our static key agreement key. */
  readonly agreementKey?: EcKeyPair;
  /** The peer's public digital signature key. */
  readonly peerSigningKey?: Uint8Array;
  /** The peer's static public key agreement key. */
  readonly peerAgreementKey?: Uint8Array;
  /** How agreed keys are derived: `current` unless told. */
  readonly keyDerivation?: KdfEdition;
}

/** Authentication mechanism 2 is the manufacturer's: f(StoC) and f(CtoS) come from outside. */
export interface HlsHook {
  /** The proof for a challenge, made by the client (pass 3) or the server (pass 4). */
  readonly prove: (challenge: Uint8Array, prover: 'client' | 'server') => Uint8Array;
}
