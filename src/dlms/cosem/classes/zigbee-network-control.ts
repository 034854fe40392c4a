import { DATE_TIME } from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { arrayOf, structureOf } from './shape.ts';

/** Parameters of the methods are not described. */
export const ZIGBEE_NETWORK_CONTROL = defineClass({
  id: 104,
  name: 'ZigBee network control',
  versions: [0],
  attributes: [
    ['enable_disable_joining', 'boolean', 'static'],
    ['join_timeout', 'long-unsigned', 'static'],
    [
      'active_devices',
      arrayOf(
        structureOf({
          MAC_address: 'octet-string',
          status: 'bit-string',
          maxRSSI: 'integer',
          averageRSSI: 'integer',
          minRSSI: 'integer',
          maxLQI: 'unsigned',
          averageLQI: 'unsigned',
          minLQI: 'unsigned',
          last_communication_date_time: DATE_TIME,
          number_of_hops: 'unsigned',
          transmission_failures: 'unsigned',
          transmission_successes: 'unsigned',
          application_version: 'unsigned',
          stack_version: 'unsigned',
        }),
      ),
      'dynamic',
    ],
  ],
  methods: [
    ['register_device', 'any', { mandatory: true }],
    ['unregister_device', 'any', { mandatory: true }],
    'unregister_all_devices',
    ['backup_PAN', 'any'],
    ['restore_PAN', 'any'],
    ['identify_device', 'any'],
    ['remove_mirror', 'any'],
    ['update_network_key', 'any'],
    ['update_link_key', 'any'],
    ['create_PAN', 'any', { mandatory: true }],
    ['remove_PAN', 'any', { mandatory: true }],
  ],
});
