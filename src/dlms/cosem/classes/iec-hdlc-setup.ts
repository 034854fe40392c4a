import { BAUD } from './common-shapes.ts';
import { defineClass } from './define-class.ts';

export const IEC_HDLC_SETUP = defineClass({
  id: 23,
  name: 'IEC HDLC setup',
  versions: [0, 1],
  attributes: [
    ['comm_speed', BAUD, 'static'],
    ['window_size_transmit', 'unsigned', 'static'],
    ['window_size_receive', 'unsigned', 'static'],
    ['max_info_field_length_transmit', 'unsigned', 'static', { until: 0 }],
    ['max_info_field_length_receive', 'unsigned', 'static', { until: 0 }],
    ['max_info_field_length_transmit', 'long-unsigned', 'static', { at: 5, since: 1 }],
    ['max_info_field_length_receive', 'long-unsigned', 'static', { since: 1 }],
    ['inter_octet_time_out', 'long-unsigned', 'static'],
    ['inactivity_time_out', 'long-unsigned', 'static'],
    ['device_address', 'long-unsigned', 'static'],
  ],
});
