import { DATE_TIME } from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { bitsOf, valuesOf } from './shape.ts';

export const CREDIT = defineClass({
  id: 112,
  name: 'Credit',
  versions: [0],
  attributes: [
    ['current_credit_amount', 'double-long', 'dynamic'],
    [
      'credit_type',
      valuesOf({
        0: 'token credit',
        1: 'reserved credit',
        2: 'emergency credit',
        3: 'time based credit',
        4: 'consumption based credit',
      }),
      'static',
    ],
    ['priority', 'unsigned', 'static'],
    ['warning_threshold', 'double-long', 'static'],
    ['limit', 'double-long', 'static'],
    [
      'credit_configuration',
      bitsOf({
        0: 'requires visual indication',
        1: 'requires confirmation',
        2: 'requires repayment',
        3: 'resettable',
        4: 'able to receive tokens',
      }),
      'static',
    ],
    [
      'credit_status',
      valuesOf({ 0: 'enabled', 1: 'selectable', 2: 'selected', 3: 'in use', 4: 'exhausted' }),
      'dynamic',
    ],
    ['preset_credit_amount', 'double-long', 'static'],
    ['credit_available_threshold', 'double-long', 'static'],
    ['period', DATE_TIME, 'static'],
  ],
  methods: [
    ['update_amount', 'double-long', { mandatory: true }],
    ['set_amount_to_value', 'double-long', { mandatory: true }],
    ['invoke_credit', 'integer', { mandatory: true }],
  ],
});
