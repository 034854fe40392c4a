import { LOGICAL_NAME } from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { valuesOf } from './shape.ts';

export const COMMUNICATION_PORT_PROTECTION = defineClass({
  id: 124,
  name: 'Communication port protection',
  versions: [0],
  attributes: [
    ['protection_mode', valuesOf({ 0: 'locked', 1: 'locked on failed attempts', 2: 'unlocked' }), 'static'],
    ['allowed_failed_attempts', 'long-unsigned', 'static'],
    ['initial_lockout_time', 'double-long-unsigned', 'static'],
    ['steepness_factor', 'unsigned', 'static'],
    ['max_lockout_time', 'double-long-unsigned', 'static'],
    ['port_reference', LOGICAL_NAME, 'static'],
    ['protection_status', valuesOf({ 0: 'unlocked', 1: 'temporarily locked', 2: 'locked' }), 'dynamic'],
    ['failed_attempts', 'double-long-unsigned', 'dynamic'],
    ['cumulative_failed_attempts', 'double-long-unsigned', 'dynamic'],
  ],
  methods: ['reset'],
});
