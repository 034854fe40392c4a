import { defineClass } from './define-class.ts';
import { valuesOf } from './shape.ts';

/** Which version first had mode 7 is not checked. */
export const DISCONNECT_CONTROL = defineClass({
  id: 70,
  name: 'Disconnect control',
  versions: [0, 1],
  attributes: [
    ['output_state', 'boolean', 'dynamic'],
    [
      'control_state',
      valuesOf({ 0: 'disconnected', 1: 'connected', 2: 'ready for reconnection' }),
      'dynamic',
    ],
    [
      'control_mode',
      valuesOf({
        0: 'always connected',
        1: 'mode 1',
        2: 'mode 2',
        3: 'mode 3',
        4: 'mode 4',
        5: 'mode 5',
        6: 'mode 6',
        7: 'mode 7',
      }),
      'static',
    ],
  ],
  methods: [
    ['remote_disconnect', 'integer', { mandatory: true }],
    ['remote_reconnect', 'integer', { mandatory: true }],
  ],
});
