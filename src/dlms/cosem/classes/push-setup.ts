import {
  CAPTURE_OBJECT,
  CAPTURE_OBJECT_WITH_COLUMNS,
  DATE_TIME,
  LOGICAL_NAME,
  PROTECTION_PARAMETERS,
  RESTRICTED_CAPTURE_OBJECT,
  WINDOWS,
} from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { arrayOf, oneOf, structureOf, valuesOf } from './shape.ts';

/** Which elements of the object list came with which version is not checked beyond version 1. */
export const PUSH_SETUP = defineClass({
  id: 40,
  name: 'Push setup',
  versions: [0, 1, 2, 3],
  attributes: [
    ['push_object_list', arrayOf(CAPTURE_OBJECT), 'static', { until: 0 }],
    [
      'push_object_list',
      arrayOf(oneOf(CAPTURE_OBJECT, RESTRICTED_CAPTURE_OBJECT)),
      'static',
      { at: 2, since: 1, until: 1 },
    ],
    [
      'push_object_list',
      arrayOf(oneOf(RESTRICTED_CAPTURE_OBJECT, CAPTURE_OBJECT_WITH_COLUMNS)),
      'static',
      { at: 2, since: 2 },
    ],
    [
      'send_destination_and_method',
      structureOf({
        transport_service: valuesOf(
          {
            0: 'TCP',
            1: 'UDP',
            2: 'FTP',
            3: 'SMTP',
            4: 'SMS',
            5: 'HDLC',
            6: 'M-Bus',
            7: 'ZigBee',
            8: 'DLMS gateway',
            9: 'CoAP',
          },
          [200, 255],
        ),
        destination: 'octet-string',
        message: valuesOf({ 0: 'A-XDR encoded APDU', 1: 'XML encoded APDU' }, [128, 255]),
      }),
      'static',
    ],
    ['communication_window', WINDOWS, 'static'],
    ['randomisation_start_interval', 'long-unsigned', 'static'],
    ['number_of_retries', 'unsigned', 'static'],
    ['repetition_delay', 'long-unsigned', 'static', { until: 1 }],
    [
      'repetition_delay',
      structureOf({
        repetition_delay_min: 'long-unsigned',
        repetition_delay_exponent: 'long-unsigned',
        repetition_delay_max: 'long-unsigned',
      }),
      'static',
      { at: 7, since: 2 },
    ],
    ['port_reference', LOGICAL_NAME, 'static', { since: 1 }],
    ['push_client_SAP', 'integer', 'static', { since: 1 }],
    ['push_protection_parameters', PROTECTION_PARAMETERS, 'static', { since: 1 }],
    [
      'push_operation_method',
      valuesOf({
        0: 'unconfirmed, retry on supporting layer failure',
        1: 'unconfirmed, retry on missing supporting layer confirmation',
        2: 'confirmed, retry on missing confirmation',
      }),
      'static',
      { since: 2 },
    ],
    [
      'confirmation_parameters',
      structureOf({ confirmation_start_date: DATE_TIME, confirmation_interval: 'double-long-unsigned' }),
      'static',
      { since: 2 },
    ],
    ['last_confirmation_date_time', DATE_TIME, 'dynamic', { since: 2 }],
  ],
  methods: [
    ['push', 'integer', { mandatory: true }],
    ['reset', 'integer', { since: 2 }],
  ],
});
