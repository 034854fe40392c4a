import { OBJECT_DEFINITION } from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { arrayOf, structureOf } from './shape.ts';

const STATUS = arrayOf(structureOf({ function_name: 'octet-string', function_status: 'boolean' }));
const FUNCTION = structureOf({
  function_name: 'octet-string',
  function_specifications: arrayOf(OBJECT_DEFINITION),
});

export const FUNCTION_CONTROL = defineClass({
  id: 122,
  name: 'Function control',
  versions: [0],
  attributes: [
    ['activation_status', STATUS, 'dynamic'],
    ['function_list', arrayOf(FUNCTION), 'static'],
  ],
  methods: [
    ['set_function_status', STATUS],
    ['add_function', FUNCTION],
    ['remove_function', FUNCTION],
  ],
});
