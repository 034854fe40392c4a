import { DATE_TIME } from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { arrayOf, structureOf } from './shape.ts';

/** Values of the link status are not checked. */
export const M_BUS_DIAGNOSTIC = defineClass({
  id: 77,
  name: 'M-Bus diagnostic',
  versions: [0],
  attributes: [
    ['received_signal_strength', 'unsigned', 'dynamic'],
    ['channel_id', 'unsigned', 'dynamic'],
    ['link_status', 'enum', 'dynamic'],
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
