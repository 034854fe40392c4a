import { defineClass } from './define-class.ts';

export const SINGLE_ACTION_SCHEDULE = defineClass({
  id: 22,
  name: 'Single action schedule',
  versions: [0],
  attributes: [
    ['executed_script', 'structure', 'static'],
    ['type', 'enum', 'static'],
    ['execution_time', 'array', 'static'],
  ],
});
