import { defineClass } from './define-class.ts';

export const EXTENDED_REGISTER = defineClass({
  id: 4,
  name: 'Extended register',
  versions: [0],
  attributes: [
    ['value', 'choice', 'dynamic'],
    ['scaler_unit', 'structure', 'static'],
    ['status', 'choice', 'dynamic'],
    ['capture_time', ['octet-string', 'date-time'], 'dynamic'],
  ],
  methods: ['reset'],
});
