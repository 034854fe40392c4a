import { BAUD } from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { arrayOf, structureOf } from './shape.ts';

/** Version 0 (PSTN) had no delay after the response. */
export const MODEM_CONFIGURATION = defineClass({
  id: 27,
  name: 'Modem configuration',
  versions: [0, 1],
  attributes: [
    ['comm_speed', BAUD, 'static'],
    [
      'initialization_string',
      arrayOf(structureOf({ request: 'octet-string', response: 'octet-string' })),
      'static',
      { until: 0 },
    ],
    [
      'initialization_string',
      arrayOf(
        structureOf({
          request: 'octet-string',
          response: 'octet-string',
          delay_after_response: 'long-unsigned',
        }),
      ),
      'static',
      { at: 3, since: 1 },
    ],
    ['modem_profile', arrayOf('octet-string'), 'static'],
  ],
});
