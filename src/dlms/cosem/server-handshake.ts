import { equalConstantTime } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import { encodeAare, type UserDiagnostic } from '../apdu/aare.ts';
import { type Aarq, decodeAarq } from '../apdu/aarq.ts';
import { conformanceMask, LN_CONFORMANCE } from '../apdu/conformance.ts';
import {
  DLMS_VERSION,
  decodeInitiateRequest,
  encodeInitiateResponse,
  type InitiateRequest,
  VAA_NAME_LN,
} from '../apdu/initiate.ts';
import { encodeInitiateError, type INITIATE_ERRORS } from '../apdu/service-error.ts';
import type { AssociationPolicy, LogicalDevice } from '../server-types.ts';
import { CHALLENGE_BYTES, isHls } from './association.ts';
import { ServerSecurity } from './server-security.ts';
import { BLOCK_RESPONSE_HEADER, type ServiceLimits } from './server-services.ts';

/** An AARQ that was accepted; with `challenges` HLS passes 3 and 4 are still to come. */
export interface Accepted {
  readonly aare: Uint8Array;
  readonly security: ServerSecurity;
  readonly limits: ServiceLimits;
  readonly clientMaxPduSize: number;
  readonly challenges?: { readonly fromClient: Uint8Array; readonly fromServer: Uint8Array };
}

/** Why an AARQ was refused: the AARE's diagnostic, and the initiate error where that is the reason. */
export class Refusal extends DcuError {
  readonly diagnostic: UserDiagnostic;
  readonly initiateError: keyof typeof INITIATE_ERRORS | undefined;

  constructor(diagnostic: UserDiagnostic, initiateError?: keyof typeof INITIATE_ERRORS) {
    super('association-refused', `association refused: ${initiateError ?? diagnostic}`);
    this.diagnostic = diagnostic;
    this.initiateError = initiateError;
  }
}

export interface HandshakeContext {
  readonly device: LogicalDevice;
  /** Undefined for a client address that the device does not know. */
  readonly policy: AssociationPolicy | undefined;
  readonly maxPduSize: number;
  readonly randomBytes: (length: number) => Uint8Array;
}

/** Bytes of a block that the client's PDU must have room for. */
const LEAST_BLOCK_BYTES = 8;
const LONGEST_APDU = 0xffff;

/**
 * Judges an AARQ and makes the AARE that accepts it. Throws `Refusal`, or what the protection of the
 * InitiateRequest fails with (`decryption-failed`, `replay-detected`, `security-required`).
 */
export function acceptAarq(apdu: Uint8Array, context: HandshakeContext): Accepted {
  const aarq = decodeOrRefuse(() => decodeAarq(apdu));
  const { device, policy } = context;
  if (policy === undefined) throw new Refusal('no-reason-given');
  const ciphered = judgeContext(aarq, policy);
  judgeMechanism(aarq, policy);
  const security = new ServerSecurity(device, policy, aarq.callingApTitle, ciphered);
  try {
    const userInformation = security.unprotect(aarq.userInformation ?? new Uint8Array(0));
    const request = decodeOrRefuse(() => decodeInitiateRequest(userInformation));
    return accept(aarq, request, policy, security, context);
  } catch (error) {
    security.release();
    throw error;
  }
}

function accept(
  aarq: Aarq,
  request: InitiateRequest,
  policy: AssociationPolicy,
  security: ServerSecurity,
  context: HandshakeContext,
): Accepted {
  const conformance = request.conformance & conformanceMask(LN_CONFORMANCE);
  const { clientMaxReceivePduSize: size } = request;
  const maxApdu = (size === 0 ? LONGEST_APDU : size) - security.overhead;
  if (request.dlmsVersion < DLMS_VERSION) throw new Refusal('no-reason-given', 'dlms-version-too-low');
  if ((conformance & conformanceMask(['get', 'set', 'action'])) === 0) {
    throw new Refusal('no-reason-given', 'incompatible-conformance');
  }
  if (maxApdu < BLOCK_RESPONSE_HEADER + LEAST_BLOCK_BYTES) {
    throw new Refusal('no-reason-given', 'pdu-size-too-short');
  }
  const { auth } = policy;
  const hls = isHls(auth);
  const fromServer = hls ? context.randomBytes(CHALLENGE_BYTES.own).slice() : undefined;
  const initiated = encodeInitiateResponse({
    dlmsVersion: DLMS_VERSION,
    conformance,
    serverMaxReceivePduSize: context.maxPduSize,
    vaaName: VAA_NAME_LN,
  });
  const aare = encodeAare({
    context: aarq.context,
    result: 'accepted',
    diagnostic: hls ? 'authentication-required' : 'null',
    ...(security.ciphered || hls ? { respondingApTitle: context.device.systemTitle } : {}),
    ...(fromServer ? { mechanism: auth, authenticationValue: fromServer } : {}),
    userInformation: security.protect(initiated),
  });
  const fromClient = aarq.authenticationValue?.slice();
  return {
    aare,
    security,
    limits: { referencing: 'ln', conformance, maxApdu },
    clientMaxPduSize: size,
    ...(fromServer && fromClient ? { challenges: { fromClient, fromServer } } : {}),
  };
}

/** Whether APDUs are ciphered; a policy that asks for protection refuses the plain context. */
function judgeContext(aarq: Aarq, policy: AssociationPolicy): boolean {
  const keys = policy.encryptionKey !== undefined && policy.authenticationKey !== undefined;
  if (aarq.context === 'ln-ciphered' && keys) {
    if (aarq.callingApTitle?.length !== 8) throw new Refusal('calling-AP-title-not-recognized');
    return true;
  }
  if (aarq.context === 'ln' && policy.policy === 'none') return false;
  throw new Refusal('application-context-name-not-supported');
}

function judgeMechanism(aarq: Aarq, policy: AssociationPolicy): void {
  const asked = aarq.mechanism ?? 'none';
  const due = policy.auth;
  if (asked !== due) {
    throw new Refusal(
      asked === 'none'
        ? 'authentication-mechanism-name-required'
        : 'authentication-mechanism-name-not-recognised',
    );
  }
  const value = aarq.authenticationValue;
  if (policy.auth === 'lls') {
    const { password } = policy;
    if (value === undefined || password === undefined || !equalConstantTime(value, password)) {
      throw new Refusal('authentication-failure');
    }
  }
  if (policy.auth === 'hls-gmac') {
    if (aarq.callingApTitle?.length !== 8) throw new Refusal('calling-AP-title-not-recognized');
    const length = value?.length ?? 0;
    if (length < CHALLENGE_BYTES.least || length > CHALLENGE_BYTES.most) {
      throw new Refusal('authentication-failure');
    }
  }
}

/** The AARE that refuses; its user-information says why where the InitiateRequest is the reason. */
export function refusingAare(refusal: Refusal): Uint8Array {
  return encodeAare({
    context: 'ln',
    result: 'rejected-permanent',
    diagnostic: refusal.diagnostic,
    userInformation: encodeInitiateError(refusal.initiateError ?? 'refused-by-the-VDE-Handler'),
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
