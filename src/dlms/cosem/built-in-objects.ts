import { contextOid, mechanismOid } from '../apdu/acse.ts';
import { DLMS_VERSION } from '../apdu/initiate.ts';
import type { DlmsData } from '../data.ts';
import type { Caller } from '../server-types.ts';
import {
  array,
  bitString,
  enumeration,
  i8,
  logicalName,
  NULL_DATA,
  octetString,
  octetText,
  structure,
  u8,
  u16,
} from '../values.ts';
import {
  type AccessRights,
  effectiveAttributeRight,
  effectiveMethodRight,
  isVisible,
} from './access-rights.ts';
import { attributesOf, interfaceClass, methodsOf } from './classes/index.ts';
import { type CosemObject, constant } from './cosem-object.ts';

/** A row of the SAP assignment. */
export interface SapEntry {
  readonly address: number;
  readonly name: string;
}

export interface DeviceView {
  readonly name: string;
  readonly saps: () => readonly SapEntry[];
  readonly objects: () => readonly CosemObject[];
  /** Undefined for a client without an association. */
  readonly rights: (caller: Caller) => AccessRights | undefined;
  readonly hasSecuritySetup: boolean;
}

const ASSOCIATION_VERSION = 1;
/** attribute_access_item's access_mode of class 15 up to version 2. */
const ACCESS_MODES = { none: 0, read: 1, write: 2, 'read-write': 3 } as const;
const ASSOCIATED = 2;
const NO_REFERENCE = '0.0.0.0.0.0';
const SECURITY_SETUP = '0.0.43.0.0.255';

/** Objects that every logical device has: its name, the SAP assignment, and the current association. */
export function builtInObjects(view: DeviceView): CosemObject[] {
  return [
    {
      classId: 1,
      version: 0,
      obis: '0.0.42.0.0.255',
      attributes: { 2: constant(octetText(view.name)) },
    },
    {
      classId: 17,
      version: 0,
      obis: '0.0.41.0.0.255',
      attributes: {
        2: {
          get: () => array(view.saps().map(({ address, name }) => structure(u16(address), octetText(name)))),
        },
      },
    },
    associationObject(view),
  ];
}

/** Class 15 as the asking client sees it. The secret is never readable. */
function associationObject(view: DeviceView): CosemObject {
  const reference = logicalName(view.hasSecuritySetup ? SECURITY_SETUP : NO_REFERENCE);
  return {
    classId: 15,
    version: ASSOCIATION_VERSION,
    obis: '0.0.40.0.0.255',
    attributes: {
      2: { get: ({ caller }) => objectList(view.objects(), view.rights(caller)) },
      3: { get: ({ caller }) => partners(caller) },
      4: { get: ({ caller }) => octetString(contextOid(caller.context?.ciphered ? 'ln-ciphered' : 'ln')) },
      5: { get: ({ caller }) => contextInfo(caller) },
      6: { get: ({ caller }) => octetString(mechanismOid(caller.auth)) },
      7: {},
      8: constant(enumeration(ASSOCIATED)),
      9: constant(reference),
    },
    methods: {
      // Passes 3 and 4 are over when an association stands; out of them there is nothing to reply to.
      1: () => 'temporary-failure',
    },
  };
}

/** client_SAP is an integer; a wPort beyond its range keeps its low byte, as the type has no room for more. */
function partners({ clientAddress, peer }: Caller): DlmsData {
  return structure(i8((clientAddress << 24) >> 24), u16(peer.serverAddress));
}

function contextInfo(caller: Caller): DlmsData {
  const { conformance = 0, maxReceivePduSize = 0, maxSendPduSize = 0 } = caller.context ?? {};
  const bits = Uint8Array.of(conformance >>> 16, (conformance >>> 8) & 0xff, conformance & 0xff);
  return structure(
    bitString(bits, 24),
    u16(maxReceivePduSize),
    u16(maxSendPduSize),
    u8(DLMS_VERSION),
    i8(0),
    octetString(new Uint8Array(0)),
  );
}

/** object_list_element of each object on which the association has rights, with those rights. */
function objectList(objects: readonly CosemObject[], rights: AccessRights | undefined): DlmsData {
  if (rights === undefined) return array([]);
  return array(
    objects
      .filter((object) => isVisible(rights, object))
      .map((object) =>
        structure(
          u16(object.classId),
          u8(object.version),
          logicalName(object.obis),
          structure(attributeAccess(object, rights), methodAccess(object, rights)),
        ),
      ),
  );
}

export function attributeAccess(object: CosemObject, rights: AccessRights): DlmsData {
  const definition = interfaceClass(object.classId);
  const defined = definition ? attributesOf(definition, object.version) : [];
  const indexes = definition ? defined.map(({ index }) => index) : Object.keys(object.attributes).map(Number);
  return array(
    [1, ...indexes].map((index) => {
      const mode = ACCESS_MODES[effectiveAttributeRight(rights, object, index)];
      const selectors = object.attributes[index]?.selective
        ? defined.find((attribute) => attribute.index === index)?.selectors
        : undefined;
      return structure(
        i8(index),
        enumeration(mode),
        selectors === undefined ? NULL_DATA : array(selectors.map(i8)),
      );
    }),
  );
}

export function methodAccess(object: CosemObject, rights: AccessRights): DlmsData {
  const definition = interfaceClass(object.classId);
  const indexes = definition
    ? methodsOf(definition, object.version).map(({ index }) => index)
    : Object.keys(object.methods ?? {}).map(Number);
  return array(
    indexes.map((index) =>
      structure(i8(index), enumeration(effectiveMethodRight(rights, object, index) ? 1 : 0)),
    ),
  );
}
