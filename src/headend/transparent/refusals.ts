import type { DcuError, ErrorCode } from '../../base/errors.ts';
import { encodeExceptionResponse, type ServiceError, type StateError } from '../../dlms/apdu/exception.ts';

/**
 * What a head-end is told in place of a meter's answer: an exception-response, which fits every request. The gateway protocol
 * has no words of its own for it (Green Book, gateway protocol; clause not checked).
 */
const EXCEPTIONS: Partial<Record<ErrorCode, readonly [StateError, ServiceError]>> = {
  unsupported: ['service-unknown', 'service-not-supported'],
  'not-found': ['service-not-allowed', 'other-reason'],
  'apdu-too-long': ['service-not-allowed', 'pdu-too-long'],
};

export function exceptionOf({ code }: DcuError): Uint8Array {
  return encodeExceptionResponse(...(EXCEPTIONS[code] ?? ['service-not-allowed', 'operation-not-possible']));
}
