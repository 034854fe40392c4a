import { defineClass } from './define-class.ts';

export const MPL_DIAGNOSTIC = defineClass({
  id: 98,
  name: 'MPL diagnostic',
  versions: [0],
  attributes: [
    ['proactive_forwarding', 'boolean', 'dynamic'],
    ['z', 'unsigned', 'dynamic'],
    ['tunit', 'unsigned', 'dynamic'],
    ['se_lifetime', 'long-unsigned', 'dynamic'],
    ['dm_k', 'unsigned', 'dynamic'],
    ['dm_imin', 'long-unsigned', 'dynamic'],
    ['dm_imax', 'unsigned', 'dynamic'],
    ['dm_t_exp', 'long-unsigned', 'dynamic'],
    ['c_k', 'unsigned', 'dynamic'],
    ['c_imin', 'long-unsigned', 'dynamic'],
    ['c_imax', 'unsigned', 'dynamic'],
    ['c_t_exp', 'long-unsigned', 'dynamic'],
  ],
  methods: ['reset'],
});
