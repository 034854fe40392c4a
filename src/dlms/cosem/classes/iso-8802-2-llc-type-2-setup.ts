import { defineClass } from './define-class.ts';

export const ISO_8802_2_LLC_TYPE_2_SETUP = defineClass({
  id: 58,
  name: 'ISO/IEC 8802-2 LLC Type 2 setup',
  versions: [0],
  attributes: [
    ['transmit_window_size_k', 'unsigned', 'static'],
    ['receive_window_size_rw', 'unsigned', 'static'],
    ['max_octets_i_pdu_n1', 'long-unsigned', 'static'],
    ['max_number_transmissions_n2', 'unsigned', 'static'],
    ['acknowledgement_timer', 'long-unsigned', 'static'],
    ['p_bit_timer', 'long-unsigned', 'static'],
    ['reject_timer', 'long-unsigned', 'static'],
    ['busy_state_timer', 'long-unsigned', 'static'],
  ],
});
