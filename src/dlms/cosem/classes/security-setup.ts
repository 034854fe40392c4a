import { defineClass } from './define-class.ts';

/** Version 1 calls method 2 key_transfer. */
export const SECURITY_SETUP = defineClass({
  id: 64,
  name: 'Security setup',
  versions: [0, 1],
  attributes: [
    ['security_policy', 'enum', 'static'],
    ['security_suite', 'enum', 'static'],
    ['client_system_title', 'octet-string', 'dynamic'],
    ['server_system_title', 'octet-string', 'static'],
    ['certificates', 'array', 'dynamic', { since: 1 }],
  ],
  methods: [
    'security_activate',
    'global_key_transfer',
    ['key_agreement', 1],
    ['generate_key_pair', 1],
    ['generate_certificate_request', 1],
    ['import_certificate', 1],
    ['export_certificate', 1],
    ['remove_certificate', 1],
  ],
});
