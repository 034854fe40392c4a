import { defineClass } from './define-class.ts';
import { arrayOf, structureOf, valuesOf } from './shape.ts';

export const IMAGE_TRANSFER = defineClass({
  id: 18,
  name: 'Image transfer',
  versions: [0],
  attributes: [
    ['image_block_size', 'double-long-unsigned', 'static'],
    ['image_transferred_blocks_status', 'bit-string', 'dynamic'],
    ['image_first_not_transferred_block_number', 'double-long-unsigned', 'dynamic'],
    ['image_transfer_enabled', 'boolean', 'static'],
    [
      'image_transfer_status',
      valuesOf({
        0: 'not initiated',
        1: 'initiated',
        2: 'verification initiated',
        3: 'verification successful',
        4: 'verification failed',
        5: 'activation initiated',
        6: 'activation successful',
        7: 'activation failed',
      }),
      'dynamic',
    ],
    [
      'image_to_activate_info',
      arrayOf(
        structureOf({
          image_to_activate_size: 'double-long-unsigned',
          image_to_activate_identification: 'octet-string',
          image_to_activate_signature: 'octet-string',
        }),
      ),
      'dynamic',
    ],
  ],
  methods: [
    [
      'image_transfer_initiate',
      structureOf({ image_identifier: 'octet-string', image_size: 'double-long-unsigned' }),
      { mandatory: true },
    ],
    [
      'image_block_transfer',
      structureOf({ image_block_number: 'double-long-unsigned', image_block_value: 'octet-string' }),
      { mandatory: true },
    ],
    ['image_verify', 'integer', { mandatory: true }],
    ['image_activate', 'integer', { mandatory: true }],
  ],
});
