import { LOGICAL_NAME, WINDOWS } from './common-shapes.ts';
import { defineClass } from './define-class.ts';

/** Types and values of the enumerations are not checked. */
export const M_BUS_SERVER_PORT_SETUP = defineClass({
  id: 76,
  name: 'DLMS server M-Bus port setup',
  versions: [0],
  attributes: [
    ['M_Bus_profile_selection', LOGICAL_NAME, 'static'],
    ['M_Bus_port_communication_state', 'enum', 'dynamic'],
    ['M_Bus_data_header_type', 'enum', 'static'],
    ['primary_address', 'unsigned', 'dynamic'],
    ['identification_number', 'double-long-unsigned', 'static'],
    ['manufacturer_id', 'long-unsigned', 'static'],
    ['version', 'unsigned', 'static'],
    ['device_type', 'unsigned', 'static'],
    ['max_pdu_size', 'long-unsigned', 'static'],
    ['listening_window', WINDOWS, 'static'],
  ],
});
