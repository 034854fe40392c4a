import { LOGICAL_NAME } from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { arrayOf, structureOf } from './shape.ts';

export const IPV4_SETUP = defineClass({
  id: 42,
  name: 'IPv4 setup',
  versions: [0],
  attributes: [
    ['DL_reference', LOGICAL_NAME, 'static'],
    ['IP_address', 'double-long-unsigned', 'dynamic'],
    ['multicast_IP_address', arrayOf('double-long-unsigned'), 'dynamic'],
    [
      'IP_options',
      arrayOf(
        structureOf({
          IP_option_type: 'unsigned',
          IP_option_length: 'unsigned',
          IP_option_data: 'octet-string',
        }),
      ),
      'static',
    ],
    ['subnet_mask', 'double-long-unsigned', 'dynamic'],
    ['gateway_IP_address', 'double-long-unsigned', 'dynamic'],
    ['use_DHCP_flag', 'boolean', 'static'],
    ['primary_DNS_address', 'double-long-unsigned', 'dynamic'],
    ['secondary_DNS_address', 'double-long-unsigned', 'dynamic'],
  ],
  methods: [
    ['add_mc_IP_address', 'double-long-unsigned'],
    ['delete_mc_IP_address', 'double-long-unsigned'],
    'get_nbof_mc_IP_addresses',
  ],
});
