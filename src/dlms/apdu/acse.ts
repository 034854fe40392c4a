import { ByteReader, equalBytes } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import type { AuthMechanism } from '../../base/model.ts';
import { type BerElement, ber, readBer } from '../ber.ts';

/** Application contexts 2.16.756.5.8.1.x (Green Book 9.4.2.2.2). */
export const APPLICATION_CONTEXTS = {
  ln: 1,
  sn: 2,
  'ln-ciphered': 3,
  'sn-ciphered': 4,
} as const;
export type ApplicationContext = keyof typeof APPLICATION_CONTEXTS;

/** Authentication mechanisms 2.16.756.5.8.2.x (Green Book 9.4.2.2.3). */
export const MECHANISM_IDS = {
  none: 0,
  lls: 1,
  hls: 2,
  'hls-md5': 3,
  'hls-sha1': 4,
  'hls-gmac': 5,
  'hls-sha256': 6,
  'hls-ecdsa': 7,
} as const satisfies Record<AuthMechanism, number>;

/** joint-iso-ccitt(2) country(16) country-name(756) identified-organization(5) DLMS-UA(8). */
const DLMS_UA = Uint8Array.of(0x60, 0x85, 0x74, 0x05, 0x08);
const ARC_CONTEXT = 1;
const ARC_MECHANISM = 2;

/** Seven contents bytes of an object identifier under the DLMS UA's arc. */
function objectId(arc: number, id: number): Uint8Array {
  return Uint8Array.of(...DLMS_UA, arc, id);
}

function idUnder(arc: number, bytes: Uint8Array): number | undefined {
  return bytes.length === 7 && equalBytes(bytes.subarray(0, 5), DLMS_UA) && bytes[5] === arc
    ? bytes[6]
    : undefined;
}

const named = <Name extends string>(
  table: Readonly<Record<Name, number>>,
  id: number | undefined,
): Name | undefined => (Object.keys(table) as Name[]).find((name) => table[name] === id);

/** ACSE requirements with the authentication functional unit: BIT STRING 07 80. */
export const AUTHENTICATION_UNIT = Uint8Array.of(0x07, 0x80);

/** [1] EXPLICIT application-context-name. */
export function contextField(context: ApplicationContext): Uint8Array {
  return ber(0xa1, ber(0x06, objectId(ARC_CONTEXT, APPLICATION_CONTEXTS[context])));
}

/** Undefined for a context that is not of the DLMS UA. */
export function decodeContext(element: BerElement): ApplicationContext | undefined {
  return named(APPLICATION_CONTEXTS, idUnder(ARC_CONTEXT, inner(element, 0x06)));
}

export function mechanismOid(mechanism: AuthMechanism): Uint8Array {
  return objectId(ARC_MECHANISM, MECHANISM_IDS[mechanism]);
}

export function contextOid(context: ApplicationContext): Uint8Array {
  return objectId(ARC_CONTEXT, APPLICATION_CONTEXTS[context]);
}

/** IMPLICIT mechanism-name under the given tag (8B in the AARQ, 89 in the AARE). */
export function mechanismField(tag: number, mechanism: AuthMechanism): Uint8Array {
  return ber(tag, mechanismOid(mechanism));
}

export function decodeMechanism(element: BerElement): AuthMechanism | undefined {
  return named(MECHANISM_IDS, idUnder(ARC_MECHANISM, element.value));
}

/** [30] EXPLICIT user-information: an OCTET STRING that holds an xDLMS APDU. */
export function userInformation(apdu: Uint8Array): Uint8Array {
  return ber(0xbe, ber(0x04, apdu));
}

/** The contents of the only element inside; throws `apdu-invalid` when it has another tag. */
export function inner(element: BerElement, tag: number): Uint8Array {
  const reader = new ByteReader(element.value);
  const found = readBer(reader);
  if (found.tag !== tag) {
    throw new DcuError(
      'apdu-invalid',
      `BER tag 0x${found.tag.toString(16)} inside 0x${element.tag.toString(16)}`,
      {
        offset: element.offset,
      },
    );
  }
  return found.value;
}

/** A BER INTEGER of one byte or two. */
export function innerInteger(element: BerElement): number {
  const value = inner(element, 0x02);
  if (value.length < 1 || value.length > 2) {
    throw new DcuError('apdu-invalid', `INTEGER of ${value.length} bytes`, { offset: element.offset });
  }
  return value.reduce((sum, byte) => sum * 256 + byte, 0);
}

/** The elements of an ACSE APDU; throws `apdu-invalid` when its tag is another. Bytes behind the APDU are left alone. */
export function acseElements(bytes: Uint8Array, tag: number, name: string): BerElement[] {
  const apdu = readBer(new ByteReader(bytes));
  if (apdu.tag !== tag) {
    throw new DcuError('apdu-invalid', `tag 0x${apdu.tag.toString(16)} where ${name} is expected`, {
      offset: 0,
    });
  }
  const reader = new ByteReader(bytes, 0);
  reader.offset = apdu.value.byteOffset - bytes.byteOffset;
  const end = reader.offset + apdu.value.length;
  const elements: BerElement[] = [];
  const inside = new ByteReader(bytes.subarray(0, end), reader.offset);
  while (inside.remaining > 0) elements.push(readBer(inside));
  return elements;
}

/** As `acseElements`; throws `apdu-invalid` also for an element that is there twice, of which nobody knows which one counts. */
export function singleElements(bytes: Uint8Array, tag: number, name: string): BerElement[] {
  const elements = acseElements(bytes, tag, name);
  const seen = new Set<number>();
  for (const element of elements) {
    if (seen.has(element.tag)) {
      throw new DcuError('apdu-invalid', `${name} with 0x${element.tag.toString(16)} twice`, {
        offset: element.offset,
      });
    }
    seen.add(element.tag);
  }
  return elements;
}

/** A BER INTEGER that is not negative. */
export function integerField(value: number): Uint8Array {
  if (!Number.isInteger(value) || value < 0 || value > 0x7fff) {
    throw new DcuError('invalid-argument', `${value} is no identifier from 0 to 32767`, {
      field: 'identifier',
    });
  }
  return value < 0x80 ? ber(0x02, Uint8Array.of(value)) : ber(0x02, Uint8Array.of(value >> 8, value & 0xff));
}

/** Whether a bit of an IMPLICIT BIT STRING is set; bit 0 is the most significant of the first byte. */
export function bitIsSet(element: BerElement, bit: number): boolean {
  const unused = element.value[0] ?? 8;
  const bits = (element.value.length - 1) * 8 - unused;
  return bit < bits && ((element.value[1 + (bit >> 3)] ?? 0) & (0x80 >> (bit & 7))) !== 0;
}
