import { ACTIVITY_CALENDAR } from './activity-calendar.ts';
import { ASSOCIATION_LN } from './association-ln.ts';
import { CLOCK } from './clock.ts';
import { DATA } from './data.ts';
import type { AttributeDefinition, InterfaceClass, MethodDefinition } from './define-class.ts';
import { DEMAND_REGISTER } from './demand-register.ts';
import { DISCONNECT_CONTROL } from './disconnect-control.ts';
import { EXTENDED_REGISTER } from './extended-register.ts';
import { PROFILE_GENERIC } from './profile-generic.ts';
import { REGISTER } from './register.ts';
import { SAP_ASSIGNMENT } from './sap-assignment.ts';
import { SCRIPT_TABLE } from './script-table.ts';
import { SECURITY_SETUP } from './security-setup.ts';
import { SINGLE_ACTION_SCHEDULE } from './single-action-schedule.ts';

export type { AttributeDefinition, InterfaceClass, MethodDefinition } from './define-class.ts';

/** Every interface class known here, by id. */
export const INTERFACE_CLASSES: readonly InterfaceClass[] = [
  DATA,
  REGISTER,
  EXTENDED_REGISTER,
  DEMAND_REGISTER,
  PROFILE_GENERIC,
  CLOCK,
  SCRIPT_TABLE,
  ASSOCIATION_LN,
  SAP_ASSIGNMENT,
  ACTIVITY_CALENDAR,
  SINGLE_ACTION_SCHEDULE,
  SECURITY_SETUP,
  DISCONNECT_CONTROL,
];

const BY_ID = new Map(INTERFACE_CLASSES.map((definition) => [definition.id, definition]));

/** Undefined for a class that is not described here. */
export function interfaceClass(id: number): InterfaceClass | undefined {
  return BY_ID.get(id);
}

/** Attributes from 2 on that a version of a class has. */
export function attributesOf(definition: InterfaceClass, version: number): readonly AttributeDefinition[] {
  return definition.attributes.filter(({ since = 0 }) => since <= version);
}

export function methodsOf(definition: InterfaceClass, version: number): readonly MethodDefinition[] {
  return definition.methods.filter(({ since = 0 }) => since <= version);
}
