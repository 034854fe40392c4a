import { DcuError } from '../../base/errors.ts';
import type { AuthMechanism } from '../../base/model.ts';
import { ber } from '../ber.ts';
import {
  type ApplicationContext,
  AUTHENTICATION_UNIT,
  bitIsSet,
  contextField,
  decodeContext,
  decodeMechanism,
  inner,
  innerInteger,
  integerField,
  mechanismField,
  singleElements,
  userInformation,
} from './acse.ts';
import { TAG } from './tags.ts';

export interface Aarq {
  /** Undefined when decoded: a context that is not of the DLMS UA. */
  readonly context: ApplicationContext | undefined;
  /** System title of the client. */
  readonly callingApTitle?: Uint8Array;
  /** Certificate of the client's digital signature key. */
  readonly callingAeQualifier?: Uint8Array;
  /** User of the client (class 15 version 2, user_list). */
  readonly callingAeInvocationId?: number;
  /** Decoded only: false when a protocol-version is there and has no version 1. */
  readonly acseVersion1?: boolean;
  /** Absent = lowest level security; `unknown` = a mechanism-name that the DLMS UA does not define. */
  readonly mechanism?: AuthMechanism | 'unknown';
  /** Password or client-to-server challenge. */
  readonly authenticationValue?: Uint8Array;
  /** InitiateRequest, plain or ciphered. */
  readonly userInformation?: Uint8Array;
}

/** BER bytes of an AARQ (Green Book 9.4.2, 60). */
export function encodeAarq(aarq: Aarq): Uint8Array {
  if (aarq.context === undefined || aarq.mechanism === 'unknown') {
    throw new DcuError('invalid-argument', 'an AARQ needs a known context and mechanism', { field: 'aarq' });
  }
  const fields = [contextField(aarq.context)];
  if (aarq.callingApTitle) fields.push(ber(0xa6, ber(0x04, aarq.callingApTitle)));
  if (aarq.callingAeQualifier) fields.push(ber(0xa7, ber(0x04, aarq.callingAeQualifier)));
  if (aarq.callingAeInvocationId !== undefined) {
    fields.push(ber(0xa9, integerField(aarq.callingAeInvocationId)));
  }
  if (aarq.mechanism !== undefined && aarq.mechanism !== 'none') {
    fields.push(ber(0x8a, AUTHENTICATION_UNIT), mechanismField(0x8b, aarq.mechanism));
  }
  if (aarq.authenticationValue) fields.push(ber(0xac, ber(0x80, aarq.authenticationValue)));
  if (aarq.userInformation) fields.push(userInformation(aarq.userInformation));
  return ber(TAG.aarq, ...fields);
}

/**
 * Throws `apdu-invalid`, also for a field that is there twice, or `truncated`; elements that nobody here uses are
 * passed over. Without the authentication functional unit in sender-acse-requirements no mechanism counts.
 */
export function decodeAarq(bytes: Uint8Array): Aarq {
  const aarq: { -readonly [Key in keyof Aarq]: Aarq[Key] } = { context: undefined };
  let named = false;
  let authenticates = true;
  for (const element of singleElements(bytes, TAG.aarq, 'aarq')) {
    switch (element.tag) {
      case 0x80:
        aarq.acseVersion1 = bitIsSet(element, 0);
        break;
      case 0xa1:
        aarq.context = decodeContext(element);
        named = true;
        break;
      case 0xa6:
        aarq.callingApTitle = inner(element, 0x04);
        break;
      case 0xa7:
        aarq.callingAeQualifier = inner(element, 0x04);
        break;
      case 0xa9:
        aarq.callingAeInvocationId = innerInteger(element);
        break;
      case 0x8a:
        authenticates = bitIsSet(element, 0);
        break;
      case 0x8b:
        aarq.mechanism = decodeMechanism(element) ?? 'unknown';
        break;
      case 0xac:
        aarq.authenticationValue = inner(element, 0x80);
        break;
      case 0xbe:
        aarq.userInformation = inner(element, 0x04);
        break;
      default:
    }
  }
  if (!named) throw new DcuError('apdu-invalid', 'AARQ without application-context-name', { offset: 0 });
  if (authenticates) return aarq;
  const { mechanism: _, authenticationValue: __, ...plain } = aarq;
  return plain;
}
