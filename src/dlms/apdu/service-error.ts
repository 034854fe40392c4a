import { ByteReader } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import { expectTag } from './fields.ts';
import { TAG } from './tags.ts';

/** ConfirmedServiceError's outer choice: the service that failed. */
const SERVICES: Readonly<Record<number, string>> = {
  1: 'initiate',
  2: 'get-status',
  3: 'get-name-list',
  4: 'get-variable-attribute',
  5: 'read',
  6: 'write',
  7: 'get-data-set-attribute',
  19: 'terminate-upload',
};

/** ServiceError's choice and its values (Green Book 9.5). */
const ERRORS: Readonly<Record<number, readonly [name: string, ...values: string[]]>> = {
  0: [
    'application-reference',
    'other',
    'time-elapsed',
    'application-unreachable',
    'application-reference-invalid',
    'application-context-unsupported',
    'provider-communication-error',
    'deciphering-error',
  ],
  1: [
    'hardware-resource',
    'other',
    'memory-unavailable',
    'processor-resource-unavailable',
    'mass-storage-unavailable',
    'other-resource-unavailable',
  ],
  2: [
    'vde-state-error',
    'other',
    'no-dlms-context',
    'loading-data-set',
    'status-nochange',
    'status-inoperable',
  ],
  3: ['service', 'other', 'pdu-size', 'service-unsupported'],
  4: [
    'definition',
    'other',
    'object-undefined',
    'object-class-inconsistent',
    'object-attribute-inconsistent',
  ],
  5: [
    'access',
    'other',
    'scope-of-access-violated',
    'object-access-violated',
    'hardware-fault',
    'object-unavailable',
  ],
  6: [
    'initiate',
    'other',
    'dlms-version-too-low',
    'incompatible-conformance',
    'pdu-size-too-short',
    'refused-by-the-VDE-Handler',
  ],
};

export interface ConfirmedServiceError {
  readonly service: string;
  readonly error: string;
  readonly value: string;
}

/** What an initiate can be refused for, by its code. */
export const INITIATE_ERRORS = {
  other: 0,
  'dlms-version-too-low': 1,
  'incompatible-conformance': 2,
  'pdu-size-too-short': 3,
  'refused-by-the-VDE-Handler': 4,
} as const;

/** 0E 01 06 and the code. */
export function encodeInitiateError(error: keyof typeof INITIATE_ERRORS): Uint8Array {
  return Uint8Array.of(TAG.confirmedServiceError, 1, 6, INITIATE_ERRORS[error]);
}

/** 0E, service, error and value, by the names that `decodeConfirmedServiceError` gives. Throws `invalid-argument`. */
export function encodeConfirmedServiceError({ service, error, value }: ConfirmedServiceError): Uint8Array {
  const serviceCode = Object.keys(SERVICES).find((code) => SERVICES[Number(code)] === service);
  const kind = Object.keys(ERRORS).find((code) => ERRORS[Number(code)]?.[0] === error);
  const code = kind === undefined ? -1 : (ERRORS[Number(kind)]?.indexOf(value, 1) ?? -1) - 1;
  if (serviceCode === undefined || kind === undefined || code < 0) {
    throw new DcuError('invalid-argument', `${service}: ${error}, ${value} is no confirmed service error`, {
      field: 'error',
    });
  }
  return Uint8Array.of(TAG.confirmedServiceError, Number(serviceCode), Number(kind), code);
}

/** Throws `apdu-invalid` or `truncated`; codes that the standard does not define keep their number. */
export function decodeConfirmedServiceError(bytes: Uint8Array): ConfirmedServiceError {
  const reader = new ByteReader(bytes);
  expectTag(reader, TAG.confirmedServiceError, 'confirmed-service-error');
  const service = reader.u8('service');
  const kind = reader.u8('service-error');
  const value = reader.u8('value');
  const [name = `error-${kind}`, ...values] = ERRORS[kind] ?? [];
  return {
    service: SERVICES[service] ?? `service-${service}`,
    error: name,
    value: values[value] ?? `${value}`,
  };
}

/** What a confirmed service error means for the request that it answers. */
export function serviceError({ service, error, value }: ConfirmedServiceError): DcuError {
  return new DcuError('confirmed-service-error', `the server answered ${service}: ${error}, ${value}`, {
    facts: { service, error, value },
  });
}
