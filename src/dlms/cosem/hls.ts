import { concat, equalBytes, equalConstantTime } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import type { AuthMechanism, SecuritySuite } from '../../base/model.ts';
import { needsSystemTitle, scalarBytes } from '../../base/security-needs.ts';
import { type Curve, type DigestName, digest, ecdsaSign, ecdsaVerify } from '../../kernels/index.ts';
import type { HlsHook, KeyMaterial } from '../ciphering/types.ts';

/** Mechanisms that go on after the AARE, with passes 3 and 4. */
export type HlsMechanism = Exclude<AuthMechanism, 'none' | 'lls'>;

/** Whether the mechanism goes on after the AARE, with passes 3 and 4. */
export function isHls(auth: AuthMechanism): auth is HlsMechanism {
  return auth !== 'none' && auth !== 'lls';
}

/** What one side has to prove itself with, and to judge the other side's proof. */
export interface HlsCredentials extends Pick<KeyMaterial, 'signingKey' | 'peerSigningKey'> {
  /** Of the curve of mechanism 7; 0 if not given, which has none. */
  readonly suite?: SecuritySuite;
  /** The secret of mechanisms 3, 4 and 6. */
  readonly password?: Uint8Array;
  /** Mechanism 2. */
  readonly hook?: HlsHook;
  /** Mechanism 5: security control, invocation counter and GMAC of a challenge under our own title. */
  readonly gmac?: (challenge: Uint8Array) => Uint8Array;
  /** Mechanism 5: whether the value is what the side with this title makes of the challenge. */
  readonly verifyGmac?: (title: Uint8Array, challenge: Uint8Array, value: Uint8Array) => boolean;
}

/** One proof, seen from the side that gives it: the client in pass 3, the server in pass 4. */
export interface HlsProof {
  readonly prover: 'client' | 'server';
  /** The other side's challenge, which the proof answers. */
  readonly challenge: Uint8Array;
  /** The prover's own challenge. */
  readonly ownChallenge: Uint8Array;
  readonly proverTitle?: Uint8Array;
  readonly verifierTitle?: Uint8Array;
}

interface Mechanism {
  /** The field without which the mechanism cannot work; undefined when all is there. */
  readonly lacking: (credentials: HlsCredentials) => keyof HlsCredentials | undefined;
  readonly prove: (credentials: HlsCredentials, proof: HlsProof) => Uint8Array;
  readonly verify: (credentials: HlsCredentials, proof: HlsProof, value: Uint8Array) => boolean;
}

/** A proof that the verifier can make as well, and compares with the one that it got. */
function shared(
  field: keyof HlsCredentials,
  prove: (credentials: HlsCredentials, proof: HlsProof) => Uint8Array,
): Mechanism {
  return {
    lacking: (credentials) => (credentials[field] === undefined ? field : undefined),
    prove,
    verify: (credentials, proof, value) => equalConstantTime(prove(credentials, proof), value),
  };
}

/** Mechanisms 3 and 4: digest(challenge ‖ secret). */
const digested = (name: DigestName): Mechanism =>
  shared('password', ({ password }, { challenge }) =>
    digest(name, concat([challenge, given(password, 'password')])),
  );

/** What mechanisms 6 and 7 bind together: both titles and both challenges, the prover's title and the answered challenge first. */
function bound({ challenge, ownChallenge, proverTitle, verifierTitle }: HlsProof): Uint8Array {
  return concat([title(proverTitle), title(verifierTitle), challenge, ownChallenge]);
}

/** Green Book 9.2.7.4, tables of HLS authentication mechanisms. */
const MECHANISMS: Readonly<Record<HlsMechanism, Mechanism>> = {
  hls: shared('hook', ({ hook }, { challenge, prover }) => given(hook, 'hook').prove(challenge, prover)),
  'hls-md5': digested('md5'),
  'hls-sha1': digested('sha1'),
  'hls-gmac': {
    lacking: ({ gmac, verifyGmac }) => (gmac && verifyGmac ? undefined : 'gmac'),
    prove: ({ gmac }, { challenge }) => given(gmac, 'encryptionKey')(challenge),
    verify: ({ verifyGmac }, { challenge, proverTitle }, value) =>
      given(verifyGmac, 'encryptionKey')(title(proverTitle), challenge, value),
  },
  'hls-sha256': shared('password', ({ password }, proof) =>
    digest('sha256', concat([given(password, 'password'), bound(proof)])),
  ),
  'hls-ecdsa': {
    lacking: (credentials) => {
      if (curveOf(credentials.suite) === undefined) return 'suite';
      if (credentials.signingKey === undefined) return 'signingKey';
      return credentials.peerSigningKey === undefined ? 'peerSigningKey' : undefined;
    },
    prove: ({ suite, signingKey }, proof) =>
      ecdsaSign(given(curveOf(suite), 'suite'), given(signingKey, 'signingKey').privateKey, bound(proof)),
    verify: ({ suite, peerSigningKey }, proof, value) =>
      ecdsaVerify(
        given(curveOf(suite), 'suite'),
        given(peerSigningKey, 'peerSigningKey'),
        bound(proof),
        value,
      ),
  },
};

/** The field that `mechanism` lacks of the credentials; undefined when both passes can be done with them. */
export function lackingForHls(
  mechanism: HlsMechanism,
  credentials: HlsCredentials,
): keyof HlsCredentials | undefined {
  return MECHANISMS[mechanism].lacking(credentials);
}

/** f(challenge) of pass 3 or 4. Throws `invalid-field` naming what the credentials or the titles lack. */
export function proveHls(mechanism: HlsMechanism, credentials: HlsCredentials, proof: HlsProof): Uint8Array {
  return MECHANISMS[mechanism].prove(credentials, proof);
}

/** Whether `value` proves what pass 3 or 4 is to prove. Throws as `proveHls`, never because of the value. */
export function verifyHls(
  mechanism: HlsMechanism,
  credentials: HlsCredentials,
  proof: HlsProof,
  value: Uint8Array,
): boolean {
  return MECHANISMS[mechanism].verify(credentials, proof, value);
}

/** Lengths of a challenge (Green Book 9.2.7.4): what is accepted, and what we send ourselves. */
export function challengeBytes(auth: AuthMechanism): {
  readonly least: number;
  readonly most: number;
  readonly own: number;
} {
  return auth === 'hls-ecdsa' ? { least: 32, most: 64, own: 32 } : { least: 8, most: 64, own: 16 };
}

/** Whether a challenge of the other side can be answered: of the right length, and not our own sent back. */
export function isFitChallenge(
  auth: AuthMechanism,
  challenge: Uint8Array | undefined,
  own: Uint8Array | undefined,
): challenge is Uint8Array {
  const { least, most } = challengeBytes(auth);
  if (challenge === undefined || challenge.length < least || challenge.length > most) return false;
  return own === undefined || !equalBytes(challenge, own);
}

/** Whether a mechanism computes with the system titles, so that the AARQ and the AARE must bring them. */
export function bindsTitles(auth: AuthMechanism): boolean {
  return needsSystemTitle({ auth, policy: 'none' });
}

function curveOf(suite: SecuritySuite | undefined): Curve | undefined {
  return suite === undefined
    ? undefined
    : ({ 0: undefined, 32: 'P-256', 48: 'P-384' } as const)[scalarBytes(suite)];
}

function given<Value>(value: Value | undefined, field: string): Value {
  if (value !== undefined) return value;
  throw new DcuError('invalid-field', `the authentication needs ${field}`, { field });
}

function title(value: Uint8Array | undefined): Uint8Array {
  if (value?.length === 8) return value;
  throw new DcuError('authentication-failed', 'the authentication needs system titles of 8 bytes');
}
