import { WINDOWS } from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { arrayOf, valuesOf } from './shape.ts';

/** Whether version 1 had the method is not checked. */
export const AUTO_CONNECT = defineClass({
  id: 29,
  name: 'Auto connect',
  versions: [0, 1, 2],
  attributes: [
    [
      'mode',
      valuesOf(
        {
          0: 'no automatic connection',
          1: 'anytime',
          2: 'within the calling window',
          3: 'regular within the calling window, alarms anytime',
          4: 'SMS via a mobile network',
          5: 'SMS via the telephone network',
          6: 'e-mail',
          101: 'always connected',
          102: 'always connected within the calling window',
          103: 'always connected within the calling window, else by method',
          104: 'connected by method only',
        },
        [200, 255],
      ),
      'static',
    ],
    ['repetitions', 'unsigned', 'static'],
    ['repetition_delay', 'long-unsigned', 'static'],
    ['calling_window', WINDOWS, 'static'],
    ['phone_list', arrayOf('octet-string'), 'static', { until: 0 }],
    ['destination_list', arrayOf('octet-string'), 'static', { at: 6, since: 1 }],
  ],
  methods: [['connect', 'integer', { since: 1 }]],
});
