import { BAUD } from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { valuesOf } from './shape.ts';

export const IEC_LOCAL_PORT_SETUP = defineClass({
  id: 19,
  name: 'IEC local port setup',
  versions: [0, 1],
  attributes: [
    ['default_mode', valuesOf({ 0: 'IEC 62056-21 modes A to E', 1: 'HDLC', 2: 'not specified' }), 'static'],
    ['default_baud', BAUD, 'static'],
    ['prop_baud', BAUD, 'static'],
    ['response_time', valuesOf({ 0: '20 ms', 1: '200 ms' }), 'static'],
    ['device_addr', 'octet-string', 'static'],
    ['pass_p1', 'octet-string', 'static'],
    ['pass_p2', 'octet-string', 'static'],
    ['pass_w5', 'octet-string', 'static'],
  ],
});
