import { ACTION_SET, REGISTER_VALUE, VALUE_DEFINITION } from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { arrayOf } from './shape.ts';

export const REGISTER_MONITOR = defineClass({
  id: 21,
  name: 'Register monitor',
  versions: [0],
  attributes: [
    ['thresholds', arrayOf(REGISTER_VALUE), 'static'],
    ['monitored_value', VALUE_DEFINITION, 'static'],
    ['actions', arrayOf(ACTION_SET), 'static'],
  ],
});
