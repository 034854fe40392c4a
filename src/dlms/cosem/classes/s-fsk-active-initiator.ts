import { defineClass } from './define-class.ts';
import { structureOf } from './shape.ts';

export const S_FSK_ACTIVE_INITIATOR = defineClass({
  id: 51,
  name: 'S-FSK Active initiator',
  versions: [0],
  attributes: [
    [
      'active_initiator',
      structureOf({ system_title: 'octet-string', MAC_address: 'long-unsigned', L_SAP_selector: 'unsigned' }),
      'dynamic',
    ],
  ],
  methods: [['reset_NEW_not_synchronized', 'long-unsigned']],
});
