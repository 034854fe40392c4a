import { REGISTER_VALUE, SCALER_UNIT } from './common-shapes.ts';
import { defineClass } from './define-class.ts';

export const REGISTER = defineClass({
  id: 3,
  name: 'Register',
  versions: [0],
  attributes: [
    ['value', REGISTER_VALUE, 'dynamic'],
    ['scaler_unit', SCALER_UNIT, 'static'],
  ],
  methods: ['reset'],
});
