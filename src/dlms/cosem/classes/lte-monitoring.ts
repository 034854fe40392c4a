import { defineClass } from './define-class.ts';

/** Which elements came with version 1 is not checked. */
export const LTE_MONITORING = defineClass({
  id: 151,
  name: 'LTE monitoring',
  versions: [0, 1],
  attributes: [
    ['LTE_network_parameters', 'structure', 'dynamic'],
    ['LTE_quality_of_service', 'structure', 'dynamic'],
  ],
});
