import { ACTION_ITEM } from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { arrayOf, structureOf } from './shape.ts';

export const ARBITRATOR = defineClass({
  id: 68,
  name: 'Arbitrator',
  versions: [0],
  attributes: [
    ['actions', arrayOf(ACTION_ITEM), 'static'],
    ['permissions_table', arrayOf('bit-string'), 'static'],
    ['weightings_table', arrayOf(arrayOf('long-unsigned')), 'static'],
    ['most_recent_requests_table', arrayOf('bit-string'), 'dynamic'],
    ['last_outcome', 'unsigned', 'dynamic'],
  ],
  methods: [
    [
      'request_action',
      structureOf({ request_actor: 'unsigned', request_action_list: 'bit-string' }),
      { mandatory: true },
    ],
    'reset',
  ],
});
