import { LOGICAL_NAME } from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { arrayOf, structureOf, valuesOf } from './shape.ts';

/** Version 2 is not described. */
export const M_BUS_CLIENT = defineClass({
  id: 72,
  name: 'M-Bus client',
  versions: [0, 1],
  attributes: [
    ['mbus_port_reference', LOGICAL_NAME, 'static'],
    [
      'capture_definition',
      arrayOf(
        structureOf({ data_information_block: 'octet-string', value_information_block: 'octet-string' }),
      ),
      'static',
    ],
    ['capture_period', 'double-long-unsigned', 'static'],
    ['primary_address', 'unsigned', 'dynamic'],
    ['identification_number', 'double-long-unsigned', 'dynamic'],
    ['manufacturer_id', 'long-unsigned', 'dynamic'],
    ['version', 'unsigned', 'dynamic'],
    ['device_type', 'unsigned', 'dynamic'],
    ['access_number', 'unsigned', 'dynamic'],
    ['status', 'unsigned', 'dynamic'],
    ['alarm', 'unsigned', 'dynamic'],
    ['configuration', 'long-unsigned', 'dynamic', { since: 1 }],
    [
      'encryption_key_status',
      valuesOf({
        0: 'no encryption key',
        1: 'encryption key set',
        2: 'encryption key transferred',
        3: 'encryption key set and transferred',
        4: 'encryption key in use',
      }),
      'dynamic',
      { since: 1 },
    ],
  ],
  methods: [
    ['slave_install', 'unsigned'],
    'slave_deinstall',
    'capture',
    'reset_alarm',
    'synchronize_clock',
    [
      'data_send',
      arrayOf(
        structureOf({
          data_information_block: 'octet-string',
          value_information_block: 'octet-string',
          data: 'any',
        }),
      ),
    ],
    ['set_encryption_key', 'octet-string'],
    ['transfer_key', 'octet-string'],
  ],
});
