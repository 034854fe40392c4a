import { DATE_TIME, LOGICAL_NAME, VALUE_DEFINITION } from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { arrayOf, structureOf } from './shape.ts';

export const PARAMETER_MONITOR = defineClass({
  id: 65,
  name: 'Parameter monitor',
  versions: [0, 1],
  attributes: [
    [
      'changed_parameter',
      structureOf({
        class_id: 'long-unsigned',
        logical_name: LOGICAL_NAME,
        attribute_index: 'integer',
        attribute_value: 'any',
      }),
      'dynamic',
    ],
    ['capture_time', DATE_TIME, 'dynamic'],
    ['parameter_list', arrayOf(VALUE_DEFINITION), 'static'],
    ['parameter_list_name', 'octet-string', 'static', { since: 1 }],
    ['hash_algorithm_id', 'enum', 'static', { since: 1 }],
    ['parameter_value_digest', 'octet-string', 'dynamic', { since: 1 }],
    ['parameter_values', 'structure', 'dynamic', { since: 1 }],
  ],
  methods: [
    ['add_parameter', VALUE_DEFINITION],
    ['delete_parameter', VALUE_DEFINITION],
  ],
});
