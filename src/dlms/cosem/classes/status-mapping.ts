import { REGISTER_STATUS } from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { arrayOf, oneOf, structureOf } from './shape.ts';

export const STATUS_MAPPING = defineClass({
  id: 63,
  name: 'Status mapping',
  versions: [0],
  attributes: [
    ['status_word', REGISTER_STATUS, 'dynamic'],
    [
      'mapping_table',
      structureOf({
        ref_table_id: 'unsigned',
        ref_table_mapping: oneOf('long-unsigned', arrayOf('long-unsigned')),
      }),
      'static',
    ],
  ],
});
