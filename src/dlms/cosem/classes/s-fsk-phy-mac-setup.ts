import { defineClass } from './define-class.ts';
import { arrayOf, structureOf, valuesOf } from './shape.ts';

/** Version 0 has narrower frequencies (not checked) and no transmission speed. */
export const S_FSK_PHY_MAC_SETUP = defineClass({
  id: 50,
  name: 'S-FSK Phy&MAC setup',
  versions: [0, 1],
  attributes: [
    [
      'initiator_electrical_phase',
      valuesOf({ 0: 'not defined', 1: 'phase 1', 2: 'phase 2', 3: 'phase 3' }),
      'static',
    ],
    [
      'delta_electrical_phase',
      valuesOf({ 0: 'not defined', 1: 'same phase', 2: '60°', 3: '120°', 4: '180°', 5: '-120°', 6: '-60°' }),
      'dynamic',
    ],
    ['max_receiving_gain', 'unsigned', 'static'],
    ['max_transmitting_gain', 'unsigned', 'static'],
    ['search_initiator_threshold', 'unsigned', 'static'],
    [
      'frequencies',
      structureOf({ mark_frequency: 'long-unsigned', space_frequency: 'long-unsigned' }),
      'static',
      { until: 0 },
    ],
    [
      'frequencies',
      structureOf({ mark_frequency: 'double-long-unsigned', space_frequency: 'double-long-unsigned' }),
      'static',
      { at: 7, since: 1 },
    ],
    ['mac_address', 'long-unsigned', 'dynamic'],
    ['mac_group_addresses', arrayOf('long-unsigned'), 'static'],
    ['repeater', valuesOf({ 0: 'never', 1: 'always', 2: 'dynamic' }), 'static'],
    ['repeater_status', 'boolean', 'dynamic'],
    ['min_delta_credit', 'unsigned', 'dynamic'],
    ['initiator_mac_address', 'long-unsigned', 'dynamic'],
    ['synchronization_locked', 'boolean', 'dynamic'],
    ['transmission_speed', 'enum', 'static', { since: 1 }],
  ],
});
