import { defineClass } from './define-class.ts';

export const SCHC_LPWAN_DIAGNOSTIC = defineClass({
  id: 127,
  name: 'SCHC-LPWAN diagnostic',
  versions: [0],
  attributes: [
    ['SCHC_packets_tx_counter', 'double-long-unsigned', 'dynamic'],
    ['SCHC_packets_rx_counter', 'double-long-unsigned', 'dynamic'],
    ['SCHC_fragments_tx_counter', 'double-long-unsigned', 'dynamic'],
    ['SCHC_fragments_rx_counter', 'double-long-unsigned', 'dynamic'],
    ['SCHC_ack_tx_counter', 'double-long-unsigned', 'dynamic'],
    ['SCHC_ack_rx_counter', 'double-long-unsigned', 'dynamic'],
  ],
  methods: ['reset'],
});
