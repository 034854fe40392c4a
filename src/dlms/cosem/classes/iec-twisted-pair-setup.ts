import { BAUD } from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { arrayOf, valuesOf } from './shape.ts';

/** Version 0 described the station, version 1 the bus. Values of the fatal error are not checked. */
export const IEC_TWISTED_PAIR_SETUP = defineClass({
  id: 24,
  name: 'IEC twisted pair (1) setup',
  versions: [0, 1],
  attributes: [
    ['secondary_address', 'octet-string', 'static', { until: 0 }],
    ['primary_address_list', arrayOf('unsigned'), 'static', { until: 0 }],
    ['tabi_list', arrayOf('integer'), 'static', { until: 0 }],
    ['fatal_error', 'enum', 'dynamic', { until: 0 }],
    ['mode', valuesOf({ 0: 'inactive', 1: 'always active' }, [128, 255]), 'static', { at: 2, since: 1 }],
    ['comm_speed', BAUD, 'static', { since: 1 }],
    ['primary_address_list', arrayOf('unsigned'), 'static', { since: 1 }],
    ['tabi_list', arrayOf('integer'), 'static', { since: 1 }],
  ],
});
