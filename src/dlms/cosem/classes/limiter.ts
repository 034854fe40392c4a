import { ACTION_ITEM, DATE_TIME, REGISTER_VALUE, VALUE_DEFINITION } from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { arrayOf, structureOf } from './shape.ts';

export const LIMITER = defineClass({
  id: 71,
  name: 'Limiter',
  versions: [0],
  attributes: [
    ['monitored_value', VALUE_DEFINITION, 'static'],
    ['threshold_active', REGISTER_VALUE, 'dynamic'],
    ['threshold_normal', REGISTER_VALUE, 'static'],
    ['threshold_emergency', REGISTER_VALUE, 'static'],
    ['min_over_threshold_duration', 'double-long-unsigned', 'static'],
    ['min_under_threshold_duration', 'double-long-unsigned', 'static'],
    [
      'emergency_profile',
      structureOf({
        emergency_profile_id: 'long-unsigned',
        emergency_activation_time: DATE_TIME,
        emergency_duration: 'double-long-unsigned',
      }),
      'static',
    ],
    ['emergency_profile_group_id_list', arrayOf('long-unsigned'), 'static'],
    ['emergency_profile_active', 'boolean', 'dynamic'],
    [
      'actions',
      structureOf({ action_over_threshold: ACTION_ITEM, action_under_threshold: ACTION_ITEM }),
      'static',
    ],
  ],
});
