import type { DcuError } from '../../base/errors.ts';
import { encodeExceptionResponse } from '../apdu/exception.ts';
import { TAG } from '../apdu/tags.ts';
import { isCiphered } from '../ciphering/ciphered-apdu.ts';

type Breach = DcuError & { readonly code: 'decryption-failed' | 'replay-detected' };

/** The exception response that tells a client why its APDU cannot be served. */
export function exceptionFor(error: DcuError): Uint8Array {
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
export function isSecurityBreach(error: DcuError): error is Breach {
  return error.code === 'decryption-failed' || error.code === 'replay-detected';
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
