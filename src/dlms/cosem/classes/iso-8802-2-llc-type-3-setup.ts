import { defineClass } from './define-class.ts';

export const ISO_8802_2_LLC_TYPE_3_SETUP = defineClass({
  id: 59,
  name: 'ISO/IEC 8802-2 LLC Type 3 setup',
  versions: [0],
  attributes: [
    ['max_octets_acn_pdu_n3', 'long-unsigned', 'static'],
    ['max_number_transmissions_n4', 'unsigned', 'static'],
    ['acknowledgement_time_t1', 'long-unsigned', 'static'],
    ['receive_lifetime_var_t2', 'long-unsigned', 'static'],
    ['transmit_lifetime_var_t3', 'long-unsigned', 'static'],
  ],
});
