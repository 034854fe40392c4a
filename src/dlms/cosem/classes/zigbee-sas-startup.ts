import { defineClass } from './define-class.ts';

export const ZIGBEE_SAS_STARTUP = defineClass({
  id: 101,
  name: 'ZigBee SAS startup',
  versions: [0],
  attributes: [
    ['short_address', 'long-unsigned', 'dynamic'],
    ['extended_pan_id', 'octet-string', 'dynamic'],
    ['pan_id', 'long-unsigned', 'dynamic'],
    ['channel_mask', 'double-long-unsigned', 'static'],
    ['protocol_version', 'unsigned', 'static'],
    ['stack_profile', 'enum', 'static'],
    ['start_up_control', 'unsigned', 'static'],
    ['trust_centre_address', 'octet-string', 'dynamic'],
    ['link_key', 'octet-string', 'static'],
    ['network_key', 'octet-string', 'static'],
    ['use_insecure_join', 'boolean', 'static'],
  ],
});
