import { defineClass } from './define-class.ts';

export const PRIME_MAC_COUNTERS = defineClass({
  id: 84,
  name: 'PRIME NB OFDM PLC MAC counters',
  versions: [0],
  attributes: [
    ['mac_tx_data_pkt_count', 'double-long-unsigned', 'dynamic'],
    ['mac_rx_data_pkt_count', 'double-long-unsigned', 'dynamic'],
    ['mac_tx_ctrl_pkt_count', 'double-long-unsigned', 'dynamic'],
    ['mac_rx_ctrl_pkt_count', 'double-long-unsigned', 'dynamic'],
    ['mac_csma_fail_count', 'double-long-unsigned', 'dynamic'],
    ['mac_csma_ch_busy_count', 'double-long-unsigned', 'dynamic'],
  ],
  methods: ['reset'],
});
