import { DATE, LOGICAL_NAME, TIME } from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { arrayOf, bitsOf, structureOf } from './shape.ts';

const ENTRY = structureOf({
  index: 'long-unsigned',
  enable: 'boolean',
  script_logical_name: LOGICAL_NAME,
  script_selector: 'long-unsigned',
  switch_time: TIME,
  validity_window: 'long-unsigned',
  exec_weekdays: bitsOf({
    0: 'Monday',
    1: 'Tuesday',
    2: 'Wednesday',
    3: 'Thursday',
    4: 'Friday',
    5: 'Saturday',
    6: 'Sunday',
  }),
  exec_specdays: 'bit-string',
  begin_date: DATE,
  end_date: DATE,
});

export const SCHEDULE = defineClass({
  id: 10,
  name: 'Schedule',
  versions: [0],
  attributes: [['entries', arrayOf(ENTRY), 'static']],
  methods: [
    [
      'enable_disable',
      structureOf({
        first_index_A: 'long-unsigned',
        last_index_A: 'long-unsigned',
        first_index_B: 'long-unsigned',
        last_index_B: 'long-unsigned',
      }),
    ],
    ['insert', ENTRY],
    ['delete', structureOf({ first_index: 'long-unsigned', last_index: 'long-unsigned' })],
  ],
});
