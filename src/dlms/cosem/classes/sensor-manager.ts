import {
  ACTION_SET,
  DATE_TIME,
  REGISTER_STATUS,
  REGISTER_VALUE,
  SCALER_UNIT,
  VALUE_DEFINITION,
} from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { arrayOf } from './shape.ts';

/** Values of the two enumerations are not checked. */
export const SENSOR_MANAGER = defineClass({
  id: 67,
  name: 'Sensor manager',
  versions: [0],
  attributes: [
    ['serial_number', 'octet-string', 'dynamic'],
    ['metrological_identification', 'octet-string', 'dynamic'],
    ['output_type', 'enum', 'dynamic'],
    ['adjustment_method', 'octet-string', 'dynamic'],
    ['sealing_method', 'enum', 'dynamic'],
    ['raw_value', REGISTER_VALUE, 'dynamic'],
    ['scaler_unit', SCALER_UNIT, 'dynamic'],
    ['status', REGISTER_STATUS, 'dynamic'],
    ['capture_time', DATE_TIME, 'dynamic'],
    ['raw_value_thresholds', arrayOf(REGISTER_VALUE), 'dynamic'],
    ['raw_value_actions', arrayOf(ACTION_SET), 'dynamic'],
    ['processed_value', VALUE_DEFINITION, 'dynamic'],
    ['processed_value_thresholds', arrayOf(REGISTER_VALUE), 'dynamic'],
    ['processed_value_actions', arrayOf(ACTION_SET), 'dynamic'],
  ],
  methods: ['reset'],
});
