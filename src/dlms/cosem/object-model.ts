import { encodeData } from '../axdr.ts';
import type { AccessSelection } from '../client-types.ts';
import type { DlmsData } from '../data.ts';
import type {
  AssociationPolicy,
  Caller,
  CosemRequest,
  CosemResponse,
  LogicalDevice,
} from '../server-types.ts';
import { logicalName } from '../values.ts';
import {
  type AccessRights,
  effectiveAttributeRight,
  effectiveMethodRight,
  isVisible,
} from './access-rights.ts';
import { builtInObjects, type SapEntry } from './built-in-objects.ts';
import { describeAttribute } from './classes/index.ts';
import type { CosemObject } from './cosem-object.ts';

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
  readonly nextInvocationCounter: () => number;
  readonly acceptInvocationCounter: (clientAddress: number, counter: number) => boolean;
  readonly expectedInvocationCounter?: (clientAddress: number) => number;
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
  readonly #config: LogicalDeviceConfig;
  readonly #objects: ReadonlyMap<string, CosemObject>;

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
      hasSecuritySetup: config.objects.some(({ classId }) => classId === 64),
    });
    for (const object of [...builtIn, ...config.objects]) objects.set(object.obis, object);
    this.#objects = objects;
  }

  get associations(): readonly DeviceAssociation[] {
    const { associations } = this.#config;
    return typeof associations === 'function' ? associations() : associations;
  }

  nextInvocationCounter(): number {
    return this.#config.nextInvocationCounter();
  }

  acceptInvocationCounter(clientAddress: number, counter: number): boolean {
    return this.#config.acceptInvocationCounter(clientAddress, counter);
  }

  handle(request: CosemRequest, caller: Caller): CosemResponse | undefined {
    const {
      classId,
      obis,
      attribute: index,
    } = request.type === 'action' ? request.method : request.attribute;
    const rights = this.#associationOf(caller)?.rights;
    const object = this.#objects.get(obis);
    if (object === undefined || rights === undefined || !isVisible(rights, object)) {
      return { result: 'object-undefined' };
    }
    if (object.classId !== classId) return { result: 'object-class-inconsistent' };
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
