import { APPLICATION_FAULTS } from './application.ts';
import type { Fault } from './broken-meter.ts';
import { FORM_FAULTS } from './forms.ts';
import { LINK_FAULTS } from './link.ts';
import { OBJECT_FAULTS } from './objects.ts';
import { SECURITY_FAULTS } from './security.ts';
import { SERVICE_FAULTS } from './services.ts';
import { SHORT_NAME_FAULTS } from './short-names.ts';

/** Every fault that can be planted. */
export const FAULTS: readonly Fault[] = [
  ...LINK_FAULTS,
  ...APPLICATION_FAULTS,
  ...OBJECT_FAULTS,
  ...SECURITY_FAULTS,
  ...FORM_FAULTS,
  ...SERVICE_FAULTS,
  ...SHORT_NAME_FAULTS,
];
