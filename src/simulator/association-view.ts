import { conformanceMask, LN_CONFORMANCE } from '../dlms/apdu/conformance.ts';
import type { DlmsData } from '../dlms/data.ts';
import type { AssociationPolicy } from '../dlms/server.ts';
import {
  array,
  bitString,
  enumeration,
  i8,
  logicalName,
  NULL_DATA,
  octetString,
  structure,
  u8,
  u16,
} from '../dlms/values.ts';
import type { SimulatedObject } from './meter-objects.ts';

/** Access modes of association objects up to version 2 (Blue Book, class 15). */
const ACCESS = { none: 0, read: 1, write: 2, readWrite: 3 } as const;

/** joint-iso-ccitt(2) country(16) country-name(756) identified-organization(5) DLMS-UA(8), then 1 = context, 2 = mechanism. */
const DLMS_UA = [0x60, 0x85, 0x74, 0x05, 0x08];
const MECHANISM_IDS = { none: 0, lls: 1, 'hls-gmac': 5 } as const;
const LN_REFERENCING = 1;
const LN_REFERENCING_CIPHERED = 3;
const DLMS_VERSION = 6;

/** Attribute numbers that can only be written, or are not served at all, beside those that an object lists. */
const PROFILE_BUFFER = 2;
const PROFILE_SELECTORS = [1, 2];

/** One element of the object_list: class, version, name, and the rights on each attribute and method. */
function listElement(object: SimulatedObject, writable: boolean): DlmsData {
  const attributes = [1, ...Object.keys(object.attributes).map(Number)];
  if (object.classId === 7) attributes.splice(1, 0, PROFILE_BUFFER);
  const attributeRights = attributes.map((attribute) => {
    const hidden = object.secret?.includes(attribute) ?? false;
    const set = writable && object.attributes[attribute]?.set !== undefined;
    const mode = hidden ? ACCESS.none : set ? ACCESS.readWrite : ACCESS.read;
    const selectors =
      object.classId === 7 && attribute === PROFILE_BUFFER ? array(PROFILE_SELECTORS.map(i8)) : NULL_DATA;
    return structure(i8(attribute), enumeration(mode), selectors);
  });
  const methodRights = Object.keys(object.methods ?? {}).map((method) =>
    structure(i8(Number(method)), enumeration(writable ? 1 : 0)),
  );
  return structure(
    u16(object.classId),
    u8(object.version),
    logicalName(object.obis),
    structure(array(attributeRights), array(methodRights)),
  );
}

export interface AssociationFacts {
  readonly policy: AssociationPolicy;
  readonly serverAddress: number;
  readonly maxPduSize: number;
  /** All objects that this client sees, the association and the SAP list included. */
  readonly objects: () => readonly SimulatedObject[];
  /** Whether the client may do more than read. */
  readonly writable: boolean;
}

/** Class 15, version 1: the association that asks, as it is. */
export function associationObject({
  policy,
  serverAddress,
  maxPduSize,
  objects,
  writable,
}: AssociationFacts): SimulatedObject {
  const ciphered = policy.policy !== 'none';
  const mask = conformanceMask(LN_CONFORMANCE);
  const conformance = bitString(Uint8Array.of(mask >> 16, (mask >> 8) & 0xff, mask & 0xff), 24);
  const context = ciphered ? LN_REFERENCING_CIPHERED : LN_REFERENCING;
  const get = (value: DlmsData) => ({ get: () => value });
  return {
    classId: 15,
    version: 1,
    obis: '0.0.40.0.0.255',
    open: true,
    secret: [7],
    attributes: {
      2: { get: () => array(objects().map((object) => listElement(object, writable))) },
      3: get(structure(i8(policy.clientAddress), u16(serverAddress))),
      4: get(octetString(Uint8Array.of(...DLMS_UA, 1, context))),
      5: get(
        structure(
          conformance,
          u16(maxPduSize),
          u16(maxPduSize),
          u8(DLMS_VERSION),
          i8(0),
          octetString(new Uint8Array(0)),
        ),
      ),
      6: get(octetString(Uint8Array.of(...DLMS_UA, 2, MECHANISM_IDS[policy.auth]))),
      7: get(NULL_DATA),
      // 2 = associated.
      8: get(enumeration(2)),
      9: get(logicalName('0.0.43.0.0.255')),
    },
  };
}

/** Class 17, version 0: the one logical device. */
export function sapObject(serverAddress: number, deviceName: () => DlmsData): SimulatedObject {
  return {
    classId: 17,
    version: 0,
    obis: '0.0.41.0.0.255',
    open: true,
    attributes: { 2: { get: () => array([structure(u16(serverAddress), deviceName())]) } },
  };
}
