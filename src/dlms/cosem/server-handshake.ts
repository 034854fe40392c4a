import { equalBytes, equalConstantTime } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import { keyBytes } from '../../base/security-needs.ts';
import { encodeAare } from '../apdu/aare.ts';
import { type Aarq, decodeAarq } from '../apdu/aarq.ts';
import type { ApplicationContext } from '../apdu/acse.ts';
import { conformanceMask, LN_CONFORMANCE, SN_CONFORMANCE } from '../apdu/conformance.ts';
import {
  DLMS_VERSION,
  decodeInitiateRequest,
  encodeInitiateResponse,
  type InitiateRequest,
  VAA_NAMES,
} from '../apdu/initiate.ts';
import type { Referencing } from '../client-types.ts';
import type { AssociationPolicy, LogicalDevice } from '../server-types.ts';
import {
  bindsTitles,
  challengeBytes,
  type HlsProof,
  isFitChallenge,
  isHls,
  lackingForHls,
  proveHls,
  verifyHls,
} from './hls.ts';
import { Refusal } from './server-refusals.ts';
import { asksForProtection, canCipher, ServerSecurity } from './server-security.ts';
import { BLOCK_RESPONSE_HEADER, type ServiceLimits } from './server-services.ts';

/** An AARQ that was accepted; with `challenges` HLS passes 3 and 4 are still to come. */
export interface Accepted {
  readonly aare: Uint8Array;
  readonly security: ServerSecurity;
  readonly limits: ServiceLimits;
  readonly clientMaxPduSize: number;
  /** calling-AP-title. */
  readonly clientTitle?: Uint8Array;
  /** calling-AE-invocation-id. */
  readonly userId?: number;
  readonly challenges?: { readonly fromClient: Uint8Array; readonly fromServer: Uint8Array };
}

export interface HandshakeContext {
  readonly device: LogicalDevice;
  /** Undefined for a client address that the device does not know. */
  readonly policy: AssociationPolicy | undefined;
  readonly maxPduSize: number;
  readonly randomBytes: (length: number) => Uint8Array;
}

/** The client's PDU must have room for a block with so many bytes. */
const LEAST_APDU = BLOCK_RESPONSE_HEADER + 8;
const LONGEST_APDU = 0xffff;

/**
 * Judges an AARQ and makes the AARE that accepts it. Throws `Refusal`, or what the protection of the
 * InitiateRequest fails with (`decryption-failed`, `replay-detected`, `security-required`).
 */
export function acceptAarq(apdu: Uint8Array, context: HandshakeContext): Accepted {
  const aarq = decodeOrRefuse(() => decodeAarq(apdu));
  const { device, policy, randomBytes } = context;
  if (policy === undefined) throw new Refusal('no-reason-given');
  if (aarq.acseVersion1 === false) throw new Refusal('provider: no-common-acse-version');
  const { referencing, ciphered } = judgeContext(aarq, policy, device);
  judgeMechanism(aarq, policy);
  judgeUser(aarq, policy);
  const security = new ServerSecurity(device, policy, aarq.callingApTitle, ciphered, randomBytes);
  try {
    judgeProof(aarq, policy, security, device);
    // What does not decode was written by nobody who knows the keys, and costs no invocation counter.
    const read = (plain: Uint8Array): InitiateRequest => decodeOrRefuse(() => decodeInitiateRequest(plain));
    const request = read(security.unprotect(aarq.userInformation ?? new Uint8Array(0), read));
    return accept(aarq, request, policy, security, referencing, context);
  } catch (error) {
    security.release();
    throw error;
  }
}

/** What the policy of a pre-established association amounts to; nothing was negotiated. */
export function preEstablish(policy: AssociationPolicy, context: HandshakeContext): Accepted {
  const { device, randomBytes } = context;
  const ciphered = policy.policy !== 'none';
  const [referencing = 'ln'] = policy.referencing ?? [];
  const { conformance: known } = DIALECTS[referencing];
  const conformance = conformanceMask(known.filter((bit) => ciphered || bit !== 'general-protection'));
  const security = new ServerSecurity(device, policy, undefined, ciphered, randomBytes);
  security.establish(conformance, undefined);
  return {
    aare: new Uint8Array(0),
    security,
    limits: { referencing, conformance, maxApdu: LONGEST_APDU },
    clientMaxPduSize: 0,
  };
}

const DIALECTS = {
  ln: { conformance: LN_CONFORMANCE, services: ['get', 'set', 'action', 'access'] },
  sn: { conformance: SN_CONFORMANCE, services: ['read', 'write', 'unconfirmed-write'] },
} as const;

function accept(
  aarq: Aarq,
  request: InitiateRequest,
  policy: AssociationPolicy,
  security: ServerSecurity,
  referencing: Referencing,
  context: HandshakeContext,
): Accepted {
  const { conformance: known, services } = DIALECTS[referencing];
  const { ciphered } = security;
  const offered = known.filter((bit) => ciphered || bit !== 'general-protection');
  const { clientMaxReceivePduSize: size } = request;
  const { conformance, maxApdu } = fitted(
    request.conformance & conformanceMask(offered),
    size === 0 ? LONGEST_APDU : size,
    security,
    policy,
  );
  if (request.dlmsVersion < DLMS_VERSION) throw new Refusal('no-reason-given', 'dlms-version-too-low');
  if ((conformance & conformanceMask(services)) === 0) {
    throw new Refusal('no-reason-given', 'incompatible-conformance');
  }
  if (maxApdu < LEAST_APDU) {
    throw new Refusal('no-reason-given', 'pdu-size-too-short');
  }
  const { auth } = policy;
  judgeDedicatedKey(request, policy, ciphered);
  security.establish(conformance, request.dedicatedKey);
  const fromClient = aarq.authenticationValue?.slice();
  const fromServer = isHls(auth) ? freshChallenge(context, auth, fromClient) : undefined;
  const initiated = encodeInitiateResponse({
    dlmsVersion: DLMS_VERSION,
    conformance,
    serverMaxReceivePduSize: context.maxPduSize,
    vaaName: VAA_NAMES[referencing],
  });
  const aare = encodeAare({
    context: aarq.context,
    result: 'accepted',
    diagnostic: fromServer ? 'authentication-required' : 'null',
    ...(ciphered || fromServer ? { respondingApTitle: context.device.systemTitle } : {}),
    ...(fromServer ? { mechanism: auth, authenticationValue: fromServer } : {}),
    userInformation: security.protect(initiated),
  });
  return {
    aare,
    security,
    limits: { referencing, conformance, maxApdu },
    clientMaxPduSize: size,
    ...(aarq.callingApTitle ? { clientTitle: aarq.callingApTitle.slice() } : {}),
    ...(aarq.callingAeInvocationId === undefined ? {} : { userId: aarq.callingAeInvocationId }),
    ...(fromServer && fromClient ? { challenges: { fromClient, fromServer } } : {}),
  };
}

/** What is granted, and the room for a plain APDU; general forms only where the client's PDU has room for them. */
function fitted(
  conformance: number,
  size: number,
  security: ServerSecurity,
  { signedRequests = false }: AssociationPolicy,
): Pick<ServiceLimits, 'conformance' | 'maxApdu'> {
  const maxApdu = size - security.overhead(conformance);
  if (maxApdu >= LEAST_APDU || signedRequests) return { conformance, maxApdu };
  const plainer = conformance & ~conformanceMask(['general-protection']);
  return { conformance: plainer, maxApdu: size - security.overhead(plainer) };
}

/** A key that came in the clear, or is no key of the suite, is not taken. */
function judgeDedicatedKey(
  { dedicatedKey }: InitiateRequest,
  policy: AssociationPolicy,
  ciphered: boolean,
): void {
  if (dedicatedKey === undefined) return;
  if (!ciphered || dedicatedKey.length !== keyBytes(policy.suite ?? 0)) {
    throw new Refusal('no-reason-given', 'other');
  }
}

/** Random, and not by chance the client's own. */
function freshChallenge(
  { randomBytes }: HandshakeContext,
  auth: AssociationPolicy['auth'],
  fromClient: Uint8Array | undefined,
): Uint8Array {
  const challenge = randomBytes(challengeBytes(auth).own).slice();
  if (isFitChallenge(auth, challenge, fromClient)) return challenge;
  throw new DcuError('internal', 'the random source repeats what the client has sent');
}

/** Both, said by one name. */
const CONTEXTS: Readonly<Record<ApplicationContext, { referencing: Referencing; ciphered: boolean }>> = {
  ln: { referencing: 'ln', ciphered: false },
  sn: { referencing: 'sn', ciphered: false },
  'ln-ciphered': { referencing: 'ln', ciphered: true },
  'sn-ciphered': { referencing: 'sn', ciphered: true },
};

/** How objects are named and whether APDUs are ciphered; a policy that asks for protection refuses the plain context. */
function judgeContext(
  aarq: Aarq,
  policy: AssociationPolicy,
  device: LogicalDevice,
): { referencing: Referencing; ciphered: boolean } {
  const asked = aarq.context && CONTEXTS[aarq.context];
  const spoken = asked && (policy.referencing ?? ['ln']).includes(asked.referencing);
  const named = asked?.referencing === 'ln' || device.shortNames !== undefined;
  const allowed = asked?.ciphered === true ? canCipher(policy) : !asksForProtection(policy);
  if (asked === undefined || !spoken || !named || !allowed) {
    throw new Refusal('application-context-name-not-supported');
  }
  if (asked.ciphered && aarq.callingApTitle?.length !== 8) {
    throw new Refusal('calling-AP-title-not-recognized');
  }
  return asked;
}

function judgeMechanism(aarq: Aarq, policy: AssociationPolicy): void {
  const asked = aarq.mechanism ?? 'none';
  if (asked !== policy.auth) {
    throw new Refusal(
      asked === 'none'
        ? 'authentication-mechanism-name-required'
        : 'authentication-mechanism-name-not-recognised',
    );
  }
  if (policy.auth !== 'lls') return;
  const { password } = policy;
  const value = aarq.authenticationValue;
  if (value === undefined || password === undefined || !equalConstantTime(value, password)) {
    throw new Refusal('authentication-failure');
  }
}

/** Whether passes 3 and 4 can follow: titles, challenge, and what we prove ourselves with. */
function judgeProof(
  aarq: Aarq,
  policy: AssociationPolicy,
  security: ServerSecurity,
  device: LogicalDevice,
): void {
  const { auth } = policy;
  const title = aarq.callingApTitle;
  // Whoever calls himself what we are called could send our own APDUs back to us.
  if (title && equalBytes(title, device.systemTitle)) throw new Refusal('calling-AP-title-not-recognized');
  if (!isHls(auth)) return;
  if (bindsTitles(auth) && title?.length !== 8) throw new Refusal('calling-AP-title-not-recognized');
  if (lackingForHls(auth, security.credentials) !== undefined) {
    throw new Refusal('authentication-mechanism-name-not-recognised');
  }
  if (!isFitChallenge(auth, aarq.authenticationValue, undefined)) throw new Refusal('authentication-failure');
}

function judgeUser(aarq: Aarq, { users = [] }: AssociationPolicy): void {
  if (users.length === 0 || users.some(({ id }) => id === aarq.callingAeInvocationId)) return;
  throw new Refusal('calling-AE-invocation-identifier-not-recognized');
}

/** Whether the client proves in pass 3 that it knows what its mechanism asks for. */
export function clientProves(context: HandshakeContext, accepted: Accepted, value: Uint8Array): boolean {
  const { challenges, clientTitle, security } = accepted;
  const auth = context.policy?.auth ?? 'none';
  if (challenges === undefined || !isHls(auth)) return false;
  const proof: HlsProof = {
    prover: 'client',
    challenge: challenges.fromServer,
    ownChallenge: challenges.fromClient,
    verifierTitle: context.device.systemTitle,
    ...(clientTitle ? { proverTitle: clientTitle } : {}),
  };
  return verifyHls(auth, security.credentials, proof, value);
}

/** Our own proof: pass 4. Undefined where the association has no challenge to answer. */
export function serverProof(context: HandshakeContext, accepted: Accepted): Uint8Array | undefined {
  const { challenges, clientTitle, security } = accepted;
  const auth = context.policy?.auth ?? 'none';
  if (challenges === undefined || !isHls(auth)) return undefined;
  return proveHls(auth, security.credentials, {
    prover: 'server',
    challenge: challenges.fromClient,
    ownChallenge: challenges.fromServer,
    proverTitle: context.device.systemTitle,
    ...(clientTitle ? { verifierTitle: clientTitle } : {}),
  });
}

function decodeOrRefuse<Value>(decode: () => Value): Value {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof DcuError)) throw error;
    throw new Refusal('no-reason-given', 'other');
  }
}
