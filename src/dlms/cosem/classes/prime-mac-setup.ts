import { defineClass } from './define-class.ts';

export const PRIME_MAC_SETUP = defineClass({
  id: 82,
  name: 'PRIME NB OFDM PLC MAC setup',
  versions: [0],
  attributes: [
    ['mac_min_switch_search_time', 'unsigned', 'static'],
    ['mac_max_promotion_pdu', 'unsigned', 'static'],
    ['mac_promotion_pdu_tx_period', 'unsigned', 'static'],
    ['mac_beacons_per_frame', 'unsigned', 'static'],
    ['mac_scp_max_tx_attempts', 'unsigned', 'static'],
    ['mac_ctl_re_tx_timer', 'unsigned', 'static'],
    ['mac_max_ctl_re_tx', 'unsigned', 'static'],
  ],
});
