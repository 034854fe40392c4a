import { defineClass } from './define-class.ts';

export const ISO_8802_2_LLC_TYPE_1_SETUP = defineClass({
  id: 57,
  name: 'ISO/IEC 8802-2 LLC Type 1 setup',
  versions: [0],
  attributes: [['max_octets_ui_pdu', 'long-unsigned', 'static']],
});
