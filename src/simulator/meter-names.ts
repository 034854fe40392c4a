/** Objects that are named in more than one place. */
export const CLOCK = '0.0.1.0.0.255';
export const AMR_STATUS_OBIS = '0.0.96.10.1.255';
export const MAX_DEMAND = '1.0.1.6.0.255';
export const RELAY = '0.0.96.3.10.255';
/** Period of the energy profile, seconds. */
export const MEASURING_PERIOD_S = 900;
