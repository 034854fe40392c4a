import { defineClass } from './define-class.ts';

export const DISCONNECT_CONTROL = defineClass({
  id: 70,
  name: 'Disconnect control',
  versions: [0],
  attributes: [
    ['output_state', 'boolean', 'dynamic'],
    ['control_state', 'enum', 'dynamic'],
    ['control_mode', 'enum', 'static'],
  ],
  methods: ['remote_disconnect', 'remote_reconnect'],
});
