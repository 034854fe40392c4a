import { LOGICAL_NAME } from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { arrayOf, oneOf, type Shape, structureOf } from './shape.ts';

const OBJECT_LIST_ELEMENT = structureOf({
  base_name: 'long',
  class_id: 'long-unsigned',
  version: 'unsigned',
  logical_name: LOGICAL_NAME,
});
const ACCESS_RIGHTS_ELEMENT = structureOf({
  base_name: 'long',
  attribute_access: arrayOf(
    structureOf({
      attribute_id: 'integer',
      access_mode: 'enum',
      access_selectors: oneOf('null-data', arrayOf('integer')),
    }),
  ),
  method_access: arrayOf(structureOf({ method_id: 'integer', access_mode: 'enum' })),
});
const OBJECT = structureOf({ class_id: 'long-unsigned', logical_name: LOGICAL_NAME });
const ATTRIBUTE = structureOf({
  class_id: 'long-unsigned',
  logical_name: LOGICAL_NAME,
  attribute_index: 'integer',
});
const USER: Shape = structureOf({
  user_id: 'unsigned',
  user_name: oneOf('visible-string', 'octet-string', 'utf8-string'),
});

/** Methods 1, 2 and 7 are of version 0 alone; what they did is selective access of the object list since. */
export const ASSOCIATION_SN = defineClass({
  id: 12,
  name: 'Association SN',
  versions: [0, 1, 2, 3, 4],
  attributes: [
    ['object_list', arrayOf(OBJECT_LIST_ELEMENT), 'static', { selectors: [1, 2] }],
    ['access_rights_list', arrayOf(ACCESS_RIGHTS_ELEMENT), 'static', { selectors: [1, 2, 3], since: 1 }],
    ['security_setup_reference', LOGICAL_NAME, 'static', { since: 2 }],
    ['user_list', arrayOf(USER), 'static', { since: 3 }],
    ['current_user', USER, 'dynamic', { since: 3 }],
  ],
  methods: [
    ['getlist_by_classid', 'long-unsigned', { until: 0 }],
    ['getobj_by_logicalname', OBJECT, { until: 0 }],
    ['read_by_logicalname', arrayOf(ATTRIBUTE)],
    ['get_attributes&services', arrayOf(OBJECT), { until: 2 }],
    ['change_LLS_secret', 'octet-string'],
    ['change_HLS_secret', 'octet-string', { until: 2 }],
    ['get_HLS_challenge', 'integer', { until: 0 }],
    ['reply_to_HLS_authentication', 'octet-string'],
    ['add_user', USER, { since: 3 }],
    ['remove_user', USER, { since: 3 }],
  ],
});
