import { defineClass } from './define-class.ts';

export const SCRIPT_TABLE = defineClass({
  id: 9,
  name: 'Script table',
  versions: [0],
  attributes: [['scripts', 'array', 'static']],
  methods: ['execute'],
});
