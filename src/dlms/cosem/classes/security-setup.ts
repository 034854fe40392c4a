import { defineClass } from './define-class.ts';
import { arrayOf, oneOf, structureOf, valuesOf } from './shape.ts';

const KEYS = arrayOf(
  structureOf({
    key_id: valuesOf({
      0: 'global unicast encryption key',
      1: 'global broadcast encryption key',
      2: 'authentication key',
      3: 'master key',
    }),
    key_wrapped: 'octet-string',
  }),
);
const CERTIFICATE_TYPE = valuesOf({ 0: 'digital signature', 1: 'key agreement', 2: 'TLS', 3: 'other' });
const ENTITY = valuesOf({ 0: 'server', 1: 'client', 2: 'certification authority', 3: 'other' });
const CERTIFICATE = structureOf({
  certificate_identification_type: valuesOf({ 0: 'by entity', 1: 'by serial number' }),
  certification_identification_options: oneOf(
    structureOf({
      certificate_entity: ENTITY,
      certificate_type: CERTIFICATE_TYPE,
      system_title: 'octet-string',
    }),
    structureOf({ serial_number: 'octet-string', issuer: 'octet-string' }),
  ),
});

/** Method 2 changed its name with version 1. There the policy is a set of bits, of which bits 0 and 1 are reserved. */
export const SECURITY_SETUP = defineClass({
  id: 64,
  name: 'Security setup',
  versions: [0, 1],
  attributes: [
    [
      'security_policy',
      valuesOf({
        0: 'nothing',
        1: 'all messages authenticated',
        2: 'all messages encrypted',
        3: 'all messages authenticated and encrypted',
      }),
      'static',
      { until: 0 },
    ],
    ['security_policy', 'enum', 'static', { at: 2, since: 1 }],
    [
      'security_suite',
      valuesOf({
        0: 'AES-GCM-128',
        1: 'ECDH-ECDSA-AES-GCM-128-SHA-256',
        2: 'ECDH-ECDSA-AES-GCM-256-SHA-384',
      }),
      'static',
    ],
    ['client_system_title', 'octet-string', 'dynamic'],
    ['server_system_title', 'octet-string', 'static'],
    [
      'certificates',
      arrayOf(
        structureOf({
          certificate_entity: ENTITY,
          certificate_type: CERTIFICATE_TYPE,
          serial_number: 'octet-string',
          issuer: 'octet-string',
          subject: 'octet-string',
          subject_alt_name: 'octet-string',
        }),
      ),
      'dynamic',
      { since: 1 },
    ],
  ],
  methods: [
    ['security_activate', 'enum'],
    ['global_key_transfer', KEYS, { until: 0 }],
    ['key_transfer', KEYS, { at: 2, since: 1 }],
    ['key_agreement', arrayOf(structureOf({ key_id: 'enum', key_data: 'octet-string' })), { since: 1 }],
    ['generate_key_pair', CERTIFICATE_TYPE, { since: 1 }],
    ['generate_certificate_request', CERTIFICATE_TYPE, { since: 1 }],
    ['import_certificate', 'octet-string', { since: 1 }],
    ['export_certificate', CERTIFICATE, { since: 1 }],
    ['remove_certificate', CERTIFICATE, { since: 1 }],
  ],
});
