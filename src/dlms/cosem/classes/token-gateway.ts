import { DATE_TIME } from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { arrayOf, structureOf, valuesOf } from './shape.ts';

export const TOKEN_GATEWAY = defineClass({
  id: 115,
  name: 'Token gateway',
  versions: [0],
  attributes: [
    ['token', 'octet-string', 'dynamic'],
    ['token_time', DATE_TIME, 'dynamic'],
    ['token_description', arrayOf('octet-string'), 'dynamic'],
    [
      'token_delivery_method',
      valuesOf({ 0: 'remote communications', 1: 'local communications', 2: 'manual entry' }),
      'dynamic',
    ],
    [
      'token_status',
      structureOf({
        token_status_code: valuesOf({
          0: 'format ok',
          1: 'authentication ok',
          2: 'validation ok',
          3: 'execution ok',
          4: 'format failure',
          5: 'authentication failure',
          6: 'validation failure',
          7: 'execution failure',
          8: 'received, not yet processed',
        }),
        token_data_value: 'bit-string',
      }),
      'dynamic',
    ],
  ],
  methods: [['enter', 'octet-string', { mandatory: true }]],
});
