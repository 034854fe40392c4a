import { DATE_TIME } from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { arrayOf, structureOf, valuesOf } from './shape.ts';

/** Names of the two frame counters are not checked. */
export const M_BUS_DIAGNOSTIC = defineClass({
  id: 77,
  name: 'M-Bus diagnostic',
  versions: [0],
  attributes: [
    ['received_signal_strength', 'unsigned', 'dynamic'],
    ['channel_id', 'unsigned', 'dynamic'],
    [
      'link_status',
      valuesOf({
        0: 'never received',
        1: 'normal',
        2: 'temporarily interrupted',
        3: 'permanently interrupted',
      }),
      'dynamic',
    ],
    [
      'broadcast_frames_counter',
      arrayOf(
        structureOf({
          client_id: 'unsigned',
          broadcast_frames: 'double-long-unsigned',
          time_stamp: DATE_TIME,
        }),
      ),
      'dynamic',
    ],
    ['transmissions_counter', 'double-long-unsigned', 'dynamic'],
    ['FCS_OK_frames_counter', 'double-long-unsigned', 'dynamic'],
    ['FCS_NOK_frames_counter', 'double-long-unsigned', 'dynamic'],
    ['capture_time', structureOf({ attribute_id: 'unsigned', time_stamp: DATE_TIME }), 'dynamic'],
  ],
  methods: ['reset'],
});
