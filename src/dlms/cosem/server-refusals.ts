import { DcuError } from '../../base/errors.ts';
import { encodeAare, type ProviderDiagnostic, type UserDiagnostic } from '../apdu/aare.ts';
import { decodeAarq } from '../apdu/aarq.ts';
import type { ApplicationContext } from '../apdu/acse.ts';
import { encodeExceptionResponse } from '../apdu/exception.ts';
import { encodeInitiateError, type INITIATE_ERRORS } from '../apdu/service-error.ts';
import { TAG } from '../apdu/tags.ts';
import { isCiphered } from '../ciphering/ciphered-apdu.ts';
import type { ServerEvent } from '../server-types.ts';

/** What a client is told, and what the device is. */
interface Refused {
  readonly reply: Uint8Array;
  readonly events: readonly ServerEvent[];
}

type Breach = DcuError & { readonly code: 'decryption-failed' | 'replay-detected' };

/** The exception response that tells a client why its APDU cannot be served. */
function exceptionFor(error: DcuError): Uint8Array {
  const hint = error.facts['expectedInvocationCounter'];
  switch (error.code) {
    case 'replay-detected':
      return typeof hint === 'number'
        ? encodeExceptionResponse('service-not-allowed', 'invocation-counter-error', hint)
        : encodeExceptionResponse('service-not-allowed', 'deciphering-error');
    case 'decryption-failed':
      return encodeExceptionResponse('service-not-allowed', 'deciphering-error');
    case 'security-required':
    case 'not-granted':
      return encodeExceptionResponse('service-not-allowed', 'service-not-supported');
    case 'apdu-too-long':
    case 'overflow':
      return encodeExceptionResponse('service-not-allowed', 'pdu-too-long');
    case 'apdu-unexpected':
      return encodeExceptionResponse('service-unknown', 'service-not-supported');
    case 'conflict':
      return encodeExceptionResponse('service-not-allowed', 'operation-not-possible');
    default:
      return encodeExceptionResponse('service-not-allowed', 'other-reason');
  }
}

/** Whether a refusal belongs into a log of attacks. */
function isSecurityBreach(error: DcuError): error is Breach {
  return error.code === 'decryption-failed' || error.code === 'replay-detected';
}

/** Why an AARQ was refused: the AARE's diagnostic, and the initiate error where that is the reason. */
export class Refusal extends DcuError {
  readonly diagnostic: UserDiagnostic | ProviderDiagnostic;
  readonly initiateError: keyof typeof INITIATE_ERRORS | undefined;

  constructor(diagnostic: UserDiagnostic | ProviderDiagnostic, initiateError?: keyof typeof INITIATE_ERRORS) {
    super('association-refused', `association refused: ${initiateError ?? diagnostic}`);
    this.diagnostic = diagnostic;
    this.initiateError = initiateError;
  }
}

/** What cannot be served is answered by an exception response, unprotected, so that the client can read it. */
export function refuse(error: DcuError, clientAddress: number): Refused {
  return { reply: exceptionFor(error), events: breaches(error, clientAddress) };
}

/** The answer to an AARQ that was refused for `error`: an AARE, or the invocation counter that is due. */
export function refuseAarq(apdu: Uint8Array, error: DcuError, clientAddress: number): Refused {
  const context = contextOf(apdu);
  const refused = (diagnostic: string): ServerEvent => ({ type: 'refused', clientAddress, diagnostic });
  if (error instanceof Refusal) {
    const { diagnostic } = error;
    const events = [refused(error.initiateError ?? diagnostic)];
    if (diagnostic === 'authentication-failure') {
      events.push({ type: 'security', code: 'authentication-failed', clientAddress });
    }
    return { reply: refusingAare(error, context), events };
  }
  const events = [...breaches(error, clientAddress), refused(error.code)];
  const tellsCounter =
    error.code === 'replay-detected' && typeof error.facts['expectedInvocationCounter'] === 'number';
  const reply = tellsCounter
    ? exceptionFor(error)
    : refusingAare(new Refusal('authentication-failure'), context);
  return { reply, events };
}

function breaches(error: DcuError, clientAddress: number): ServerEvent[] {
  return isSecurityBreach(error) ? [{ type: 'security', code: error.code, clientAddress }] : [];
}

/** The context that a refusal names: the one asked for, where it is one at all. */
function contextOf(apdu: Uint8Array): ApplicationContext {
  try {
    return decodeAarq(apdu).context ?? 'ln';
  } catch (error) {
    if (error instanceof DcuError) return 'ln';
    throw error;
  }
}

/** The AARE that refuses; its user-information says why where the InitiateRequest is the reason. */
function refusingAare(refusal: Refusal, context: ApplicationContext): Uint8Array {
  return encodeAare({
    context,
    result: 'rejected-permanent',
    diagnostic: refusal.diagnostic,
    userInformation: encodeInitiateError(refusal.initiateError ?? 'refused-by-the-VDE-Handler'),
  });
}

/** Whether an APDU can only be an answer or a push, which a server never answers. */
export function isNoRequest(apdu: Uint8Array): boolean {
  const tag = apdu[0] ?? 0;
  const answers: readonly number[] = [
    TAG.aare,
    TAG.rlre,
    TAG.readResponse,
    TAG.writeResponse,
    TAG.getResponse,
    TAG.setResponse,
    TAG.actionResponse,
    TAG.exceptionResponse,
    TAG.confirmedServiceError,
    TAG.dataNotification,
    TAG.eventNotification,
    TAG.informationReport,
    TAG.accessResponse,
  ];
  return apdu.length === 0 || (!isCiphered(tag) && answers.includes(tag));
}
