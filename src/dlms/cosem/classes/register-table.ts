import { LOGICAL_NAME, SCALER_UNIT } from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { arrayOf, structureOf } from './shape.ts';

export const REGISTER_TABLE = defineClass({
  id: 61,
  name: 'Register table',
  versions: [0],
  attributes: [
    ['table_cell_values', arrayOf('any'), 'dynamic'],
    [
      'table_cell_definition',
      structureOf({
        class_id: 'long-unsigned',
        logical_name: LOGICAL_NAME,
        group_E_values: arrayOf('unsigned'),
        attribute_index: 'integer',
      }),
      'static',
    ],
    ['scaler_unit', SCALER_UNIT, 'static'],
  ],
  methods: ['reset', 'capture'],
});
