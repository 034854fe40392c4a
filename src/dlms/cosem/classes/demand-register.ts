import { defineClass } from './define-class.ts';

export const DEMAND_REGISTER = defineClass({
  id: 5,
  name: 'Demand register',
  versions: [0],
  attributes: [
    ['current_average_value', 'choice', 'dynamic'],
    ['last_average_value', 'choice', 'dynamic'],
    ['scaler_unit', 'structure', 'static'],
    ['status', 'choice', 'dynamic'],
    ['capture_time', ['octet-string', 'date-time'], 'dynamic'],
    ['start_time_current', ['octet-string', 'date-time'], 'dynamic'],
    ['period', 'double-long-unsigned', 'static'],
    ['number_of_periods', 'long-unsigned', 'static'],
  ],
  methods: ['reset', 'next_period'],
});
