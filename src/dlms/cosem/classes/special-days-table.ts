import { DATE } from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { arrayOf, structureOf } from './shape.ts';

const SPECIAL_DAY = structureOf({ index: 'long-unsigned', specialday_date: DATE, day_id: 'unsigned' });

export const SPECIAL_DAYS_TABLE = defineClass({
  id: 11,
  name: 'Special days table',
  versions: [0],
  attributes: [['entries', arrayOf(SPECIAL_DAY), 'static']],
  methods: [
    ['insert', SPECIAL_DAY],
    ['delete', 'long-unsigned'],
  ],
});
