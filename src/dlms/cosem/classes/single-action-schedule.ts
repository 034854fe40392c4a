import { ACTION_ITEM, DATE, TIME } from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { arrayOf, structureOf, valuesOf } from './shape.ts';

export const SINGLE_ACTION_SCHEDULE = defineClass({
  id: 22,
  name: 'Single action schedule',
  versions: [0],
  attributes: [
    ['executed_script', ACTION_ITEM, 'static'],
    [
      'type',
      valuesOf({
        1: 'one time, date may have wildcards',
        2: 'several times a day, equal dates without wildcards',
        3: 'several times a day, equal dates with wildcards',
        4: 'several dates, equal times without wildcards',
        5: 'several dates, equal times with wildcards',
      }),
      'static',
    ],
    ['execution_time', arrayOf(structureOf({ time: TIME, date: DATE })), 'static'],
  ],
});
