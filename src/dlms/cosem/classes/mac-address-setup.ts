import { defineClass } from './define-class.ts';

export const MAC_ADDRESS_SETUP = defineClass({
  id: 43,
  name: 'MAC address setup',
  versions: [0],
  attributes: [['MAC_address', 'octet-string', 'dynamic']],
});
