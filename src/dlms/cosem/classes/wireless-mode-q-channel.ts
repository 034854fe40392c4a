import { defineClass } from './define-class.ts';
import { valuesOf } from './shape.ts';

export const WIRELESS_MODE_Q_CHANNEL = defineClass({
  id: 73,
  name: 'Wireless Mode Q channel',
  versions: [1],
  attributes: [
    ['addr_state', valuesOf({ 0: 'not assigned', 1: 'assigned' }), 'static'],
    ['device_address', 'octet-string', 'static'],
    ['address_mask', 'octet-string', 'static'],
  ],
});
