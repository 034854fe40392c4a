import type { SecurityPolicy } from '../../base/model.ts';
import { keyBytes } from '../../base/security-needs.ts';
import { generateEcKeyPair, unwrapKey } from '../../kernels/index.ts';
import { encodeData } from '../axdr.ts';
import { completeAgreement, makeEphemeralShare } from '../ciphering/key-agreement.ts';
import { publicKeyFacts } from '../ciphering/suite.ts';
import { certificateRequest, KEY_USES, type KeyUse } from '../ciphering/x509.ts';
import type { DlmsData } from '../data.ts';
import type { AssociationPolicy, Caller, CosemResponse } from '../server-types.ts';
import { array, enumeration, octetString, structure } from '../values.ts';
import { type CosemObject, constant, type MethodSource } from './cosem-object.ts';
import { certificateData, identifiedCertificate, importCertificate } from './security-certificates.ts';
import { KEY_IDS, type KeyName, keyNameOf, type SecurityStore } from './security-store.ts';

/** What has happened to the security of a device, for its fraud log. */
export interface SecurityChange {
  readonly what:
    | 'policy-activated'
    | 'keys-replaced'
    | 'key-pair-generated'
    | 'certificate-imported'
    | 'certificate-removed';
  readonly caller: Caller;
  /** Which keys, where keys were replaced. */
  readonly keys?: readonly KeyName[];
}

export interface SecuritySetupConfig {
  /** 0.0.43.0.0.255 if not given. */
  readonly obis?: string;
  /** Version 1 has certificates, key agreement, and a policy of bits. */
  readonly version: 0 | 1;
  /** Of the device. */
  readonly systemTitle: Uint8Array;
  readonly store: SecurityStore;
  readonly randomBytes: (length: number) => Uint8Array;
  readonly onChange?: (change: SecurityChange) => void;
}

/** Bits of version 1's policy (Blue Book, class 64); bits 0 and 1 are reserved. */
const REQUEST_SHIFT = 2;
const RESPONSE_SHIFT = 5;
const AUTHENTICATED = 1;
const ENCRYPTED = 2;
const SIGNED = 4;
const SIGNING_BITS = (SIGNED << REQUEST_SHIFT) | (SIGNED << RESPONSE_SHIFT);
const RESERVED_BITS = 0b11;
const HIGHEST_V0 = 3;
const POLICIES = ['none', 'auth', 'enc', 'auth-enc'] as const satisfies readonly SecurityPolicy[];

/** What a value of security_policy asks of an association. */
export function policyOf(
  version: 0 | 1,
  value: number,
): Required<Pick<AssociationPolicy, 'policy' | 'responsePolicy' | 'signedRequests' | 'signedResponses'>> {
  const request = version === 0 ? value : value >> REQUEST_SHIFT;
  const response = version === 0 ? value : value >> RESPONSE_SHIFT;
  return {
    policy: POLICIES[request & (AUTHENTICATED | ENCRYPTED)] ?? 'auth-enc',
    responsePolicy: POLICIES[response & (AUTHENTICATED | ENCRYPTED)] ?? 'auth-enc',
    signedRequests: version === 1 && (request & SIGNED) !== 0,
    signedResponses: version === 1 && (response & SIGNED) !== 0,
  };
}

/** Keys and policy as a store has them now, for an association of the device whose clients have this system title. */
export function storedSecurity(
  version: 0 | 1,
  store: SecurityStore,
  clientTitle?: Uint8Array,
): Partial<AssociationPolicy> & ReturnType<typeof policyOf> {
  const peer = (use: KeyUse): Uint8Array | undefined => clientTitle && clientKey(store, clientTitle, use);
  const keys: { -readonly [Name in KeyName]?: Uint8Array } = {};
  for (const name of Object.keys(KEY_IDS) as KeyName[]) {
    const key = store.key(name);
    if (key !== undefined) keys[name] = key;
  }
  const signingKey = store.keyPair('signature');
  const agreementKey = store.keyPair('agreement');
  const peerSigningKey = peer('signature');
  const peerAgreementKey = peer('agreement');
  return {
    ...policyOf(version, store.policy()),
    suite: store.suite(),
    ...keys,
    ...(signingKey ? { signingKey } : {}),
    ...(agreementKey ? { agreementKey } : {}),
    ...(peerSigningKey ? { peerSigningKey } : {}),
    ...(peerAgreementKey ? { peerAgreementKey } : {}),
  };
}

/**
 * Security setup (class 64 version 0 or 1) over a store. The policy can only be raised, and only by security_activate;
 * key_transfer and key_agreement change all keys that they name or none. The answer still goes under the old keys, for
 * associations take over what the store has with the request that follows.
 */
export function securitySetup(config: SecuritySetupConfig): CosemObject {
  const { obis = '0.0.43.0.0.255', version, systemTitle, store } = config;
  return {
    classId: 64,
    version,
    obis,
    attributes: {
      2: { get: () => enumeration(store.policy()) },
      3: { get: () => enumeration(store.suite()) },
      4: { get: ({ caller }) => octetString(caller.systemTitle ?? new Uint8Array(0)) },
      5: constant(octetString(systemTitle)),
      ...(version === 1 ? { 6: { get: () => array(store.certificates().map(certificateData)) } } : {}),
    },
    methods: {
      1: (parameter, caller) => activate(config, parameter, caller),
      2: (parameter, caller) => transferKeys(config, parameter, caller),
      ...(version === 1 && store.suite() !== 0 ? publicKeyMethods(config) : {}),
    },
  };
}

function publicKeyMethods(config: SecuritySetupConfig): Readonly<Record<number, MethodSource>> {
  const { store, onChange } = config;
  return {
    3: (parameter, caller) => agreeOnKeys(config, parameter, caller),
    4: (parameter, caller) => {
      const use = keyUseOf(parameter);
      if (use === undefined) return 'type-unmatched';
      const { curve } = publicKeyFacts(store.suite());
      store.setPendingKeyPair(use, generateEcKeyPair(curve, config.randomBytes));
      onChange?.({ what: 'key-pair-generated', caller });
      return 'success';
    },
    5: (parameter) => {
      const use = keyUseOf(parameter);
      if (use === undefined) return 'type-unmatched';
      const pair = store.pendingKeyPair(use) ?? store.keyPair(use);
      if (pair === undefined) return 'object-unavailable';
      return answer(octetString(certificateRequest(store.suite(), pair, config.systemTitle)));
    },
    6: (parameter, caller) => {
      if (parameter?.type !== 'octet-string') return 'type-unmatched';
      if (!importCertificate(store, config.systemTitle, parameter.value)) return 'other-reason';
      onChange?.({ what: 'certificate-imported', caller });
      return 'success';
    },
    7: (parameter) => {
      const found = parameter && identifiedCertificate(store, parameter);
      if (found === undefined) return 'type-unmatched';
      return found === 'none' ? 'object-unavailable' : answer(octetString(found.der));
    },
    8: (parameter, caller) => {
      const found = parameter && identifiedCertificate(store, parameter);
      if (found === undefined) return 'type-unmatched';
      if (found === 'none') return 'object-unavailable';
      store.removeCertificate(found);
      onChange?.({ what: 'certificate-removed', caller });
      return 'success';
    },
  };
}

/** security_activate: every bit of the present policy must be in the new one. */
function activate(
  { version, store, onChange }: SecuritySetupConfig,
  parameter: DlmsData | undefined,
  caller: Caller,
): string {
  if (parameter?.type !== 'enum') return 'type-unmatched';
  const { value } = parameter;
  const present = store.policy();
  const defined = version === 0 ? value <= HIGHEST_V0 : (value & RESERVED_BITS) === 0;
  const signs = version === 1 && (value & SIGNING_BITS) !== 0;
  const weaker = (value & present) !== present;
  const keyed = store.key('encryptionKey') !== undefined && store.key('authenticationKey') !== undefined;
  // A policy that nobody can meet would shut everybody out.
  const met = (value === 0 || keyed) && (!signs || canSign(store, value, caller));
  if (!defined || weaker || !met) return 'other-reason';
  store.setPolicy(value);
  onChange?.({ what: 'policy-activated', caller });
  return 'success';
}

/** Whether we can sign, and verify what the client signs where requests are to be. */
function canSign(store: SecurityStore, policy: number, { systemTitle }: Caller): boolean {
  const { signedRequests } = policyOf(1, policy);
  const clientSigns = systemTitle && clientKey(store, systemTitle, 'signature') !== undefined;
  return store.keyPair('signature') !== undefined && (!signedRequests || clientSigns === true);
}

/** global_key_transfer and key_transfer: keys wrapped with the master key (RFC 3394), all or none. */
function transferKeys(
  { store, onChange }: SecuritySetupConfig,
  parameter: DlmsData | undefined,
  caller: Caller,
): string {
  const rows = keyRows(parameter);
  if (rows === undefined) return 'type-unmatched';
  const masterKey = store.key('masterKey');
  if (masterKey === undefined) return 'object-unavailable';
  const keys = new Map<KeyName, Uint8Array>();
  for (const [name, wrapped] of rows) {
    const key = unwrapKey(masterKey, wrapped);
    if (key?.length !== keyBytes(store.suite())) {
      key?.fill(0);
      forget(keys);
      return 'other-reason';
    }
    keys.set(name, key);
  }
  replace(store, keys, caller, onChange);
  return 'success';
}

/** key_agreement, C(2e, 0s): the client's ephemeral key and signature for each key, answered with ours. */
function agreeOnKeys(
  config: SecuritySetupConfig,
  parameter: DlmsData | undefined,
  caller: Caller,
): string | CosemResponse {
  const { store, systemTitle, randomBytes, onChange } = config;
  const rows = keyRows(parameter);
  if (rows === undefined) return 'type-unmatched';
  const signingKey = store.keyPair('signature');
  const clientTitle = caller.systemTitle;
  const peerSigningKey = clientTitle && clientKey(store, clientTitle, 'signature');
  if (signingKey === undefined || clientTitle === undefined || peerSigningKey === undefined) {
    return 'object-unavailable';
  }
  const suite = store.suite();
  const keys = new Map<KeyName, Uint8Array>();
  const shares: DlmsData[] = [];
  for (const [name, peerKeyData] of rows) {
    const keyId = KEY_IDS[name];
    const share = makeEphemeralShare(suite, keyId, signingKey, randomBytes);
    const key = completeAgreement(suite, {
      keyId,
      ownShare: share.pair,
      peerKeyData,
      peerSigningKey,
      clientTitle,
      serverTitle: systemTitle,
    });
    share.pair.privateKey.fill(0);
    if (key === undefined) {
      forget(keys);
      return 'other-reason';
    }
    keys.set(name, key);
    shares.push(structure(enumeration(keyId), octetString(share.keyData)));
  }
  replace(store, keys, caller, onChange);
  return answer(array(shares));
}

function replace(
  store: SecurityStore,
  keys: ReadonlyMap<KeyName, Uint8Array>,
  caller: Caller,
  onChange: SecuritySetupConfig['onChange'],
): void {
  store.replaceKeys(keys);
  forget(keys);
  onChange?.({ what: 'keys-replaced', caller, keys: [...keys.keys()] });
}

function forget(keys: ReadonlyMap<KeyName, Uint8Array>): void {
  for (const key of keys.values()) key.fill(0);
}

/** Key id and bytes of each structure; undefined unless each is a known key, and none is there twice. */
function keyRows(data: DlmsData | undefined): ReadonlyMap<KeyName, Uint8Array> | undefined {
  if (data?.type !== 'array' || data.elements.length === 0) return undefined;
  const rows = new Map<KeyName, Uint8Array>();
  for (const element of data.elements) {
    const [id, value] = element.type === 'structure' ? element.elements : [];
    const name = id?.type === 'enum' ? keyNameOf(id.value) : undefined;
    if (name === undefined || value?.type !== 'octet-string' || rows.has(name)) return undefined;
    rows.set(name, value.value);
  }
  return rows;
}

/** The public key that a client's certificate vouches for. */
function clientKey(store: SecurityStore, title: Uint8Array, use: KeyUse): Uint8Array | undefined {
  return store
    .certificates()
    .findLast(
      (one) => one.entity === 'client' && one.use === use && one.systemTitle?.toHex() === title.toHex(),
    )?.publicKey;
}

const keyUseOf = (data: DlmsData | undefined): KeyUse | undefined =>
  data?.type === 'enum' ? KEY_USES[data.value] : undefined;

const answer = (data: DlmsData): CosemResponse => ({ result: 'success', data: encodeData(data) });
