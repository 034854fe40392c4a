import { concat } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import type { SecuritySuite } from '../../base/model.ts';
import {
  ecdsaSign,
  ecdsaVerify,
  generateEcKeyPair,
  scalarSize,
  unwrapKey,
  wrapKey,
} from '../../kernels/index.ts';
import type { GeneralHeader, KeyInfo } from '../apdu/general-ciphering.ts';
import { agreedKey, partyWithTransaction } from './key-derivation.ts';
import { publicKeyFacts, suiteFacts } from './suite.ts';
import type { CipheringForm, EcKeyPair, KeyMaterial } from './types.ts';

/** The forms of general-ciphering whose key is made for one message. */
export type OneTimeForm = Extract<
  CipheringForm,
  'wrapped-key' | 'one-pass-diffie-hellman' | 'static-unified-model'
>;

/** `master-key` of the enumeration kek-id. */
const MASTER_KEK_ID = 0;
const ONE_PASS = 1;
const STATIC_UNIFIED = 2;
const NOTHING = new Uint8Array(0);

/** What one-time keys are made of. */
export interface OneTimeKeySource {
  readonly suite: SecuritySuite;
  readonly keys: KeyMaterial;
}

/** A key for one message, to be wiped after use, and what tells the recipient which. */
export interface OneTimeKey {
  readonly key: Uint8Array;
  readonly keyInfo: KeyInfo;
}

/**
 * The key under which we send one message (Green Book 9.2.3.4.6). Throws `invalid-field` naming the key material that
 * the form needs, `unsupported` for an agreed key in suite 0.
 */
export function oneTimeKeyFor(
  form: OneTimeForm,
  source: OneTimeKeySource,
  header: GeneralHeader,
  randomBytes: (length: number) => Uint8Array,
): OneTimeKey {
  const { suite, keys } = source;
  switch (form) {
    case 'wrapped-key': {
      const masterKey = needed(keys.masterKey, 'masterKey');
      const key = randomBytes(suiteFacts(suite).keyLength);
      return {
        key,
        keyInfo: { kind: 'wrapped', kekId: MASTER_KEK_ID, keyCipheredData: wrapKey(masterKey, key) },
      };
    }
    case 'one-pass-diffie-hellman':
      return onePassKey(source, header, randomBytes);
    case 'static-unified-model': {
      const own = needed(keys.agreementKey, 'agreementKey');
      const peer = needed(keys.peerAgreementKey, 'peerAgreementKey');
      return {
        key: agreed(source, own, peer, header, STATIC_UNIFIED, 'peerAgreementKey'),
        keyInfo: { kind: 'agreed', keyParameters: Uint8Array.of(STATIC_UNIFIED), keyCipheredData: NOTHING },
      };
    }
  }
}

function onePassKey(
  source: OneTimeKeySource,
  header: GeneralHeader,
  randomBytes: (length: number) => Uint8Array,
): OneTimeKey {
  const { suite, keys } = source;
  const { curve } = publicKeyFacts(suite);
  const peer = needed(keys.peerAgreementKey, 'peerAgreementKey');
  const { privateKey } = needed(keys.signingKey, 'signingKey');
  const ephemeral = generateEcKeyPair(curve, randomBytes);
  const key = agreed(source, ephemeral, peer, header, ONE_PASS, 'peerAgreementKey');
  ephemeral.privateKey.fill(0);
  const signature = ecdsaSign(curve, privateKey, ephemeral.publicKey);
  return {
    key,
    keyInfo: {
      kind: 'agreed',
      keyParameters: Uint8Array.of(ONE_PASS),
      keyCipheredData: concat([ephemeral.publicKey, signature]),
    },
  };
}

/**
 * The key under which a peer has sent one message. Throws `decryption-failed` when a wrapped key or the signature of an
 * ephemeral key does not verify, or naming the key material that we lack; `apdu-invalid` for key-info that says nothing
 * known.
 */
export function oneTimeKeyOf(
  keyInfo: Exclude<KeyInfo, { kind: 'identified' }>,
  source: OneTimeKeySource,
  header: GeneralHeader,
): { readonly form: OneTimeForm; readonly key: Uint8Array } {
  const { suite, keys } = source;
  if (keyInfo.kind === 'wrapped') {
    return { form: 'wrapped-key', key: unwrapped(keyInfo, suite, held(keys.masterKey, 'masterKey')) };
  }
  const parameters = keyInfo.keyParameters.length === 1 ? keyInfo.keyParameters[0] : undefined;
  switch (parameters) {
    case ONE_PASS: {
      const own = held(keys.agreementKey, 'agreementKey');
      const signer = held(keys.peerSigningKey, 'peerSigningKey');
      const peer = verifiedEphemeral(suite, keyInfo.keyCipheredData, signer);
      return {
        form: 'one-pass-diffie-hellman',
        key: agreed(source, own, peer, header, ONE_PASS, undefined),
      };
    }
    case STATIC_UNIFIED: {
      const own = held(keys.agreementKey, 'agreementKey');
      const peer = held(keys.peerAgreementKey, 'peerAgreementKey');
      return {
        form: 'static-unified-model',
        key: agreed(source, own, peer, header, STATIC_UNIFIED, 'peerAgreementKey'),
      };
    }
    default:
      throw new DcuError('apdu-invalid', 'key parameters of an unknown key agreement', {
        facts: { length: keyInfo.keyParameters.length, ...(parameters === undefined ? {} : { parameters }) },
      });
  }
}

function unwrapped(
  keyInfo: Extract<KeyInfo, { kind: 'wrapped' }>,
  suite: SecuritySuite,
  masterKey: Uint8Array,
): Uint8Array {
  if (keyInfo.kekId !== MASTER_KEK_ID) {
    throw new DcuError('apdu-invalid', `key-encrypting key ${keyInfo.kekId} is not known`);
  }
  const key = unwrapKey(masterKey, keyInfo.keyCipheredData);
  if (key?.length === suiteFacts(suite).keyLength) return key;
  key?.fill(0);
  throw new DcuError('decryption-failed', 'the wrapped key does not verify');
}

function verifiedEphemeral(suite: SecuritySuite, data: Uint8Array, signer: Uint8Array): Uint8Array {
  const { curve } = publicKeyFacts(suite);
  const size = 2 * scalarSize(curve);
  const publicKey = data.subarray(0, size);
  if (data.length !== 2 * size || !ecdsaVerify(curve, signer, publicKey, data.subarray(size))) {
    throw new DcuError('decryption-failed', 'the ephemeral key is not signed by the originator');
  }
  return publicKey;
}

/** `field` names the configured key that cannot be a point; undefined when the point came from the peer. */
function agreed(
  source: OneTimeKeySource,
  own: EcKeyPair,
  peer: Uint8Array,
  header: GeneralHeader,
  scheme: typeof ONE_PASS | typeof STATIC_UNIFIED,
  field: string | undefined,
): Uint8Array {
  const { originatorSystemTitle, recipientSystemTitle, transactionId } = header;
  const u =
    scheme === ONE_PASS ? originatorSystemTitle : partyWithTransaction(originatorSystemTitle, transactionId);
  const key = agreedKey(
    source.suite,
    own,
    peer,
    { u, v: recipientSystemTitle },
    { edition: source.keys.keyDerivation ?? 'current' },
  );
  if (key !== undefined) return key;
  throw field === undefined
    ? new DcuError('decryption-failed', 'the ephemeral key is not a point of the curve')
    : new DcuError('invalid-field', `${field} is not a point of the curve`, { field });
}

function needed<Key>(key: Key | undefined, field: string): Key {
  if (key !== undefined) return key;
  throw new DcuError('invalid-field', `${field} is needed to protect in this way`, { field });
}

function held<Key>(key: Key | undefined, field: string): Key {
  if (key !== undefined) return key;
  throw new DcuError('decryption-failed', `${field} is needed to open this, and not there`, { field });
}
