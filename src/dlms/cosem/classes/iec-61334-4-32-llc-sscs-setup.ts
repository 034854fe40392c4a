import { defineClass } from './define-class.ts';

export const IEC_61334_4_32_LLC_SSCS_SETUP = defineClass({
  id: 80,
  name: '61334-4-32 LLC SSCS setup',
  versions: [0],
  attributes: [
    ['service_node_address', 'long-unsigned', 'dynamic'],
    ['base_node_address', 'long-unsigned', 'dynamic'],
  ],
  methods: ['reset'],
});
