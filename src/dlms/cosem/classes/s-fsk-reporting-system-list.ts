import { defineClass } from './define-class.ts';
import { arrayOf } from './shape.ts';

export const S_FSK_REPORTING_SYSTEM_LIST = defineClass({
  id: 56,
  name: 'S-FSK Reporting system list',
  versions: [0],
  attributes: [['reporting_system_list', arrayOf('octet-string'), 'dynamic']],
});
