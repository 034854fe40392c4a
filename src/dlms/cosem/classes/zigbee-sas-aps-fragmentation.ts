import { defineClass } from './define-class.ts';

export const ZIGBEE_SAS_APS_FRAGMENTATION = defineClass({
  id: 103,
  name: 'ZigBee SAS APS fragmentation',
  versions: [0],
  attributes: [
    ['aps_interframe_delay', 'long-unsigned', 'static'],
    ['aps_max_window_size', 'long-unsigned', 'static'],
  ],
});
