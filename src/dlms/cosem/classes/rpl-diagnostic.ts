import { defineClass } from './define-class.ts';
import { valuesOf } from './shape.ts';

/** Modes of operation as RFC 6550 numbers them. */
export const RPL_DIAGNOSTIC = defineClass({
  id: 97,
  name: 'RPL diagnostic',
  versions: [0],
  attributes: [
    ['RPL_instance_id', 'unsigned', 'dynamic'],
    ['DODAG_version_number', 'unsigned', 'dynamic'],
    ['DODAG_rank', 'long', 'dynamic'],
    ['grounded', 'boolean', 'dynamic'],
    [
      'mode_of_operation',
      valuesOf({
        0: 'no downward routes',
        1: 'non-storing',
        2: 'storing without multicast',
        3: 'storing with multicast',
      }),
      'dynamic',
    ],
    ['DODAG_prf', 'unsigned', 'dynamic'],
    ['DODAG_dtsn', 'unsigned', 'dynamic'],
    ['DODAG_id', 'octet-string', 'dynamic'],
  ],
  methods: ['reset'],
});
