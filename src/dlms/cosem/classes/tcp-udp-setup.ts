import { LOGICAL_NAME } from './common-shapes.ts';
import { defineClass } from './define-class.ts';

export const TCP_UDP_SETUP = defineClass({
  id: 41,
  name: 'TCP-UDP setup',
  versions: [0],
  attributes: [
    ['TCP_UDP_port', 'long-unsigned', 'static'],
    ['IP_reference', LOGICAL_NAME, 'static'],
    ['MSS', 'long-unsigned', 'static'],
    ['nb_of_sim_conn', 'unsigned', 'static'],
    ['inactivity_time_out', 'long-unsigned', 'static'],
  ],
});
