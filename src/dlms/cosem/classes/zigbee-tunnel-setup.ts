import { defineClass } from './define-class.ts';

export const ZIGBEE_TUNNEL_SETUP = defineClass({
  id: 105,
  name: 'ZigBee tunnel setup',
  versions: [0],
  attributes: [
    ['max_incoming_transfer_size', 'long-unsigned', 'static'],
    ['max_outgoing_transfer_size', 'long-unsigned', 'static'],
  ],
});
