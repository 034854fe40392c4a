import { defineClass } from './define-class.ts';

export const DATA = defineClass({
  id: 1,
  name: 'Data',
  versions: [0],
  attributes: [['value', 'choice', 'dynamic']],
});
