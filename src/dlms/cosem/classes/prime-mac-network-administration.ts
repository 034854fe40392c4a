import { defineClass } from './define-class.ts';
import { arrayOf, structureOf } from './shape.ts';

export const PRIME_MAC_NETWORK_ADMINISTRATION = defineClass({
  id: 85,
  name: 'PRIME NB OFDM PLC MAC network administration data',
  versions: [0],
  attributes: [
    [
      'mac_list_multicast_entries',
      arrayOf(structureOf({ mcast_entry_LCID: 'integer', mcast_entry_members: 'long' })),
      'dynamic',
    ],
    ['mac_list_switch_table', arrayOf('long'), 'dynamic'],
    [
      'mac_list_direct_table',
      arrayOf(
        structureOf({
          dconn_entry_src_SID: 'long',
          dconn_entry_src_LNID: 'long',
          dconn_entry_src_LCID: 'long',
          dconn_entry_dst_SID: 'long',
          dconn_entry_dst_LNID: 'long',
          dconn_entry_dst_LCID: 'long',
          dconn_entry_did: 'octet-string',
        }),
      ),
      'dynamic',
    ],
    [
      'mac_list_available_switches',
      arrayOf(
        structureOf({
          slist_entry_SNA: 'octet-string',
          slist_entry_LSID: 'long',
          slist_entry_level: 'integer',
          slist_entry_rx_lvl: 'integer',
          slist_entry_rx_snr: 'integer',
        }),
      ),
      'dynamic',
    ],
    [
      'mac_list_phy_comm',
      arrayOf(
        structureOf({
          phy_comm_EUI: 'octet-string',
          phy_comm_tx_power: 'integer',
          phy_comm_tx_cod: 'integer',
          phy_comm_rx_cod: 'integer',
          phy_comm_rx_lvl: 'integer',
          phy_comm_SNR: 'integer',
          phy_comm_tx_power_mod: 'integer',
          phy_comm_tx_cod_mod: 'integer',
          phy_comm_rx_cod_mod: 'integer',
        }),
      ),
      'dynamic',
    ],
  ],
  methods: ['reset'],
});
