import { defineClass } from './define-class.ts';
import { arrayOf, structureOf } from './shape.ts';

/** Version 0 and the elements of the neighbour and POS tables are not described. */
export const G3_MAC_SETUP = defineClass({
  id: 91,
  name: 'G3-PLC MAC setup',
  versions: [1, 2, 3, 4],
  attributes: [
    ['mac_short_address', 'long-unsigned', 'dynamic'],
    ['mac_RC_coord', 'long-unsigned', 'dynamic'],
    ['mac_PAN_id', 'long-unsigned', 'dynamic'],
    ['mac_key_table', arrayOf(structureOf({ key_id: 'unsigned', key: 'octet-string' })), 'dynamic'],
    ['mac_frame_counter', 'double-long-unsigned', 'dynamic'],
    ['mac_tone_mask', 'bit-string', 'static'],
    ['mac_TMR_TTL', 'unsigned', 'static'],
    ['mac_max_frame_retries', 'unsigned', 'static'],
    ['mac_neighbour_table_entry_TTL', 'unsigned', 'static', { until: 3 }],
    ['mac_POS_table_entry_TTL', 'unsigned', 'static', { at: 10, since: 4 }],
    ['mac_neighbour_table', arrayOf('structure'), 'dynamic'],
    ['mac_high_priority_window_size', 'unsigned', 'static'],
    ['mac_CSMA_fairness_limit', 'unsigned', 'static'],
    ['mac_beacon_randomization_window_length', 'unsigned', 'static'],
    ['mac_A', 'unsigned', 'static'],
    ['mac_K', 'unsigned', 'static'],
    ['mac_min_CW_attempts', 'unsigned', 'static'],
    ['mac_cenelec_legacy_mode', 'unsigned', 'static'],
    ['mac_FCC_legacy_mode', 'unsigned', 'static'],
    ['mac_max_BE', 'unsigned', 'static'],
    ['mac_max_CSMA_backoffs', 'unsigned', 'static'],
    ['mac_min_BE', 'unsigned', 'static'],
    ['mac_broadcast_max_CW_enabled', 'boolean', 'static', { since: 2 }],
    ['mac_transmit_atten', 'unsigned', 'static', { since: 2 }],
    ['mac_POS_table', arrayOf('structure'), 'dynamic', { since: 2 }],
    ['mac_duplicate_detection_TTL', 'unsigned', 'static', { since: 3 }],
    ['mac_POS_recent_entry_threshold', 'unsigned', 'static', { since: 4 }],
    ['mac_POS_recent_entries', 'long-unsigned', 'static', { since: 4 }],
    ['mac_preamble_length', 'unsigned', 'static', { since: 4 }],
  ],
  methods: [
    ['mac_get_neighbour_table_entry', 'long-unsigned'],
    ['mac_get_POS_table_entry', 'long-unsigned', { since: 3 }],
  ],
});
