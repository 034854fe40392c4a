import { WINDOWS } from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { arrayOf, structureOf, valuesOf } from './shape.ts';

/** The list of allowed callers came with version 2. */
export const AUTO_ANSWER = defineClass({
  id: 28,
  name: 'Auto answer',
  versions: [0, 2],
  attributes: [
    [
      'mode',
      valuesOf(
        {
          0: 'line dedicated to the device',
          1: 'limited number of calls',
          2: 'limited number of successful calls',
          3: 'no modem connected',
        },
        [200, 255],
      ),
      'static',
    ],
    ['listening_window', WINDOWS, 'static'],
    ['status', valuesOf({ 0: 'inactive', 1: 'active', 2: 'locked' }), 'dynamic'],
    ['number_of_calls', 'unsigned', 'static'],
    [
      'number_of_rings',
      structureOf({ nr_rings_in_window: 'unsigned', nr_rings_out_of_window: 'unsigned' }),
      'static',
    ],
    [
      'list_of_allowed_callers',
      arrayOf(
        structureOf({
          caller_id: 'octet-string',
          call_type: valuesOf({ 0: 'normal CSD call', 1: 'wake-up request' }),
        }),
      ),
      'static',
      { since: 2 },
    ],
  ],
});
