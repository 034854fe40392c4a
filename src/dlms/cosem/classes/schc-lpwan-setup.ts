import { LOGICAL_NAME } from './common-shapes.ts';
import { defineClass } from './define-class.ts';

/** Elements of the rules are not described. */
export const SCHC_LPWAN_SETUP = defineClass({
  id: 126,
  name: 'SCHC-LPWAN setup',
  versions: [0],
  attributes: [
    ['LPWAN_reference', LOGICAL_NAME, 'static'],
    ['SCHC_CD_rules', 'array', 'static'],
    ['SCHC_FR_param', 'structure', 'static'],
  ],
});
