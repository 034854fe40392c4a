import { UNIT_NAMES } from '../../units.ts';
import { arrayOf, oneOf, type Shape, structureOf, valuesOf } from './shape.ts';

/** Six octets; an empty reference is six zeros. */
export const LOGICAL_NAME: Shape = { octets: 6 };
/** Twelve octets, as an octet-string or under the type's own tag (Blue Book 4.1.6.1). */
export const DATE_TIME = oneOf({ octets: 12 }, 'date-time');
export const DATE = oneOf({ octets: 5 }, 'date');
export const TIME = oneOf({ octets: 4 }, 'time');

export const SCALER_UNIT = structureOf({ scaler: 'integer', unit: valuesOf(UNIT_NAMES) });

/** What a register may hold; tariff, threshold and demand values follow it. */
export const REGISTER_VALUE = oneOf(
  'null-data',
  'bit-string',
  'double-long',
  'double-long-unsigned',
  'octet-string',
  'visible-string',
  'utf8-string',
  'bcd',
  'integer',
  'long',
  'unsigned',
  'long-unsigned',
  'long64',
  'long64-unsigned',
  'float32',
  'float64',
);
export const REGISTER_STATUS = oneOf(
  'null-data',
  'bit-string',
  'double-long-unsigned',
  'octet-string',
  'visible-string',
  'utf8-string',
  'unsigned',
  'long-unsigned',
  'long64-unsigned',
);

export const OBJECT_DEFINITION = structureOf({ class_id: 'long-unsigned', logical_name: LOGICAL_NAME });
export const VALUE_DEFINITION = structureOf({
  class_id: 'long-unsigned',
  logical_name: LOGICAL_NAME,
  attribute_index: 'integer',
});

const CAPTURE_ELEMENTS = {
  class_id: 'long-unsigned',
  logical_name: LOGICAL_NAME,
  attribute_index: 'integer',
  data_index: 'long-unsigned',
} as const;
const RESTRICTION = structureOf({
  restriction_type: valuesOf({ 0: 'none', 1: 'by date', 2: 'by entry' }),
  restriction_value: 'any',
});
export const CAPTURE_OBJECT = structureOf(CAPTURE_ELEMENTS);
export const RESTRICTED_CAPTURE_OBJECT = structureOf({ ...CAPTURE_ELEMENTS, restriction: RESTRICTION });
export const CAPTURE_OBJECT_WITH_COLUMNS = structureOf({
  ...CAPTURE_ELEMENTS,
  restriction: RESTRICTION,
  columns: arrayOf(CAPTURE_OBJECT),
});

/** A script of a script table. */
export const ACTION_ITEM = structureOf({
  script_logical_name: LOGICAL_NAME,
  script_selector: 'long-unsigned',
});
export const ACTION_SET = structureOf({ action_up: ACTION_ITEM, action_down: ACTION_ITEM });
export const WINDOWS = arrayOf(structureOf({ start_time: DATE_TIME, end_time: DATE_TIME }));

export const BAUD = valuesOf({
  0: '300 baud',
  1: '600 baud',
  2: '1 200 baud',
  3: '2 400 baud',
  4: '4 800 baud',
  5: '9 600 baud',
  6: '19 200 baud',
  7: '38 400 baud',
  8: '57 600 baud',
  9: '115 200 baud',
});

/** How protected data are to be protected (Blue Book, classes 30 and 40). */
export const PROTECTION_PARAMETERS = arrayOf(
  structureOf({
    protection_type: valuesOf({
      0: 'authentication',
      1: 'encryption',
      2: 'authentication and encryption',
      3: 'digital signature',
    }),
    protection_options: structureOf({
      transaction_id: 'octet-string',
      originator_system_title: 'octet-string',
      recipient_system_title: 'octet-string',
      other_information: 'octet-string',
      key_info: structureOf({
        key_info_type: valuesOf({ 0: 'identified key', 1: 'wrapped key', 2: 'agreed key' }),
        key_info_options: 'structure',
      }),
    }),
  }),
);
