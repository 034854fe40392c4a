import { DATE_TIME, LOGICAL_NAME, TIME } from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { arrayOf, structureOf } from './shape.ts';

const SEASONS = arrayOf(
  structureOf({ season_profile_name: 'octet-string', season_start: DATE_TIME, week_name: 'octet-string' }),
);
const WEEKS = arrayOf(
  structureOf({
    week_profile_name: 'octet-string',
    monday: 'unsigned',
    tuesday: 'unsigned',
    wednesday: 'unsigned',
    thursday: 'unsigned',
    friday: 'unsigned',
    saturday: 'unsigned',
    sunday: 'unsigned',
  }),
);
const DAYS = arrayOf(
  structureOf({
    day_id: 'unsigned',
    day_schedule: arrayOf(
      structureOf({ start_time: TIME, script_logical_name: LOGICAL_NAME, script_selector: 'long-unsigned' }),
    ),
  }),
);

export const ACTIVITY_CALENDAR = defineClass({
  id: 20,
  name: 'Activity calendar',
  versions: [0],
  attributes: [
    ['calendar_name_active', 'octet-string', 'static'],
    ['season_profile_active', SEASONS, 'static'],
    ['week_profile_table_active', WEEKS, 'static'],
    ['day_profile_table_active', DAYS, 'static'],
    ['calendar_name_passive', 'octet-string', 'static'],
    ['season_profile_passive', SEASONS, 'static'],
    ['week_profile_table_passive', WEEKS, 'static'],
    ['day_profile_table_passive', DAYS, 'static'],
    ['activate_passive_calendar_time', DATE_TIME, 'static'],
  ],
  methods: ['activate_passive_calendar'],
});
