import { DATE_TIME } from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { structureOf, valuesOf } from './shape.ts';

export const CLOCK = defineClass({
  id: 8,
  name: 'Clock',
  versions: [0],
  attributes: [
    ['time', DATE_TIME, 'dynamic'],
    ['time_zone', 'long', 'static'],
    ['status', 'unsigned', 'dynamic'],
    ['daylight_savings_begin', DATE_TIME, 'static'],
    ['daylight_savings_end', DATE_TIME, 'static'],
    ['daylight_savings_deviation', 'integer', 'static'],
    ['daylight_savings_enabled', 'boolean', 'static'],
    [
      'clock_base',
      valuesOf({
        0: 'not defined',
        1: 'internal crystal',
        2: 'mains frequency 50 Hz',
        3: 'mains frequency 60 Hz',
        4: 'GPS',
        5: 'radio controlled',
      }),
      'static',
    ],
  ],
  methods: [
    'adjust_to_quarter',
    'adjust_to_measuring_period',
    'adjust_to_minute',
    'adjust_to_preset_time',
    [
      'preset_adjusting_time',
      structureOf({
        preset_time: DATE_TIME,
        validity_interval_start: DATE_TIME,
        validity_interval_end: DATE_TIME,
      }),
    ],
    ['shift_time', 'long'],
  ],
});
