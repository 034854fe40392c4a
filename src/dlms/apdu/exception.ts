import { ByteReader, ByteWriter } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import { expectTag } from './fields.ts';
import { TAG } from './tags.ts';

const STATE_ERRORS = { 'service-not-allowed': 1, 'service-unknown': 2 } as const;
const SERVICE_ERRORS = {
  'operation-not-possible': 1,
  'service-not-supported': 2,
  'other-reason': 3,
  'pdu-too-long': 4,
  'deciphering-error': 5,
  'invocation-counter-error': 6,
} as const;
export type StateError = keyof typeof STATE_ERRORS;
export type ServiceError = keyof typeof SERVICE_ERRORS;

export interface ExceptionResponse {
  /** The standard's names, `error-77` for codes that it does not define. */
  readonly stateError: string;
  readonly serviceError: string;
  /** Lowest invocation counter that the server would have taken; with `invocation-counter-error` only. */
  readonly expectedInvocationCounter?: number;
}

/** D8, state-error, service-error, and the expected counter (4 bytes) after `invocation-counter-error`. */
export function encodeExceptionResponse(
  stateError: StateError,
  serviceError: ServiceError,
  expectedInvocationCounter = 0,
): Uint8Array {
  const writer = new ByteWriter(8)
    .u8(TAG.exceptionResponse)
    .u8(STATE_ERRORS[stateError])
    .u8(SERVICE_ERRORS[serviceError]);
  if (serviceError === 'invocation-counter-error') writer.u32(expectedInvocationCounter);
  return writer.done();
}

/** Throws `apdu-invalid` or `truncated`. The counter may be missing: older servers do not send it. */
export function decodeExceptionResponse(bytes: Uint8Array): ExceptionResponse {
  const reader = new ByteReader(bytes);
  expectTag(reader, TAG.exceptionResponse, 'exception-response');
  const stateError = nameOf(STATE_ERRORS, reader.u8('state-error'));
  const serviceError = nameOf(SERVICE_ERRORS, reader.u8('service-error'));
  if (serviceError !== 'invocation-counter-error' || reader.remaining < 4)
    return { stateError, serviceError };
  return { stateError, serviceError, expectedInvocationCounter: reader.u32('invocation counter') };
}

function nameOf(table: Readonly<Record<string, number>>, code: number): string {
  return Object.keys(table).find((name) => table[name] === code) ?? `error-${code}`;
}

/** What an exception response means for the request that it answers. */
export function exceptionError(response: ExceptionResponse): DcuError {
  const { stateError, serviceError, expectedInvocationCounter } = response;
  const hint =
    expectedInvocationCounter === undefined
      ? ''
      : `, invocation counter ${expectedInvocationCounter} expected`;
  return new DcuError('exception-response', `the server answered ${stateError}, ${serviceError}${hint}`, {
    facts: {
      stateError,
      serviceError,
      ...(expectedInvocationCounter === undefined ? {} : { expectedInvocationCounter }),
    },
  });
}
