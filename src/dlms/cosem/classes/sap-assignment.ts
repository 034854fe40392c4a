import { defineClass } from './define-class.ts';
import { arrayOf, structureOf } from './shape.ts';

const ENTRY = structureOf({ SAP: 'long-unsigned', logical_device_name: 'octet-string' });

export const SAP_ASSIGNMENT = defineClass({
  id: 17,
  name: 'SAP assignment',
  versions: [0],
  attributes: [['SAP_assignment_list', arrayOf(ENTRY), 'static']],
  methods: [['connect_logical_device', ENTRY]],
});
