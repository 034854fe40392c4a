import { defineClass } from './define-class.ts';

export const CLOCK = defineClass({
  id: 8,
  name: 'Clock',
  versions: [0],
  attributes: [
    ['time', ['octet-string', 'date-time'], 'dynamic'],
    ['time_zone', 'long', 'static'],
    ['status', 'unsigned', 'dynamic'],
    ['daylight_savings_begin', ['octet-string', 'date-time'], 'static'],
    ['daylight_savings_end', ['octet-string', 'date-time'], 'static'],
    ['daylight_savings_deviation', 'integer', 'static'],
    ['daylight_savings_enabled', 'boolean', 'static'],
    ['clock_base', 'enum', 'static'],
  ],
  methods: [
    'adjust_to_quarter',
    'adjust_to_measuring_period',
    'adjust_to_minute',
    'adjust_to_preset_time',
    'preset_adjusting_time',
    'shift_time',
  ],
});
