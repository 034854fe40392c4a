import { defineUnit } from '../unit.ts';

export const RESET_HARDWARE = defineUnit({ afn: 0x01, fn: 1, name: 'reset hardware' });
export const RESET_PARAMETERS = defineUnit({ afn: 0x01, fn: 2, name: 'reset parameters' });
export const RESET_DATA = defineUnit({ afn: 0x01, fn: 3, name: 'reset data' });

export const AFN_01 = [RESET_HARDWARE, RESET_PARAMETERS, RESET_DATA];
