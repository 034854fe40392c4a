import { defineClass } from './define-class.ts';

export const PRIME_APPLICATION_IDENTIFICATION = defineClass({
  id: 86,
  name: 'PRIME NB OFDM PLC Application identification',
  versions: [0],
  attributes: [
    ['firmware_version', 'octet-string', 'static'],
    ['vendor_ID', 'long-unsigned', 'static'],
    ['product_ID', 'long-unsigned', 'static'],
  ],
});
