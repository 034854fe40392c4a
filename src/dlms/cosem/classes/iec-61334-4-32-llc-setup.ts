import { defineClass } from './define-class.ts';
import { arrayOf, structureOf } from './shape.ts';

/** Version 0 is not described. */
export const IEC_61334_4_32_LLC_SETUP = defineClass({
  id: 55,
  name: 'IEC 61334-4-32 LLC setup',
  versions: [1],
  attributes: [
    ['max_frame_length', 'unsigned', 'static'],
    [
      'reply_status_list',
      arrayOf(structureOf({ L_SAP_selector: 'unsigned', length_of_waiting_L_SDU: 'unsigned' })),
      'dynamic',
    ],
  ],
});
