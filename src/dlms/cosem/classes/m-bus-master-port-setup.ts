import { BAUD } from './common-shapes.ts';
import { defineClass } from './define-class.ts';

export const M_BUS_MASTER_PORT_SETUP = defineClass({
  id: 74,
  name: 'M-Bus master port setup',
  versions: [0],
  attributes: [['comm_speed', BAUD, 'static']],
});
