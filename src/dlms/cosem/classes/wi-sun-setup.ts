import { defineClass } from './define-class.ts';

/** Elements of the structures and values of the enumerations are not checked. */
export const WI_SUN_SETUP = defineClass({
  id: 95,
  name: 'Wi-SUN setup',
  versions: [0],
  attributes: [
    ['network_name', 'octet-string', 'static'],
    ['routing_method', 'enum', 'dynamic'],
    ['PAN_id', 'long-unsigned', 'dynamic'],
    ['disc_imin', 'unsigned', 'static'],
    ['disc_imax', 'unsigned', 'static'],
    ['data_message_imin', 'unsigned', 'static'],
    ['data_message_imax', 'unsigned', 'static'],
    ['default_dio_interval_min', 'unsigned', 'static'],
    ['default_dio_interval_doublings', 'unsigned', 'static'],
    ['channel_plan', 'structure', 'static'],
    ['channel_function', 'enum', 'static'],
    ['excluded_channels', 'choice', 'static'],
    ['join_state', 'enum', 'dynamic'],
    ['reg_channel_exclusions', 'structure', 'static'],
  ],
  methods: ['reset_join_state'],
});
