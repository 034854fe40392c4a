import { DATE_TIME, REGISTER_STATUS, REGISTER_VALUE, SCALER_UNIT } from './common-shapes.ts';
import { defineClass } from './define-class.ts';

export const DEMAND_REGISTER = defineClass({
  id: 5,
  name: 'Demand register',
  versions: [0],
  attributes: [
    ['current_average_value', REGISTER_VALUE, 'dynamic'],
    ['last_average_value', REGISTER_VALUE, 'dynamic'],
    ['scaler_unit', SCALER_UNIT, 'static'],
    ['status', REGISTER_STATUS, 'dynamic'],
    ['capture_time', DATE_TIME, 'dynamic'],
    ['start_time_current', DATE_TIME, 'dynamic'],
    ['period', 'double-long-unsigned', 'static'],
    ['number_of_periods', 'long-unsigned', 'static'],
  ],
  methods: ['reset', 'next_period'],
});
