import { defineClass } from './define-class.ts';
import { structureOf } from './shape.ts';

const QUALITY = structureOf({
  precedence: 'unsigned',
  delay: 'unsigned',
  reliability: 'unsigned',
  peak_throughput: 'unsigned',
  mean_throughput: 'unsigned',
});

export const GPRS_MODEM_SETUP = defineClass({
  id: 45,
  name: 'GPRS modem setup',
  versions: [0],
  attributes: [
    ['APN', 'octet-string', 'static'],
    ['PIN_code', 'long-unsigned', 'static'],
    ['quality_of_service', structureOf({ default: QUALITY, requested: QUALITY }), 'static'],
  ],
});
