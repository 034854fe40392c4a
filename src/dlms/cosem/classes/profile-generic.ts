import { CAPTURE_OBJECT } from './common-shapes.ts';
import { defineClass } from './define-class.ts';
import { arrayOf, valuesOf } from './shape.ts';

/** Version 0 selected by methods 3 and 4 what version 1 selects by the access selectors of the buffer (not checked). */
export const PROFILE_GENERIC = defineClass({
  id: 7,
  name: 'Profile generic',
  versions: [0, 1],
  attributes: [
    ['buffer', arrayOf('any'), 'dynamic', { selectors: [1, 2] }],
    ['capture_objects', arrayOf(CAPTURE_OBJECT), 'static'],
    ['capture_period', 'double-long-unsigned', 'static'],
    [
      'sort_method',
      valuesOf({
        1: 'fifo',
        2: 'lifo',
        3: 'largest',
        4: 'smallest',
        5: 'nearest to zero',
        6: 'farthest from zero',
      }),
      'static',
    ],
    ['sort_object', CAPTURE_OBJECT, 'static'],
    ['entries_in_use', 'double-long-unsigned', 'dynamic'],
    ['profile_entries', 'double-long-unsigned', 'static'],
  ],
  methods: [
    'reset',
    'capture',
    ['get_buffer_by_range', 'any', { until: 0 }],
    ['get_buffer_by_index', 'any', { until: 0 }],
  ],
});
