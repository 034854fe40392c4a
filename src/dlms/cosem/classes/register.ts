import { defineClass } from './define-class.ts';

export const REGISTER = defineClass({
  id: 3,
  name: 'Register',
  versions: [0],
  attributes: [
    ['value', 'choice', 'dynamic'],
    ['scaler_unit', 'structure', 'static'],
  ],
  methods: ['reset'],
});
