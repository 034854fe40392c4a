import { defineClass } from './define-class.ts';

/** Version 0 is not described. */
export const G3_MAC_LAYER_COUNTERS = defineClass({
  id: 90,
  name: 'G3-PLC MAC layer counters',
  versions: [1],
  attributes: [
    ['mac_Tx_data_packet_count', 'double-long-unsigned', 'dynamic'],
    ['mac_Rx_data_packet_count', 'double-long-unsigned', 'dynamic'],
    ['mac_Tx_cmd_packet_count', 'double-long-unsigned', 'dynamic'],
    ['mac_Rx_cmd_packet_count', 'double-long-unsigned', 'dynamic'],
    ['mac_CSMA_fail_count', 'double-long-unsigned', 'dynamic'],
    ['mac_CSMA_no_ACK_count', 'double-long-unsigned', 'dynamic'],
    ['mac_bad_CRC_count', 'double-long-unsigned', 'dynamic'],
    ['mac_Tx_data_broadcast_count', 'double-long-unsigned', 'dynamic'],
    ['mac_Rx_data_broadcast_count', 'double-long-unsigned', 'dynamic'],
  ],
  methods: ['reset'],
});
