import { encodeData } from '../axdr.ts';
import type { AccessSelection, ShortName } from '../client-types.ts';
import type { DlmsData } from '../data.ts';
import { formatObis } from '../obis.ts';
import type { Caller, CosemResponse } from '../server-types.ts';
import { array, i16, logicalName, structure } from '../values.ts';
import { type AccessRights, isVisible } from './access-rights.ts';
import { attributeAccess, methodAccess } from './association-object.ts';
import { type CosemObject, constant, type MethodSource } from './cosem-object.ts';
import { ASSOCIATION_SN_VERSION } from './short-name-assignment.ts';
import { objectList, objectListElement } from './short-name-list.ts';
import { ASSOCIATION_SN, RESERVED_NAMES } from './short-name-table.ts';

/** An object of the device together with its short name. */
export interface NamedObject {
  readonly object: CosemObject;
  readonly name: ShortName;
}

export interface ShortNameView {
  /** Every object that has a short name, the association among them. */
  readonly objects: () => readonly NamedObject[];
  /** Undefined for a client without an association. */
  readonly rights: (caller: Caller) => AccessRights | undefined;
  /** Logical name of the security setup, 0.0.0.0.0.0 where there is none. */
  readonly securitySetup: string;
  /** Methods that other parts of the device know how to do, by number: secrets and authentication. */
  readonly methods?: Readonly<Record<number, MethodSource>>;
}

/** Access selectors of object_list and access_rights_list. */
const BY_CLASS = 1;
const BY_OBJECT = 2;
const BY_NAME = 3;

const GET_ATTRIBUTES_AND_SERVICES = 4;

/**
 * Class 12 version 2 as the asking client sees it (Blue Book 4.4.3); it has nothing for clients that use logical
 * names. read_by_logicalname is not here: whoever serves short names turns it into as many requests. What
 * get_attributes&services answers was not checked against the standard's text: elements of access_rights_list.
 */
export function shortNameAssociation(view: ShortNameView): CosemObject {
  const visible = (caller: Caller): readonly NamedObject[] => {
    const rights = view.rights(caller);
    return rights === undefined ? [] : view.objects().filter(({ object }) => isVisible(rights, object));
  };
  const accessRights = (objects: readonly NamedObject[], caller: Caller): DlmsData => {
    const rights = view.rights(caller);
    return array(rights === undefined ? [] : objects.map((one) => accessRightsElement(one, rights)));
  };
  return {
    ...ASSOCIATION_SN,
    version: ASSOCIATION_SN_VERSION,
    baseName: RESERVED_NAMES.association,
    attributes: {
      2: {
        selective: true,
        get: ({ caller, selection }) =>
          selected(visible(caller), selection, [BY_CLASS, BY_OBJECT], {
            one: ({ name }) => objectListElement(name),
            all: (objects) => objectList(objects.map(({ name }) => name)),
          }),
      },
      3: {
        selective: true,
        get: ({ caller, selection }) =>
          selected(visible(caller), selection, [BY_CLASS, BY_OBJECT, BY_NAME], {
            one: (object) => {
              const rights = view.rights(caller);
              return rights === undefined ? array([]) : accessRightsElement(object, rights);
            },
            all: (objects) => accessRights(objects, caller),
          }),
      },
      4: constant(logicalName(view.securitySetup)),
    },
    methods: {
      ...view.methods,
      [GET_ATTRIBUTES_AND_SERVICES]: (parameter, caller) => {
        const wanted = parameter?.type === 'array' ? parameter.elements.map(objectOf) : undefined;
        if (wanted === undefined || wanted.includes(undefined)) return 'type-unmatched';
        const objects = visible(caller);
        const found = wanted.map((one) => objects.find(({ name }) => isSame(name, one)));
        const known = found.filter((one) => one !== undefined);
        if (known.length < found.length) return 'object-undefined';
        return { result: 'success', data: encodeData(accessRights(known, caller)) };
      },
    },
  };
}

/** The methods of class 12 that do what those of class 15 do: secrets apart for LLS and HLS, and the authentication. */
export function shortNameMethods(
  ofClass15: Readonly<Record<number, MethodSource>>,
): Record<number, MethodSource> {
  const { 1: reply, 2: changeSecret } = ofClass15;
  const methods: Record<number, MethodSource> = {};
  if (reply) methods[8] = reply;
  if (changeSecret) {
    methods[5] = (secret, caller) =>
      caller.auth === 'lls' ? changeSecret(secret, caller) : 'read-write-denied';
    methods[6] = (secret, caller) =>
      caller.auth === 'lls' ? 'read-write-denied' : changeSecret(secret, caller);
  }
  return methods;
}

/** access_rights_element of class 12: base_name, attribute_access, method_access. */
function accessRightsElement({ object, name }: NamedObject, rights: AccessRights): DlmsData {
  return structure(
    i16((name.baseName << 16) >> 16),
    attributeAccess(object, rights),
    methodAccess(object, rights),
  );
}

/** The whole list, the part of one class, or the element of one object. */
function selected(
  objects: readonly NamedObject[],
  selection: AccessSelection | undefined,
  selectors: readonly number[],
  form: {
    readonly one: (object: NamedObject) => DlmsData;
    readonly all: (objects: readonly NamedObject[]) => DlmsData;
  },
): DlmsData | CosemResponse {
  if (selection === undefined) return form.all(objects);
  if (selection.by !== 'selector' || !selectors.includes(selection.selector)) {
    return { result: 'scope-of-access-violated' };
  }
  const { selector, parameter } = selection;
  if (selector === BY_CLASS) {
    if (parameter.type !== 'long-unsigned') return { result: 'type-unmatched' };
    return form.all(objects.filter(({ name }) => name.classId === parameter.value));
  }
  const matches = selector === BY_OBJECT ? isObject(parameter) : hasBaseName(parameter);
  if (matches === undefined) return { result: 'type-unmatched' };
  const found = objects.find(({ name }) => matches(name));
  return found === undefined ? { result: 'object-undefined' } : form.one(found);
}

function isObject(parameter: DlmsData): ((name: ShortName) => boolean) | undefined {
  const wanted = objectOf(parameter);
  return wanted && ((name) => isSame(name, wanted));
}

function hasBaseName(parameter: DlmsData): ((name: ShortName) => boolean) | undefined {
  if (parameter.type !== 'long' && parameter.type !== 'long-unsigned') return undefined;
  return ({ baseName }) => baseName === (parameter.value & 0xffff);
}

/** Class id and logical name in a structure; undefined for anything else. */
function objectOf(data: DlmsData): Pick<ShortName, 'classId' | 'obis'> | undefined {
  if (data.type !== 'structure' || data.elements.length !== 2) return undefined;
  const [classId, name] = data.elements;
  if (classId?.type !== 'long-unsigned' || name?.type !== 'octet-string') return undefined;
  return name.value.length === 6 ? { classId: classId.value, obis: formatObis(name.value) } : undefined;
}

function isSame(name: ShortName, wanted: Pick<ShortName, 'classId' | 'obis'> | undefined): boolean {
  return name.classId === wanted?.classId && name.obis === wanted.obis;
}
