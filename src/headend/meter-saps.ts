/** Logical device of the concentrator itself. */
export const MANAGEMENT_SAP = 1;
/** Logical devices below are the concentrator's own. */
const FIRST_METER_SAP = 16;
const LAST_SAP = 0xffff;

/**
 * The logical device that stands for a meter: made of its id, so that it stays the same whatever becomes of the archive,
 * and no other meter ever has it. Undefined beyond what 16 bits can name.
 */
export function sapOf(meterId: number): number | undefined {
  const sap = FIRST_METER_SAP - 1 + meterId;
  return sap <= LAST_SAP ? sap : undefined;
}

/** The id of the meter that a logical device would stand for; undefined for the concentrator's own. */
export function meterIdOf(sap: number): number | undefined {
  return sap >= FIRST_METER_SAP ? sap - FIRST_METER_SAP + 1 : undefined;
}
