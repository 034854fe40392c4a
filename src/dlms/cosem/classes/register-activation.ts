import { OBJECT_DEFINITION } from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { arrayOf, structureOf } from './shape.ts';

const MASK = structureOf({ mask_name: 'octet-string', index_list: arrayOf('unsigned') });

export const REGISTER_ACTIVATION = defineClass({
  id: 6,
  name: 'Register activation',
  versions: [0],
  attributes: [
    ['register_assignment', arrayOf(OBJECT_DEFINITION), 'static'],
    ['mask_list', arrayOf(MASK), 'static'],
    ['active_mask', 'octet-string', 'dynamic'],
  ],
  methods: [
    ['add_register', OBJECT_DEFINITION],
    ['add_mask', MASK],
    ['delete_mask', 'octet-string'],
  ],
});
