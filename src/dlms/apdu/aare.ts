import { ByteReader } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import type { AuthMechanism } from '../../base/model.ts';
import { type BerElement, ber, readBer } from '../ber.ts';
import {
  type ApplicationContext,
  AUTHENTICATION_UNIT,
  contextField,
  decodeContext,
  decodeMechanism,
  inner,
  innerInteger,
  mechanismField,
  singleElements,
  userInformation,
} from './acse.ts';
import { TAG } from './tags.ts';

const ASSOCIATION_RESULTS = ['accepted', 'rejected-permanent', 'rejected-transient'] as const;
export type AssociationResult = (typeof ASSOCIATION_RESULTS)[number];

/** acse-service-user diagnostics (Green Book 9.5, Associate-source-diagnostic). */
export const USER_DIAGNOSTICS = {
  null: 0,
  'no-reason-given': 1,
  'application-context-name-not-supported': 2,
  'calling-AP-title-not-recognized': 3,
  'calling-AP-invocation-identifier-not-recognized': 4,
  'calling-AE-qualifier-not-recognized': 5,
  'calling-AE-invocation-identifier-not-recognized': 6,
  'called-AP-title-not-recognized': 7,
  'called-AP-invocation-identifier-not-recognized': 8,
  'called-AE-qualifier-not-recognized': 9,
  'called-AE-invocation-identifier-not-recognized': 10,
  'authentication-mechanism-name-not-recognised': 11,
  'authentication-mechanism-name-required': 12,
  'authentication-failure': 13,
  'authentication-required': 14,
} as const;
export type UserDiagnostic = keyof typeof USER_DIAGNOSTICS;

const PROVIDER_DIAGNOSTICS = ['null', 'no-reason-given', 'no-common-acse-version'] as const;
/** A diagnostic of the service provider. */
export type ProviderDiagnostic = `provider: ${(typeof PROVIDER_DIAGNOSTICS)[number]}`;

export interface Aare {
  readonly context: ApplicationContext | undefined;
  readonly result: AssociationResult;
  /** The standard's name; `provider: …` for those of the service provider. */
  readonly diagnostic: string;
  /** System title of the server. */
  readonly respondingApTitle?: Uint8Array;
  /** Certificate of the server's digital signature key. */
  readonly respondingAeQualifier?: Uint8Array;
  readonly mechanism?: AuthMechanism;
  /** Server-to-client challenge. */
  readonly authenticationValue?: Uint8Array;
  /** InitiateResponse or ConfirmedServiceError, plain or ciphered. */
  readonly userInformation?: Uint8Array;
}

/** BER bytes of an AARE (61). */
export function encodeAare(
  aare: Aare & { readonly diagnostic: UserDiagnostic | ProviderDiagnostic },
): Uint8Array {
  const fields = [
    contextField(aare.context ?? 'ln'),
    ber(0xa2, ber(0x02, Uint8Array.of(ASSOCIATION_RESULTS.indexOf(aare.result)))),
    diagnosticField(aare.diagnostic),
  ];
  if (aare.respondingApTitle) fields.push(ber(0xa4, ber(0x04, aare.respondingApTitle)));
  if (aare.respondingAeQualifier) fields.push(ber(0xa5, ber(0x04, aare.respondingAeQualifier)));
  if (aare.mechanism !== undefined && aare.mechanism !== 'none') {
    fields.push(ber(0x88, AUTHENTICATION_UNIT), mechanismField(0x89, aare.mechanism));
  }
  if (aare.authenticationValue) fields.push(ber(0xaa, ber(0x80, aare.authenticationValue)));
  if (aare.userInformation) fields.push(userInformation(aare.userInformation));
  return ber(TAG.aare, ...fields);
}

/** Throws `apdu-invalid` or `truncated`; elements that nobody here uses are passed over. */
export function decodeAare(bytes: Uint8Array): Aare {
  const aare: { -readonly [Key in keyof Aare]?: Aare[Key] } = {};
  for (const element of singleElements(bytes, TAG.aare, 'aare')) {
    switch (element.tag) {
      case 0xa1:
        aare.context = decodeContext(element);
        break;
      case 0xa2:
        aare.result = associationResult(element);
        break;
      case 0xa3:
        aare.diagnostic = diagnosticName(element);
        break;
      case 0xa4:
        aare.respondingApTitle = inner(element, 0x04);
        break;
      case 0xa5:
        aare.respondingAeQualifier = inner(element, 0x04);
        break;
      case 0x89: {
        const mechanism = decodeMechanism(element);
        if (mechanism !== undefined) aare.mechanism = mechanism;
        break;
      }
      case 0xaa:
        aare.authenticationValue = inner(element, 0x80);
        break;
      case 0xbe:
        aare.userInformation = inner(element, 0x04);
        break;
      default:
    }
  }
  const { result, diagnostic = 'null' } = aare;
  if (result === undefined) throw new DcuError('apdu-invalid', 'AARE without result', { offset: 0 });
  return { ...aare, context: aare.context, result, diagnostic };
}

/** [3] EXPLICIT result-source-diagnostic: [1] of the service user or [2] of the provider. */
function diagnosticField(diagnostic: UserDiagnostic | ProviderDiagnostic): Uint8Array {
  const provider = PROVIDER_DIAGNOSTICS.findIndex((name) => diagnostic === `provider: ${name}`);
  if (provider >= 0) return ber(0xa3, ber(0xa2, ber(0x02, Uint8Array.of(provider))));
  return ber(0xa3, ber(0xa1, ber(0x02, Uint8Array.of(USER_DIAGNOSTICS[diagnostic as UserDiagnostic]))));
}

function associationResult(element: BerElement): AssociationResult {
  const result = ASSOCIATION_RESULTS[innerInteger(element)];
  if (result === undefined) {
    throw new DcuError('apdu-invalid', 'unknown association result', { offset: element.offset });
  }
  return result;
}

function diagnosticName(element: BerElement): string {
  const source = readBer(new ByteReader(element.value));
  const code = innerInteger(source);
  if (source.tag === 0xa2) return `provider: ${PROVIDER_DIAGNOSTICS[code] ?? code}`;
  const names = Object.entries(USER_DIAGNOSTICS).find(([, id]) => id === code);
  return names?.[0] ?? `diagnostic-${code}`;
}
