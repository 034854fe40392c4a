import { defineClass } from './define-class.ts';
import { arrayOf, structureOf, valuesOf } from './shape.ts';

const KEY = structureOf({ key_id: 'double-long-unsigned', key: 'octet-string' });

export const NTP_SETUP = defineClass({
  id: 100,
  name: 'NTP setup',
  versions: [0],
  attributes: [
    ['activated', 'boolean', 'static'],
    ['server_address', 'octet-string', 'static'],
    ['server_port', 'long-unsigned', 'static'],
    [
      'authentication_method',
      valuesOf({ 0: 'no security', 1: 'shared secrets', 2: 'autokey IFF' }),
      'static',
    ],
    ['authentication_keys', arrayOf(KEY), 'static'],
    ['client_key', 'octet-string', 'static'],
  ],
  methods: [
    'synchronize',
    ['add_authentication_key', KEY],
    ['delete_authentication_key', 'double-long-unsigned'],
  ],
});
