import { CAPTURE_OBJECT, PROTECTION_PARAMETERS, RESTRICTED_CAPTURE_OBJECT } from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { arrayOf, oneOf } from './shape.ts';

/** Method parameters depend on the protection that is asked for. Whether early objects lack the restriction is not checked. */
export const DATA_PROTECTION = defineClass({
  id: 30,
  name: 'COSEM data protection',
  versions: [0],
  attributes: [
    ['protection_buffer', 'octet-string', 'dynamic'],
    ['protection_object_list', arrayOf(oneOf(CAPTURE_OBJECT, RESTRICTED_CAPTURE_OBJECT)), 'static'],
    ['protection_parameters_get', PROTECTION_PARAMETERS, 'static'],
    ['protection_parameters_set', PROTECTION_PARAMETERS, 'static'],
    ['required_protection', 'enum', 'static'],
  ],
  methods: [
    ['get_protected_attributes', 'structure', { mandatory: true }],
    ['set_protected_attributes', 'structure', { mandatory: true }],
    ['invoke_protected_method', 'structure', { mandatory: true }],
  ],
});
