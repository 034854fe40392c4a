import { defineClass } from './define-class.ts';

export const SAP_ASSIGNMENT = defineClass({
  id: 17,
  name: 'SAP assignment',
  versions: [0],
  attributes: [['SAP_assignment_list', 'array', 'static']],
  methods: ['connect_logical_device'],
});
