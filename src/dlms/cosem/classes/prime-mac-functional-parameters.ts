import { defineClass } from './define-class.ts';
import { valuesOf } from './shape.ts';

export const PRIME_MAC_FUNCTIONAL_PARAMETERS = defineClass({
  id: 83,
  name: 'PRIME NB OFDM PLC MAC functional parameters',
  versions: [0],
  attributes: [
    ['mac_LNID', 'long', 'dynamic'],
    ['mac_LSID', 'unsigned', 'dynamic'],
    ['mac_SID', 'unsigned', 'dynamic'],
    ['mac_SNA', 'octet-string', 'dynamic'],
    ['mac_state', valuesOf({ 0: 'disconnected', 1: 'terminal', 2: 'switch', 3: 'base' }), 'dynamic'],
    ['mac_scp_length', 'long', 'dynamic'],
    ['mac_node_hierarchy_level', 'unsigned', 'dynamic'],
    ['mac_beacon_slot_count', 'unsigned', 'dynamic'],
    ['mac_beacon_rx_slot', 'unsigned', 'dynamic'],
    ['mac_beacon_tx_slot', 'unsigned', 'dynamic'],
    ['mac_beacon_rx_frequency', 'unsigned', 'dynamic'],
    ['mac_beacon_tx_frequency', 'unsigned', 'dynamic'],
    ['mac_capabilities', 'long-unsigned', 'dynamic'],
  ],
});
