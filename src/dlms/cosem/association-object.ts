import { needsSecret } from '../../base/security-needs.ts';
import { contextOid, mechanismOid } from '../apdu/acse.ts';
import { DLMS_VERSION } from '../apdu/initiate.ts';
import type { AccessSelection } from '../client-types.ts';
import type { DlmsData } from '../data.ts';
import { formatObis } from '../obis.ts';
import type { AssociationUser, Caller, CosemResponse } from '../server-types.ts';
import {
  array,
  bitString,
  boolean,
  enumeration,
  i8,
  logicalName,
  NULL_DATA,
  octetString,
  structure,
  u8,
  u16,
  visibleString,
} from '../values.ts';
import {
  type AccessRights,
  attributeAccessMode,
  effectiveAttributeRight,
  effectiveMethodRight,
  isVisible,
  methodAccessMode,
} from './access-rights.ts';
import { attributesOf, interfaceClass, methodsOf } from './classes/index.ts';
import { type CosemObject, constant, type MethodSource } from './cosem-object.ts';

/** Versions of class 15: 1 refers to the security setup, 2 knows users, 3 says access rights in bits. */
export type AssociationVersion = 0 | 1 | 2 | 3;

/**
 * What clients may change about their association; what is not given cannot be. Results are the standard's names;
 * undefined where they come later.
 */
export interface AssociationChanges {
  /** New password or HLS secret. It holds from the next association on. */
  readonly secret?: (clientAddress: number, secret: Uint8Array) => string | undefined;
  /** The whole list, as it is to be. */
  readonly users?: (clientAddress: number, users: readonly AssociationUser[]) => string;
}

export interface AssociationView {
  readonly version: AssociationVersion;
  readonly objects: () => readonly CosemObject[];
  /** Undefined for a client without an association. */
  readonly rights: (caller: Caller) => AccessRights | undefined;
  readonly users: (caller: Caller) => readonly AssociationUser[];
  readonly hasSecuritySetup: boolean;
  readonly changes: AssociationChanges;
}

const OBIS = '0.0.40.0.0.255';
const ASSOCIATED = 2;
const NO_REFERENCE = '0.0.0.0.0.0';
const SECURITY_SETUP = '0.0.43.0.0.255';
const LONGEST_SECRET = 64;
const LONGEST_USER_NAME = 64;
const MOST_USERS = 256;

/** Access selectors of object_list (Blue Book, class 15). */
const WITHOUT_RIGHTS = 1;
const BY_CLASSES = 2;
const BY_OBJECTS = 3;
const ONE_OBJECT = 4;

/** Class 15 as the asking client sees it. The secret is never readable. */
export function associationObject(view: AssociationView): CosemObject {
  const { version, changes } = view;
  const { secret } = changes;
  const reference = logicalName(view.hasSecuritySetup ? SECURITY_SETUP : NO_REFERENCE);
  const setSecret = (value: DlmsData | undefined, caller: Caller): string | undefined => {
    if (secret === undefined || !needsSecret(caller.auth)) return 'read-write-denied';
    if (value?.type !== 'octet-string') return 'type-unmatched';
    if (value.value.length === 0 || value.value.length > LONGEST_SECRET) return 'other-reason';
    return secret(caller.clientAddress, value.value.slice());
  };
  return {
    classId: 15,
    version,
    obis: OBIS,
    attributes: {
      2: { selective: true, get: ({ caller, selection }) => objectList(view, caller, selection) },
      3: { get: ({ caller }) => partners(caller) },
      4: { get: ({ caller }) => octetString(contextOid(contextName(caller))) },
      5: { get: ({ caller }) => contextInfo(caller) },
      6: { get: ({ caller }) => octetString(mechanismOid(caller.auth)) },
      7: secret ? { set: setSecret } : {},
      8: constant(enumeration(ASSOCIATED)),
      ...(version >= 1 ? { 9: constant(reference) } : {}),
      ...(version >= 2
        ? {
            10: { get: ({ caller }) => array(view.users(caller).map(userData)) },
            11: { get: ({ caller }) => userData(currentUser(view, caller)) },
          }
        : {}),
    },
    methods: {
      // Passes 3 and 4 are over when an association stands; out of them there is nothing to reply to.
      1: () => 'temporary-failure',
      ...(secret ? { 2: setSecret } : {}),
      ...(version >= 2 && changes.users ? userMethods(view, changes.users) : {}),
    },
  };
}

/** add_user and remove_user. */
function userMethods(
  view: AssociationView,
  change: (clientAddress: number, users: readonly AssociationUser[]) => string,
): Readonly<Record<number, MethodSource>> {
  return {
    5: (parameter, caller) => {
      const user = userOf(parameter);
      const users = view.users(caller);
      if (user === undefined) return 'type-unmatched';
      if (users.length >= MOST_USERS || users.some(({ id }) => id === user.id)) return 'other-reason';
      return change(caller.clientAddress, [...users, user]);
    },
    6: (parameter, caller) => {
      const user = userOf(parameter);
      const users = view.users(caller);
      if (user === undefined) return 'type-unmatched';
      const rest = users.filter(({ id }) => id !== user.id);
      return rest.length === users.length ? 'other-reason' : change(caller.clientAddress, rest);
    },
  };
}

const userData = ({ id, name }: AssociationUser): DlmsData => structure(u8(id), visibleString(name));

function userOf(data: DlmsData | undefined): AssociationUser | undefined {
  if (data?.type !== 'structure' || data.elements.length !== 2) return undefined;
  const [id, name] = data.elements;
  if (id?.type !== 'unsigned') return undefined;
  const text =
    name?.type === 'octet-string'
      ? String.fromCharCode(...name.value.subarray(0, LONGEST_USER_NAME))
      : name?.type === 'visible-string' || name?.type === 'utf8-string'
        ? name.value
        : undefined;
  return text === undefined ? undefined : { id: id.value, name: text.slice(0, LONGEST_USER_NAME) };
}

/** 0 and no name where the association was opened without a user. */
function currentUser(view: AssociationView, caller: Caller): AssociationUser {
  const { userId = 0 } = caller;
  return view.users(caller).find(({ id }) => id === userId) ?? { id: userId & 0xff, name: '' };
}

/** client_SAP is an integer; a wPort beyond its range keeps its low byte, as the type has no room for more. */
function partners({ clientAddress, peer }: Caller): DlmsData {
  return structure(i8((clientAddress << 24) >> 24), u16(peer.serverAddress));
}

function contextName({ context, referencing = 'ln' }: Caller): 'ln' | 'sn' | 'ln-ciphered' | 'sn-ciphered' {
  return context?.ciphered === true ? `${referencing}-ciphered` : referencing;
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

/**
 * object_list_element of each object on which the association has rights, with those rights. Selectors 1 and 2 leave
 * the rights out, which is told as empty lists of them: the standard's text on that form was not checked.
 */
function objectList(
  view: AssociationView,
  caller: Caller,
  selection: AccessSelection | undefined,
): DlmsData | CosemResponse {
  const rights = view.rights(caller);
  const visible = rights === undefined ? [] : view.objects().filter((object) => isVisible(rights, object));
  const full = (object: CosemObject): DlmsData => listElement(object, rights, view.version);
  const bare = (object: CosemObject): DlmsData => listElement(object, undefined, view.version);
  if (selection === undefined) return array(visible.map(full));
  if (selection.by !== 'selector') return { result: 'scope-of-access-violated' };
  const { selector, parameter } = selection;
  switch (selector) {
    case WITHOUT_RIGHTS:
      return parameter.type === 'null-data' ? array(visible.map(bare)) : { result: 'type-unmatched' };
    case BY_CLASSES: {
      const classes = parameter.type === 'array' ? parameter.elements.map(classOf) : [undefined];
      if (classes.includes(undefined)) return { result: 'type-unmatched' };
      return array(visible.filter(({ classId }) => classes.includes(classId)).map(bare));
    }
    case BY_OBJECTS: {
      const names = parameter.type === 'array' ? parameter.elements.map(objectIdOf) : [undefined];
      if (names.includes(undefined)) return { result: 'type-unmatched' };
      return array(visible.filter((object) => names.includes(idOf(object))).map(full));
    }
    case ONE_OBJECT: {
      const name = objectIdOf(parameter);
      if (name === undefined) return { result: 'type-unmatched' };
      const object = visible.find((one) => idOf(one) === name);
      return object === undefined ? { result: 'object-undefined' } : full(object);
    }
    default:
      return { result: 'scope-of-access-violated' };
  }
}

const classOf = (data: DlmsData): number | undefined =>
  data.type === 'long-unsigned' ? data.value : undefined;

const idOf = ({ classId, obis }: CosemObject): string => `${classId}:${obis}`;

/** object_Id: class_id and logical_name. */
function objectIdOf(data: DlmsData): string | undefined {
  if (data.type !== 'structure' || data.elements.length !== 2) return undefined;
  const [classId, name] = data.elements;
  if (classId?.type !== 'long-unsigned' || name?.type !== 'octet-string' || name.value.length !== 6) {
    return undefined;
  }
  return `${classId.value}:${formatObis(name.value)}`;
}

function listElement(
  object: CosemObject,
  rights: AccessRights | undefined,
  version: AssociationVersion,
): DlmsData {
  return structure(
    u16(object.classId),
    u8(object.version),
    logicalName(object.obis),
    rights === undefined
      ? structure(array([]), array([]))
      : structure(attributeAccess(object, rights, version), methodAccess(object, rights, version)),
  );
}

/** attribute_access_descriptor in the form of a version of class 15. */
export function attributeAccess(
  object: CosemObject,
  rights: AccessRights,
  version: AssociationVersion = 1,
): DlmsData {
  const definition = interfaceClass(object.classId);
  const defined = definition ? attributesOf(definition, object.version) : [];
  const indexes = definition ? defined.map(({ index }) => index) : Object.keys(object.attributes).map(Number);
  return array(
    [1, ...indexes].map((index) => {
      const right = effectiveAttributeRight(rights, object, index);
      const mode = attributeAccessMode(version, right, rights.protection?.(object, index, 'attribute'));
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

/** method_access_descriptor in the form of a version of class 15: version 0 has booleans. */
export function methodAccess(
  object: CosemObject,
  rights: AccessRights,
  version: AssociationVersion = 1,
): DlmsData {
  const definition = interfaceClass(object.classId);
  const indexes = definition
    ? methodsOf(definition, object.version).map(({ index }) => index)
    : Object.keys(object.methods ?? {}).map(Number);
  return array(
    indexes.map((index) => {
      const granted = effectiveMethodRight(rights, object, index);
      const mode = methodAccessMode(version, granted, rights.protection?.(object, index, 'method'));
      return structure(i8(index), version === 0 ? boolean(mode !== 0) : enumeration(mode));
    }),
  );
}
