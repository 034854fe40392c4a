import { expect, test } from 'bun:test';
import { LEAN_HEAP, leanEnvironment } from '../../src/device/heap.ts';

test('what the environment lacks is added, and what somebody has set stays', () => {
  const lean = leanEnvironment({ PATH: '/bin', GONE: undefined, BUN_JSC_useFTLJIT: '1' });
  expect(lean).toEqual({ ...LEAN_HEAP, PATH: '/bin', BUN_JSC_useFTLJIT: '1' });
});

test('a program that is lean already is not started again', () => {
  expect(leanEnvironment(LEAN_HEAP)).toBeUndefined();
  expect(leanEnvironment({ ...LEAN_HEAP, ...leanEnvironment({}) })).toBeUndefined();
});
