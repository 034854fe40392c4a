import { defineClass } from './define-class.ts';

export const S_FSK_MAC_SYNCHRONIZATION_TIMEOUTS = defineClass({
  id: 52,
  name: 'S-FSK MAC synchronization timeouts',
  versions: [0],
  attributes: [
    ['search_initiator_time_out', 'long-unsigned', 'static'],
    ['synchronization_confirmation_time_out', 'long-unsigned', 'static'],
    ['time_out_not_addressed', 'long-unsigned', 'static'],
    ['time_out_frame_not_OK', 'long-unsigned', 'static'],
  ],
});
