import { encodeData } from '../axdr.ts';
import type { AccessSelection, CosemAttribute, ShortName } from '../client-types.ts';
import type { DlmsData } from '../data.ts';
import type {
  AssociationPolicy,
  Caller,
  CosemRequest,
  CosemResponse,
  CountedKey,
  LogicalDevice,
} from '../server-types.ts';
import { logicalName } from '../values.ts';
import {
  type AccessRights,
  effectiveAttributeRight,
  effectiveMethodRight,
  isProtectedEnough,
  isVisible,
} from './access-rights.ts';
import type { AssociationChanges, AssociationVersion } from './association-object.ts';
import { builtInObjects, type SapEntry } from './built-in-objects.ts';
import { describeAttribute } from './classes/index.ts';
import type { CosemObject } from './cosem-object.ts';
import { assignShortNames } from './short-name-assignment.ts';
import { shortNameAssociation, shortNameMethods } from './short-name-association.ts';
import { ASSOCIATION_SN, isAssociationSn } from './short-name-table.ts';

export type { AccessRights } from './access-rights.ts';
export { FULL_RIGHTS, readOnly } from './access-rights.ts';
export type { SapEntry } from './built-in-objects.ts';
export type { CosemObject } from './cosem-object.ts';

/** One association of a device, with what it grants. */
export interface DeviceAssociation extends AssociationPolicy {
  readonly rights: AccessRights;
}

export interface LogicalDeviceConfig {
  /** Wrapper: wPort. HDLC: upper address. */
  readonly address: number;
  readonly systemTitle: Uint8Array;
  /** Logical device name (0.0.42.0.0.255), up to 16 characters. */
  readonly name: string;
  /** An object of the device replaces the built-in one of the same logical name. */
  readonly objects: readonly CosemObject[];
  /** A function where they change over time. */
  readonly associations: readonly DeviceAssociation[] | (() => readonly DeviceAssociation[]);
  /** SAP assignment (0.0.41.0.0.255); this device alone if not given. */
  readonly saps?: () => readonly SapEntry[];
  /** Version of class 15 that the device has; 1 if not given. */
  readonly associationVersion?: AssociationVersion;
  /** What clients may change about their association; nothing if not given. */
  readonly changes?: AssociationChanges;
  readonly nextInvocationCounter: () => number;
  readonly acceptInvocationCounter: LogicalDevice['acceptInvocationCounter'];
  readonly expectedInvocationCounter?: (clientAddress: number) => number;
  /** Every object gets a short name too, for associations whose policy lets clients use them. */
  readonly shortNames?: boolean;
}

/**
 * A logical device made of objects. It serves attribute 1 of each, checks access rights and the types that the
 * class definitions allow, and adds the association object, the SAP assignment and the logical device name.
 */
export function createLogicalDevice(config: LogicalDeviceConfig): LogicalDevice {
  return new ObjectDevice(config);
}

class ObjectDevice implements LogicalDevice {
  readonly address: number;
  readonly systemTitle: Uint8Array;
  readonly expectedInvocationCounter?: (clientAddress: number) => number;
  readonly shortNames?: readonly ShortName[];
  readonly #config: LogicalDeviceConfig;
  readonly #objects: ReadonlyMap<string, CosemObject>;
  /** Stands in the place of the association that uses logical names. */
  readonly #associationSn: CosemObject | undefined;

  constructor(config: LogicalDeviceConfig) {
    this.#config = config;
    this.address = config.address;
    this.systemTitle = config.systemTitle;
    if (config.expectedInvocationCounter) this.expectedInvocationCounter = config.expectedInvocationCounter;
    const objects = new Map<string, CosemObject>();
    const builtIn = builtInObjects({
      name: config.name,
      saps: config.saps ?? (() => [{ address: config.address, name: config.name }]),
      objects: () => [...objects.values()],
      rights: (caller) => this.#associationOf(caller)?.rights,
      users: (caller) => this.#associationOf(caller)?.users ?? [],
      hasSecuritySetup: config.objects.some(({ classId }) => classId === 64),
      associationVersion: config.associationVersion ?? 1,
      changes: config.changes ?? {},
    });
    for (const object of [...builtIn, ...config.objects]) objects.set(object.obis, object);
    this.#objects = objects;
    if (config.shortNames) {
      this.shortNames = assignShortNames([...objects.values()]);
      this.#associationSn = this.#shortNameAssociation(this.shortNames);
    }
  }

  #shortNameAssociation(names: readonly ShortName[]): CosemObject {
    const association: CosemObject = shortNameAssociation({
      objects: () =>
        names.flatMap((name) => {
          const object = isAssociationSn(name) ? association : this.#objects.get(name.obis);
          return object === undefined ? [] : [{ object, name }];
        }),
      rights: (caller) => this.#associationOf(caller)?.rights,
      methods: shortNameMethods(this.#objects.get(ASSOCIATION_SN.obis)?.methods ?? {}),
      securitySetup: this.#config.objects.find(({ classId }) => classId === 64)?.obis ?? '0.0.0.0.0.0',
    });
    return association;
  }

  /** Class 12 is there for clients that use short names. */
  #objectOf({ classId, obis }: CosemAttribute, caller: Caller): CosemObject | undefined {
    const short = caller.referencing === 'sn' && isAssociationSn({ classId, obis });
    return short ? this.#associationSn : this.#objects.get(obis);
  }

  get associations(): readonly DeviceAssociation[] {
    const { associations } = this.#config;
    return typeof associations === 'function' ? associations() : associations;
  }

  nextInvocationCounter(): number {
    return this.#config.nextInvocationCounter();
  }

  acceptInvocationCounter(clientAddress: number, counter: number, key: CountedKey): boolean {
    return this.#config.acceptInvocationCounter(clientAddress, counter, key);
  }

  handle(request: CosemRequest, caller: Caller): CosemResponse | undefined {
    const target = request.type === 'action' ? request.method : request.attribute;
    const { classId, attribute: index } = target;
    const rights = this.#associationOf(caller)?.rights;
    const object = this.#objectOf(target, caller);
    if (object === undefined || rights === undefined || !isVisible(rights, object)) {
      return { result: 'object-undefined' };
    }
    if (object.classId !== classId) return { result: 'object-class-inconsistent' };
    const part = request.type === 'action' ? 'method' : 'attribute';
    const protection = rights.protection?.(object, index, part);
    if (!isProtectedEnough(protection, caller)) return { result: 'read-write-denied' };
    const response = this.#perform(object, index, rights, request, caller);
    return response && protection?.response ? { ...response, protection: protection.response } : response;
  }

  #perform(
    object: CosemObject,
    index: number,
    rights: AccessRights,
    request: CosemRequest,
    caller: Caller,
  ): CosemResponse | undefined {
    switch (request.type) {
      case 'get':
        return this.#get(object, index, rights, request.selection, caller);
      case 'set':
        return this.#set(object, index, rights, request.value, caller);
      case 'action':
        return this.#action(object, index, rights, request.parameter, caller);
    }
  }

  #associationOf(caller: Caller): DeviceAssociation | undefined {
    return this.associations.find(({ clientAddress }) => clientAddress === caller.clientAddress);
  }

  #get(
    object: CosemObject,
    index: number,
    rights: AccessRights,
    selection: AccessSelection | undefined,
    caller: Caller,
  ): CosemResponse | undefined {
    if (index === 1) return { result: 'success', data: encodeData(logicalName(object.obis)) };
    const source = object.attributes[index];
    if (source === undefined) return { result: 'object-undefined' };
    const right = effectiveAttributeRight(rights, object, index);
    if (source.get === undefined || (right !== 'read' && right !== 'read-write')) {
      return { result: 'read-write-denied' };
    }
    if (selection !== undefined && source.selective !== true) return { result: 'scope-of-access-violated' };
    const value = source.get({ caller, ...(selection ? { selection } : {}) });
    if (value === undefined) return undefined;
    if (value instanceof Uint8Array) return { result: 'success', data: value };
    return 'result' in value ? value : { result: 'success', data: encodeData(value) };
  }

  #set(
    object: CosemObject,
    index: number,
    rights: AccessRights,
    value: DlmsData,
    caller: Caller,
  ): CosemResponse | undefined {
    if (index === 1) return { result: 'read-write-denied' };
    const source = object.attributes[index];
    if (source === undefined) return { result: 'object-undefined' };
    const right = effectiveAttributeRight(rights, object, index);
    if (source.set === undefined || (right !== 'write' && right !== 'read-write')) {
      return { result: 'read-write-denied' };
    }
    const types = describeAttribute(object.classId, object.version, index)?.types ?? [];
    if (types.length > 0 && !types.includes(value.type)) return { result: 'type-unmatched' };
    const result = source.set(value, caller);
    return typeof result === 'string' ? { result } : result;
  }

  #action(
    object: CosemObject,
    index: number,
    rights: AccessRights,
    parameter: DlmsData | undefined,
    caller: Caller,
  ): CosemResponse | undefined {
    const method = object.methods?.[index];
    if (method === undefined) return { result: 'object-undefined' };
    if (!effectiveMethodRight(rights, object, index)) return { result: 'read-write-denied' };
    const result = method(parameter, caller);
    return typeof result === 'string' ? { result } : result;
  }
}
