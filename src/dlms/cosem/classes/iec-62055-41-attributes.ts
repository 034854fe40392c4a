import { defineClass } from './define-class.ts';

/** Elements of the meter's primary account number are not described. */
export const IEC_62055_41_ATTRIBUTES = defineClass({
  id: 116,
  name: 'IEC 62055-41 attributes',
  versions: [0],
  attributes: [
    ['meter_PAN', 'structure', 'static'],
    ['commodity', 'visible-string', 'static'],
    ['token_carrier_types', 'array', 'static'],
    ['encryption_algorithm', 'unsigned', 'static'],
    ['supply_group_code', 'double-long-unsigned', 'dynamic'],
    ['tariff_index', 'unsigned', 'dynamic'],
    ['key_revision_number', 'unsigned', 'dynamic'],
    ['key_type', 'unsigned', 'dynamic'],
    ['key_expiry_number', 'unsigned', 'dynamic'],
    ['no_of_kct_supported', 'unsigned', 'static'],
    ['sts_certificate_no', 'visible-string', 'static'],
  ],
});
