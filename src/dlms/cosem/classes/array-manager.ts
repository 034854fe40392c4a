import { VALUE_DEFINITION } from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { arrayOf, structureOf } from './shape.ts';

export const ARRAY_MANAGER = defineClass({
  id: 123,
  name: 'Array manager',
  versions: [0],
  attributes: [
    [
      'array_object_list',
      arrayOf(structureOf({ array_object_id: 'unsigned', array_object_element: VALUE_DEFINITION })),
      'static',
    ],
  ],
  methods: [
    ['retrieve_number_of_entries', 'unsigned'],
    ['retrieve_entries', 'structure'],
    ['insert_entry', 'structure'],
    ['update_entry', 'structure'],
    ['remove_entries', 'structure'],
  ],
});
