import { defineClass } from './define-class.ts';

export const PROFILE_GENERIC = defineClass({
  id: 7,
  name: 'Profile generic',
  versions: [1],
  attributes: [
    ['buffer', ['array', 'compact-array'], 'dynamic', { selectors: [1, 2] }],
    ['capture_objects', 'array', 'static'],
    ['capture_period', 'double-long-unsigned', 'static'],
    ['sort_method', 'enum', 'static'],
    ['sort_object', 'structure', 'static'],
    ['entries_in_use', 'double-long-unsigned', 'dynamic'],
    ['profile_entries', 'double-long-unsigned', 'static'],
  ],
  methods: ['reset', 'capture'],
});
