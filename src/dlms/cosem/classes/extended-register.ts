import { DATE_TIME, REGISTER_STATUS, REGISTER_VALUE, SCALER_UNIT } from './common-shapes.ts';
import { defineClass } from './define-class.ts';

export const EXTENDED_REGISTER = defineClass({
  id: 4,
  name: 'Extended register',
  versions: [0],
  attributes: [
    ['value', REGISTER_VALUE, 'dynamic'],
    ['scaler_unit', SCALER_UNIT, 'static'],
    ['status', REGISTER_STATUS, 'dynamic'],
    ['capture_time', DATE_TIME, 'dynamic'],
  ],
  methods: ['reset'],
});
