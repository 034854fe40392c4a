import { LOGICAL_NAME, WINDOWS } from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { valuesOf } from './shape.ts';

export const M_BUS_SERVER_PORT_SETUP = defineClass({
  id: 76,
  name: 'DLMS server M-Bus port setup',
  versions: [0],
  attributes: [
    ['M_Bus_profile_selection', LOGICAL_NAME, 'static'],
    [
      'M_Bus_port_communication_state',
      valuesOf({
        0: 'no access',
        1: 'temporarily no access',
        2: 'limited access',
        3: 'unlimited access',
        4: 'wireless M-Bus',
      }),
      'dynamic',
    ],
    ['M_Bus_data_header_type', valuesOf({ 0: 'none', 1: 'short', 2: 'long' }), 'static'],
    ['primary_address', 'unsigned', 'dynamic'],
    ['identification_number', 'double-long-unsigned', 'static'],
    ['manufacturer_id', 'long-unsigned', 'static'],
    ['version', 'unsigned', 'static'],
    ['device_type', 'unsigned', 'static'],
    ['max_pdu_size', 'long-unsigned', 'static'],
    ['listening_window', WINDOWS, 'static'],
  ],
});
