import { LOGICAL_NAME } from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { arrayOf, structureOf } from './shape.ts';

const OPTIONS = arrayOf(
  structureOf({ option_type: 'unsigned', option_length: 'unsigned', option_data: 'any' }),
);

/** Option data and the authentication parameters depend on the option. */
export const PPP_SETUP = defineClass({
  id: 44,
  name: 'PPP setup',
  versions: [0],
  attributes: [
    ['PHY_reference', LOGICAL_NAME, 'static'],
    ['LCP_options', OPTIONS, 'static'],
    ['IPCP_options', OPTIONS, 'static'],
    ['PPP_authentication', 'choice', 'static'],
  ],
});
