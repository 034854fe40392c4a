import { defineClass } from './define-class.ts';

/** Values of the error code are not described. */
export const LORAWAN_DIAGNOSTIC = defineClass({
  id: 129,
  name: 'LoRaWAN diagnostic',
  versions: [0],
  attributes: [
    ['internal_error_code', 'enum', 'dynamic'],
    ['out_frames_u_counter', 'double-long-unsigned', 'dynamic'],
    ['out_frames_c_counter', 'double-long-unsigned', 'dynamic'],
    ['in_frames_u_counter', 'double-long-unsigned', 'dynamic'],
    ['in_frames_c_counter', 'double-long-unsigned', 'dynamic'],
    ['in_mac_command_counter', 'double-long-unsigned', 'dynamic'],
    ['in_mac_ans_error_counter', 'double-long-unsigned', 'dynamic'],
    ['in_mac_ignored_counter', 'double-long-unsigned', 'dynamic'],
    ['in_PER', 'integer', 'dynamic'],
    ['in_mean_RSSI_rx1', 'integer', 'dynamic'],
    ['in_mean_SNR_rx1', 'integer', 'dynamic'],
    ['in_mean_RSSI_rx2', 'integer', 'dynamic'],
    ['in_mean_SNR_rx2', 'integer', 'dynamic'],
  ],
  methods: ['reset'],
});
