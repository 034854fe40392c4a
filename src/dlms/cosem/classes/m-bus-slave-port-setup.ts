import { BAUD } from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { valuesOf } from './shape.ts';

export const M_BUS_SLAVE_PORT_SETUP = defineClass({
  id: 25,
  name: 'M-Bus slave port setup',
  versions: [0],
  attributes: [
    ['default_baud', BAUD, 'static'],
    ['avail_baud', BAUD, 'static'],
    ['addr_state', valuesOf({ 0: 'not assigned', 1: 'assigned' }), 'static'],
    ['bus_address', 'unsigned', 'static'],
  ],
});
