import { LOGICAL_NAME } from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { arrayOf, structureOf, valuesOf } from './shape.ts';

export const SCRIPT_TABLE = defineClass({
  id: 9,
  name: 'Script table',
  versions: [0],
  attributes: [
    [
      'scripts',
      arrayOf(
        structureOf({
          script_identifier: 'long-unsigned',
          actions: arrayOf(
            structureOf({
              service_id: valuesOf({ 1: 'write attribute', 2: 'execute method' }),
              class_id: 'long-unsigned',
              logical_name: LOGICAL_NAME,
              index: 'integer',
              parameter: 'any',
            }),
          ),
        }),
      ),
      'static',
    ],
  ],
  methods: [['execute', 'long-unsigned', { mandatory: true }]],
});
