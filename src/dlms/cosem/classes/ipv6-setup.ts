import { LOGICAL_NAME } from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { arrayOf, structureOf, valuesOf } from './shape.ts';

const ADDRESS = structureOf({
  IPv6_address_type: valuesOf({ 0: 'unicast', 1: 'multicast', 2: 'gateway' }),
  IPv6_address: 'octet-string',
});

export const IPV6_SETUP = defineClass({
  id: 48,
  name: 'IPv6 setup',
  versions: [0],
  attributes: [
    ['DL_reference', LOGICAL_NAME, 'static'],
    [
      'address_config_mode',
      valuesOf({ 0: 'auto-configuration', 1: 'DHCPv6', 2: 'manual', 3: 'neighbour discovery' }),
      'static',
    ],
    ['unicast_IPv6_addresses', arrayOf('octet-string'), 'dynamic'],
    ['multicast_IPv6_addresses', arrayOf('octet-string'), 'dynamic'],
    ['gateway_IPv6_addresses', arrayOf('octet-string'), 'dynamic'],
    ['primary_DNS_address', 'octet-string', 'dynamic'],
    ['secondary_DNS_address', 'octet-string', 'dynamic'],
    ['traffic_class', 'unsigned', 'static'],
    [
      'neighbor_discovery_setup',
      arrayOf(
        structureOf({
          RS_max_retry: 'unsigned',
          RS_retry_wait_time: 'long-unsigned',
          RA_send_period: 'double-long-unsigned',
        }),
      ),
      'static',
    ],
  ],
  methods: [
    ['add_IPv6_address', ADDRESS],
    ['remove_IPv6_address', ADDRESS],
  ],
});
