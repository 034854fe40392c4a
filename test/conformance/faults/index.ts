import { APPLICATION_FAULTS } from './application.ts';
import type { Fault } from './broken-meter.ts';
import { LINK_FAULTS } from './link.ts';
import { OBJECT_FAULTS } from './objects.ts';
import { SECURITY_FAULTS } from './security.ts';

/** Every fault that can be planted. */
export const FAULTS: readonly Fault[] = [
  ...LINK_FAULTS,
  ...APPLICATION_FAULTS,
  ...OBJECT_FAULTS,
  ...SECURITY_FAULTS,
];
