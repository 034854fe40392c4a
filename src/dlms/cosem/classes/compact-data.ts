import { CAPTURE_OBJECT, CAPTURE_OBJECT_WITH_COLUMNS, RESTRICTED_CAPTURE_OBJECT } from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { arrayOf, oneOf, valuesOf } from './shape.ts';

export const COMPACT_DATA = defineClass({
  id: 62,
  name: 'Compact data',
  versions: [0, 1],
  attributes: [
    ['compact_buffer', 'octet-string', 'dynamic'],
    ['capture_objects', arrayOf(CAPTURE_OBJECT), 'static', { until: 0 }],
    [
      'capture_objects',
      arrayOf(oneOf(RESTRICTED_CAPTURE_OBJECT, CAPTURE_OBJECT_WITH_COLUMNS)),
      'static',
      { at: 3, since: 1 },
    ],
    ['template_id', 'unsigned', 'static'],
    ['template_description', 'octet-string', 'dynamic'],
    ['capture_method', valuesOf({ 0: 'on invocation', 1: 'on reading' }), 'static'],
  ],
  methods: ['reset', 'capture'],
});
