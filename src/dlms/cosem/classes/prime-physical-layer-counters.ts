import { defineClass } from './define-class.ts';

export const PRIME_PHYSICAL_LAYER_COUNTERS = defineClass({
  id: 81,
  name: 'PRIME NB OFDM PLC Physical layer counters',
  versions: [0],
  attributes: [
    ['phy_stats_crc_incorrect_count', 'long-unsigned', 'dynamic'],
    ['phy_stats_crc_fail_count', 'long-unsigned', 'dynamic'],
    ['phy_stats_tx_drop_count', 'long-unsigned', 'dynamic'],
    ['phy_stats_rx_drop_count', 'long-unsigned', 'dynamic'],
  ],
  methods: ['reset'],
});
