import { LOGICAL_NAME } from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { arrayOf, oneOf, type Shape, structureOf, valuesOf } from './shape.ts';

const USER = structureOf({
  user_id: 'unsigned',
  user_name: oneOf('visible-string', 'octet-string', 'utf8-string'),
});
const oid = (last: Readonly<Record<string, Shape>>): Shape =>
  oneOf(
    'octet-string',
    structureOf({
      joint_iso_ctt_element: 'unsigned',
      country_element: 'unsigned',
      country_name_element: 'long-unsigned',
      identified_organization_element: 'unsigned',
      DLMS_UA_element: 'unsigned',
      ...last,
    }),
  );
const objectListElement = (methodMode: Shape, attributeMode: Shape): Shape =>
  structureOf({
    class_id: 'long-unsigned',
    version: 'unsigned',
    logical_name: LOGICAL_NAME,
    access_rights: structureOf({
      attribute_access: arrayOf(
        structureOf({
          attribute_id: 'integer',
          access_mode: attributeMode,
          access_selectors: oneOf('null-data', arrayOf('integer')),
        }),
      ),
      method_access: arrayOf(structureOf({ method_id: 'integer', access_mode: methodMode })),
    }),
  });
const ATTRIBUTE_MODE = valuesOf({
  0: 'no access',
  1: 'read only',
  2: 'write only',
  3: 'read and write',
  4: 'authenticated read only',
  5: 'authenticated write only',
  6: 'authenticated read and write',
});
const METHOD_MODE = valuesOf({ 0: 'no access', 1: 'access', 2: 'authenticated access' });
const ELEMENT_V0 = objectListElement('boolean', ATTRIBUTE_MODE);
const ELEMENT = objectListElement(METHOD_MODE, ATTRIBUTE_MODE);
/** From version 3 on an access mode is a set of bits. */
const ELEMENT_V3 = objectListElement('enum', 'enum');
const SELECTORS = { selectors: [1, 2, 3, 4] } as const;

/** The form of a user's name is not checked. */
export const ASSOCIATION_LN = defineClass({
  id: 15,
  name: 'Association LN',
  versions: [0, 1, 2, 3],
  attributes: [
    ['object_list', arrayOf(ELEMENT_V0), 'static', { ...SELECTORS, until: 0 }],
    ['object_list', arrayOf(ELEMENT), 'static', { ...SELECTORS, at: 2, since: 1, until: 2 }],
    ['object_list', arrayOf(ELEMENT_V3), 'static', { ...SELECTORS, at: 2, since: 3 }],
    [
      'associated_partners_id',
      structureOf({ client_SAP: 'integer', server_SAP: 'long-unsigned' }),
      'dynamic',
    ],
    [
      'application_context_name',
      oid({ application_context_element: 'unsigned', context_id_element: 'unsigned' }),
      'static',
    ],
    [
      'xDLMS_context_info',
      structureOf({
        conformance: 'bit-string',
        max_receive_pdu_size: 'long-unsigned',
        max_send_pdu_size: 'long-unsigned',
        dlms_version_number: 'unsigned',
        quality_of_service: 'integer',
        cyphering_info: 'octet-string',
      }),
      'dynamic',
    ],
    [
      'authentication_mechanism_name',
      oid({ authentication_mechanism_name_element: 'unsigned', mechanism_id_element: 'unsigned' }),
      'static',
    ],
    ['secret', 'octet-string', 'static'],
    [
      'association_status',
      valuesOf({ 0: 'non-associated', 1: 'association pending', 2: 'associated' }),
      'dynamic',
    ],
    ['security_setup_reference', LOGICAL_NAME, 'static', { since: 1 }],
    ['user_list', arrayOf(USER), 'static', { since: 2 }],
    ['current_user', USER, 'dynamic', { since: 2 }],
  ],
  methods: [
    ['reply_to_HLS_authentication', 'octet-string'],
    ['change_HLS_secret', 'octet-string'],
    ['add_object', ELEMENT_V0, { until: 0 }],
    ['remove_object', ELEMENT_V0, { until: 0 }],
    ['add_object', ELEMENT, { at: 3, since: 1, until: 2 }],
    ['remove_object', ELEMENT, { since: 1, until: 2 }],
    ['add_object', ELEMENT_V3, { at: 3, since: 3 }],
    ['remove_object', ELEMENT_V3, { since: 3 }],
    ['add_user', USER, { since: 2 }],
    ['remove_user', USER, { since: 2 }],
  ],
});
