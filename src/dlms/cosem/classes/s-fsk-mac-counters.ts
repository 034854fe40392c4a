import { defineClass } from './define-class.ts';
import { arrayOf, structureOf } from './shape.ts';

const COUNTERS = arrayOf(structureOf({ mac_address: 'long-unsigned', counter: 'double-long-unsigned' }));

export const S_FSK_MAC_COUNTERS = defineClass({
  id: 53,
  name: 'S-FSK MAC counters',
  versions: [0],
  attributes: [
    ['synchronization_register', COUNTERS, 'dynamic'],
    [
      'desynchronization_listing',
      structureOf({
        nb_physical_layer_desynchronization: 'double-long-unsigned',
        nb_time_out_not_addressed_desynchronization: 'double-long-unsigned',
        nb_time_out_frame_not_OK_desynchronization: 'double-long-unsigned',
        nb_write_request_desynchronization: 'double-long-unsigned',
        nb_wrong_initiator_desynchronization: 'double-long-unsigned',
      }),
      'dynamic',
    ],
    ['broadcast_frames_counter', COUNTERS, 'dynamic'],
    ['repetitions_counter', 'double-long-unsigned', 'dynamic'],
    ['transmissions_counter', 'double-long-unsigned', 'dynamic'],
    ['CRC_OK_frames_counter', 'double-long-unsigned', 'dynamic'],
    ['CRC_NOK_frames_counter', 'double-long-unsigned', 'dynamic'],
  ],
  methods: ['reset'],
});
