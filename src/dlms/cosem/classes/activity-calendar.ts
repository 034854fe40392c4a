import { defineClass } from './define-class.ts';

export const ACTIVITY_CALENDAR = defineClass({
  id: 20,
  name: 'Activity calendar',
  versions: [0],
  attributes: [
    ['calendar_name_active', 'octet-string', 'static'],
    ['season_profile_active', 'array', 'static'],
    ['week_profile_table_active', 'array', 'static'],
    ['day_profile_table_active', 'array', 'static'],
    ['calendar_name_passive', 'octet-string', 'static'],
    ['season_profile_passive', 'array', 'static'],
    ['week_profile_table_passive', 'array', 'static'],
    ['day_profile_table_passive', 'array', 'static'],
    ['activate_passive_calendar_time', ['octet-string', 'date-time'], 'static'],
  ],
  methods: ['activate_passive_calendar'],
});
