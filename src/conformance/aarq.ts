import { ByteReader, ByteWriter, concat } from '../base/bytes.ts';
import { DcuError } from '../base/errors.ts';
import { ber, readBer } from '../dlms/ber.ts';

/** ACSE APDUs field by field (Green Book 9.4.2), so that any of them can be missing, odd or wrong. */

/** Contents of object identifiers 2.16.756.5.8.`arc`.`id`. */
export const dlmsOid = (arc: 1 | 2, id: number): Uint8Array =>
  Uint8Array.of(0x60, 0x85, 0x74, 0x05, 0x08, arc, id);

export const CONTEXT = { ln: 1, sn: 2, lnCiphered: 3, snCiphered: 4 } as const;

/** Conformance bits that the tests ask for, as masks of 24 bits. */
export const BIT = {
  generalProtection: 0x400000,
  generalBlockTransfer: 0x200000,
  read: 0x100000,
  write: 0x080000,
  unconfirmedWrite: 0x040000,
  priority: 0x004000,
  attribute0Get: 0x002000,
  blockGet: 0x001000,
  blockSet: 0x000800,
  blockAction: 0x000400,
  multipleReferences: 0x000200,
  dataNotification: 0x000080,
  access: 0x000040,
  parameterizedAccess: 0x000020,
  get: 0x000010,
  set: 0x000008,
  selectiveAccess: 0x000004,
  action: 0x000001,
} as const;

/** Everything that the tests use with logical names. */
export const USUAL_CONFORMANCE =
  BIT.generalProtection |
  BIT.priority |
  BIT.blockGet |
  BIT.blockSet |
  BIT.blockAction |
  BIT.multipleReferences |
  BIT.get |
  BIT.set |
  BIT.selectiveAccess |
  BIT.action;

/** Everything that the tests use with short names. */
export const USUAL_SN_CONFORMANCE =
  BIT.generalProtection |
  BIT.read |
  BIT.write |
  BIT.unconfirmedWrite |
  BIT.blockGet |
  BIT.blockSet |
  BIT.multipleReferences |
  BIT.parameterizedAccess;

export interface InitiateSpec {
  readonly conformance?: number;
  readonly maxPdu?: number;
  readonly version?: number;
  readonly qualityOfService?: number;
  readonly dedicatedKey?: Uint8Array;
}

/** InitiateRequest (A-XDR). */
export function initiateRequest(spec: InitiateSpec = {}): Uint8Array {
  const {
    conformance = USUAL_CONFORMANCE,
    maxPdu = 1024,
    version = 6,
    qualityOfService,
    dedicatedKey,
  } = spec;
  const writer = new ByteWriter(64).u8(1);
  if (dedicatedKey === undefined) writer.u8(0);
  else writer.u8(1).u8(dedicatedKey.length).put(dedicatedKey);
  writer.u8(0);
  if (qualityOfService === undefined) writer.u8(0);
  else writer.u8(1).u8(qualityOfService);
  writer
    .u8(version)
    .put(Uint8Array.of(0x5f, 0x1f, 4, 0))
    .u8(conformance >>> 16);
  return writer
    .u16(conformance & 0xffff)
    .u16(maxPdu)
    .done();
}

export interface AarqFields {
  /** Contents of the context's object identifier. */
  readonly context?: Uint8Array;
  readonly callingTitle?: Uint8Array;
  /** Contents of the mechanism's object identifier; acse-requirements go with it. */
  readonly mechanism?: Uint8Array;
  readonly authenticationValue?: Uint8Array;
  /** The xDLMS APDU in user-information. */
  readonly user?: Uint8Array;
  /** Further elements with their tags; they are put where their number belongs. */
  readonly more?: readonly Uint8Array[];
}

const numberOf = (element: Uint8Array): number => (element[0] ?? 0) & 0x1f;

/** AARQ with its elements in the order of their numbers. */
export function aarq(fields: AarqFields): Uint8Array {
  return ber(0x60, ...aarqElements(fields));
}

export function aarqElements({
  context,
  callingTitle,
  mechanism,
  authenticationValue,
  user,
  more = [],
}: AarqFields): Uint8Array[] {
  const elements = [
    ...(context ? [ber(0xa1, ber(0x06, context))] : []),
    ...(callingTitle ? [ber(0xa6, ber(0x04, callingTitle))] : []),
    ...(mechanism ? [ber(0x8a, Uint8Array.of(0x07, 0x80)), ber(0x8b, mechanism)] : []),
    ...(authenticationValue ? [ber(0xac, ber(0x80, authenticationValue))] : []),
    ...(user ? [ber(0xbe, ber(0x04, user))] : []),
    ...more,
  ];
  return elements.sort((a, b) => numberOf(a) - numberOf(b));
}

/** What an AARE says. */
export interface AareFields {
  readonly result: number;
  /** 1 = service user, 2 = service provider. */
  readonly source: number;
  readonly diagnostic: number;
  readonly context?: Uint8Array;
  readonly respondingTitle?: Uint8Array;
  readonly mechanism?: Uint8Array;
  readonly authenticationValue?: Uint8Array;
  readonly user?: Uint8Array;
}

/** Undefined when it is no well-formed AARE. */
export function parseAare(apdu: Uint8Array): AareFields | undefined {
  try {
    const outer = readBer(new ByteReader(apdu));
    if (outer.tag !== 0x61) return undefined;
    const reader = new ByteReader(outer.value);
    const found = new Map<number, Uint8Array>();
    while (reader.remaining > 0) {
      const { tag, value } = readBer(reader);
      found.set(tag, value.slice());
    }
    const result = inner(found.get(0xa2));
    const source = found.get(0xa3);
    const diagnostic = source && inner(inner(source));
    if (result === undefined || source === undefined || diagnostic === undefined) return undefined;
    const optional = {
      context: inner(found.get(0xa1)),
      respondingTitle: inner(found.get(0xa4)),
      mechanism: found.get(0x89),
      authenticationValue: inner(found.get(0xaa)),
      user: inner(found.get(0xbe)),
    };
    return {
      result: numberIn(result),
      source: (source[0] ?? 0) & 0x1f,
      diagnostic: numberIn(diagnostic),
      ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
    };
  } catch (error) {
    if (error instanceof DcuError) return undefined;
    throw error;
  }
}

function inner(value: Uint8Array | undefined): Uint8Array | undefined {
  return value === undefined ? undefined : readBer(new ByteReader(value)).value.slice();
}

const numberIn = (bytes: Uint8Array): number => bytes.reduce((sum, byte) => sum * 256 + byte, 0);

export interface InitiateAnswer {
  readonly version: number;
  readonly conformance: number;
  readonly maxPdu: number;
  readonly vaaName: number;
}

/** From an InitiateResponse; undefined when it is none. */
export function parseInitiateResponse(apdu: Uint8Array): InitiateAnswer | undefined {
  const quality = apdu[1] === 1 ? 1 : 0;
  const [, , , ...rest] = apdu.subarray(quality);
  if (apdu[0] !== 0x08 || apdu.length !== 14 + quality) return undefined;
  const at = concat([Uint8Array.from(rest)]);
  if (at[0] !== 0x5f || at[1] !== 0x1f || at[2] !== 4 || at[3] !== 0) return undefined;
  const view = new DataView(at.buffer);
  return {
    version: apdu[2 + quality] ?? 0,
    conformance: view.getUint32(3) & 0xffffff,
    maxPdu: view.getUint16(7),
    vaaName: view.getUint16(9),
  };
}
