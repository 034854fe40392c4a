import type { AssociationUser, Caller } from '../server-types.ts';
import { array, octetText, structure, u16 } from '../values.ts';
import type { AccessRights } from './access-rights.ts';
import { type AssociationChanges, type AssociationVersion, associationObject } from './association-object.ts';
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
  readonly users: (caller: Caller) => readonly AssociationUser[];
  readonly hasSecuritySetup: boolean;
  readonly associationVersion: AssociationVersion;
  readonly changes: AssociationChanges;
}

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
    associationObject({ ...view, version: view.associationVersion }),
  ];
}
