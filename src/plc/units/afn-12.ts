import { defineUnit } from '../unit.ts';

export const RESTART_ROUTER = defineUnit({ afn: 0x12, fn: 1, name: 'restart the router' });
export const PAUSE_ROUTER = defineUnit({ afn: 0x12, fn: 2, name: 'pause the router' });
export const RESUME_ROUTER = defineUnit({ afn: 0x12, fn: 3, name: 'resume the router' });

export const AFN_12 = [RESTART_ROUTER, PAUSE_ROUTER, RESUME_ROUTER];
