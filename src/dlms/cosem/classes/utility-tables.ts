import { defineClass } from './define-class.ts';

export const UTILITY_TABLES = defineClass({
  id: 26,
  name: 'Utility tables',
  versions: [0],
  attributes: [
    ['table_ID', 'long-unsigned', 'static'],
    ['length', 'double-long-unsigned', 'dynamic'],
    ['buffer', 'octet-string', 'dynamic'],
  ],
});
