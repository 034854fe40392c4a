import { defineClass } from './define-class.ts';

export const ASSOCIATION_LN = defineClass({
  id: 15,
  name: 'Association LN',
  versions: [0, 1, 2],
  attributes: [
    ['object_list', 'array', 'static', { selectors: [1, 2, 3, 4] }],
    ['associated_partners_id', 'structure', 'dynamic'],
    ['application_context_name', ['octet-string', 'structure'], 'static'],
    ['xDLMS_context_info', 'structure', 'dynamic'],
    ['authentication_mechanism_name', ['octet-string', 'structure'], 'static'],
    ['secret', 'octet-string', 'static'],
    ['association_status', 'enum', 'dynamic'],
    ['security_setup_reference', 'octet-string', 'static', { since: 1 }],
    ['user_list', 'array', 'static', { since: 2 }],
    ['current_user', 'structure', 'dynamic', { since: 2 }],
  ],
  methods: [
    'reply_to_HLS_authentication',
    'change_HLS_secret',
    'add_object',
    'remove_object',
    ['add_user', 2],
    ['remove_user', 2],
  ],
});
