import { defineClass } from './define-class.ts';

export const ZIGBEE_SAS_JOIN = defineClass({
  id: 102,
  name: 'ZigBee SAS join',
  versions: [0],
  attributes: [
    ['scan_attempts', 'unsigned', 'static'],
    ['time_between_scans', 'long-unsigned', 'static'],
    ['rejoin_interval', 'long-unsigned', 'static'],
    ['rejoin_retry_interval', 'long-unsigned', 'static'],
  ],
});
