import { DATE_TIME } from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { arrayOf, type Shape, structureOf, valuesOf } from './shape.ts';

const adjacentCells = (cell: Shape): Shape =>
  arrayOf(structureOf({ cell_ID: cell, signal_quality: 'unsigned' }));
const STATUS = valuesOf({
  0: 'not registered',
  1: 'registered, home network',
  2: 'not registered, searching',
  3: 'registration denied',
  4: 'unknown',
  5: 'registered, roaming',
});
const BEARER = valuesOf({
  0: 'inactive',
  1: 'GPRS',
  2: 'EDGE',
  3: 'UMTS',
  4: 'HSDPA',
  5: 'LTE',
  6: 'CDMA',
  7: 'LTE Cat M1',
  8: 'LTE Cat NB1',
  9: 'LTE Cat NB2',
});

/** Version 1 widened the cell's identity; later versions name further bearers. */
export const GSM_DIAGNOSTIC = defineClass({
  id: 47,
  name: 'GSM diagnostic',
  versions: [0, 1, 2],
  attributes: [
    ['operator', 'visible-string', 'dynamic'],
    ['status', STATUS, 'dynamic'],
    ['cs_attachment', valuesOf({ 0: 'inactive', 1: 'incoming call', 2: 'active' }), 'dynamic'],
    ['ps_status', BEARER, 'dynamic'],
    [
      'cell_info',
      structureOf({
        cell_ID: 'long-unsigned',
        location_ID: 'long-unsigned',
        signal_quality: 'unsigned',
        ber: 'unsigned',
      }),
      'dynamic',
      { until: 0 },
    ],
    ['adjacent_cells', adjacentCells('long-unsigned'), 'dynamic', { until: 0 }],
    [
      'cell_info',
      structureOf({
        cell_ID: 'double-long-unsigned',
        location_ID: 'long-unsigned',
        signal_quality: 'unsigned',
        ber: 'unsigned',
        mcc: 'long-unsigned',
        mnc: 'long-unsigned',
        channel_number: 'double-long-unsigned',
      }),
      'dynamic',
      { at: 6, since: 1 },
    ],
    ['adjacent_cells', adjacentCells('double-long-unsigned'), 'dynamic', { since: 1 }],
    ['capture_time', DATE_TIME, 'dynamic'],
  ],
});
