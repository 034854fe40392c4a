import { DATE_TIME, LOGICAL_NAME } from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { arrayOf, bitsOf, structureOf, valuesOf } from './shape.ts';

export const ACCOUNT = defineClass({
  id: 111,
  name: 'Account',
  versions: [0],
  attributes: [
    [
      'account_mode_and_status',
      structureOf({
        account_mode: valuesOf({ 1: 'credit mode', 2: 'prepayment mode' }),
        account_status: valuesOf({ 1: 'new (inactive)', 2: 'active', 3: 'closed' }),
      }),
      'dynamic',
    ],
    ['current_credit_in_use', 'unsigned', 'dynamic'],
    [
      'current_credit_status',
      bitsOf({
        0: 'in credit',
        1: 'low credit',
        2: 'next credit enabled',
        3: 'next credit selectable',
        4: 'next credit selected',
        5: 'selectable credit in use',
        6: 'out of credit',
      }),
      'dynamic',
    ],
    ['available_credit', 'double-long', 'dynamic'],
    ['amount_to_clear', 'double-long', 'dynamic'],
    ['clearance_threshold', 'double-long', 'static'],
    ['aggregated_debt', 'double-long', 'dynamic'],
    ['credit_reference_list', arrayOf(LOGICAL_NAME), 'static'],
    ['charge_reference_list', arrayOf(LOGICAL_NAME), 'static'],
    [
      'credit_charge_configuration',
      arrayOf(
        structureOf({
          credit_reference: LOGICAL_NAME,
          charge_reference: LOGICAL_NAME,
          collection_configuration: bitsOf({
            0: 'collect when supply disconnected',
            1: 'collect in load limiting periods',
            2: 'collect in friendly credit periods',
          }),
        }),
      ),
      'static',
    ],
    [
      'token_gateway_configuration',
      arrayOf(structureOf({ credit_reference: LOGICAL_NAME, token_proportion: 'unsigned' })),
      'static',
    ],
    ['account_activation_time', DATE_TIME, 'static'],
    ['account_closure_time', DATE_TIME, 'static'],
    [
      'currency',
      structureOf({
        currency_name: 'utf8-string',
        currency_scale: 'integer',
        currency_unit: valuesOf({ 0: 'time', 1: 'consumption', 2: 'monetary' }),
      }),
      'static',
    ],
    ['low_credit_threshold', 'double-long', 'static'],
    ['next_credit_available_threshold', 'double-long', 'static'],
    ['max_provision', 'long-unsigned', 'static'],
    ['max_provision_period', 'double-long', 'static'],
  ],
  methods: [
    ['activate_account', 'integer', { mandatory: true }],
    ['close_account', 'integer', { mandatory: true }],
    ['reset_account', 'integer', { mandatory: true }],
  ],
});
