import { SCALER_UNIT } from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { oneOf, structureOf, valuesOf } from './shape.ts';

/** Waveforms around a trigger. Values of the status are not checked. */
export const MEASUREMENT_DATA_MONITORING = defineClass({
  id: 66,
  name: 'Measurement data monitoring objects',
  versions: [0],
  attributes: [
    ['waveform_data', oneOf('compact-array', 'array'), 'dynamic'],
    ['trigger_time', 'long64-unsigned', 'dynamic'],
    [
      'trigger_source',
      structureOf({
        trigger_origin: valuesOf({ 0: 'remote', 1: 'local script' }),
        trigger_cause: 'long-unsigned',
      }),
      'dynamic',
    ],
    ['status', 'enum', 'dynamic'],
    ['sampling_rate', 'double-long-unsigned', 'static'],
    ['number_of_samples_before_trigger', 'double-long-unsigned', 'static'],
    ['number_of_samples_after_trigger', 'double-long-unsigned', 'static'],
    ['scaler_unit', SCALER_UNIT, 'static'],
  ],
  methods: ['reset', 'trigger'],
});
