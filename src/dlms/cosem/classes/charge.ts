import { DATE_TIME, VALUE_DEFINITION } from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { arrayOf, bitsOf, structureOf, valuesOf } from './shape.ts';

const CHARGE_TABLE = arrayOf(structureOf({ index: 'octet-string', charge_per_unit: 'long' }));
const UNIT_CHARGE = structureOf({
  charge_per_unit_scaling: structureOf({ commodity_scale: 'integer', price_scale: 'integer' }),
  commodity_reference: VALUE_DEFINITION,
  charge_table: CHARGE_TABLE,
});

export const CHARGE = defineClass({
  id: 113,
  name: 'Charge',
  versions: [0],
  attributes: [
    ['total_amount_paid', 'double-long', 'dynamic'],
    [
      'charge_type',
      valuesOf({
        0: 'consumption based collection',
        1: 'time based collection',
        2: 'payment event based collection',
      }),
      'static',
    ],
    ['priority', 'unsigned', 'static'],
    ['unit_charge_active', UNIT_CHARGE, 'static'],
    ['unit_charge_passive', UNIT_CHARGE, 'static'],
    ['unit_charge_activation_time', DATE_TIME, 'static'],
    ['period', 'double-long-unsigned', 'static'],
    [
      'charge_configuration',
      bitsOf({ 0: 'percentage based collection', 1: 'continuous collection' }),
      'static',
    ],
    ['last_collection_time', DATE_TIME, 'dynamic'],
    ['last_collection_amount', 'double-long', 'dynamic'],
    ['total_amount_remaining', 'double-long', 'dynamic'],
    ['proportion', 'long-unsigned', 'static'],
  ],
  methods: [
    ['update_unit_charge', CHARGE_TABLE],
    'activate_passive_unit_charge',
    'collect',
    ['update_total_amount_remaining', 'double-long'],
    ['set_total_amount_remaining', 'double-long'],
  ],
});
