import { defineClass } from './define-class.ts';

/** Elements of the structures, values of the enumerations and method parameters are not described. */
export const LORAWAN_SETUP = defineClass({
  id: 128,
  name: 'LoRaWAN setup',
  versions: [0],
  attributes: [
    ['class', 'enum', 'dynamic'],
    ['state', 'enum', 'dynamic'],
    ['max_transmit_EIRP_setting', 'integer', 'static'],
    ['ADR_mode', 'boolean', 'dynamic'],
    ['regional_parameters', 'enum', 'dynamic'],
    ['device_operation', 'structure', 'dynamic'],
    ['modem_versions', 'structure', 'static'],
    ['devAddr', 'double-long-unsigned', 'dynamic'],
    ['join_strategy', 'enum', 'dynamic'],
    ['multicasts_parameters', 'array', 'dynamic'],
  ],
  methods: [
    ['disconnect_from_network', 'any'],
    ['change_class', 'any'],
    ['change_region', 'any'],
  ],
});
