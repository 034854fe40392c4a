import { expect, test } from 'bun:test';
import { watchPresence } from '../../ui/api/presence.ts';

test('somebody is there for a minute after loading the page and after each input', () => {
  const page = new EventTarget();
  let nowMs = 1_000_000;
  const somebodyIsThere = watchPresence(page, () => nowMs);
  const after = (ms: number): boolean => {
    nowMs += ms;
    return somebodyIsThere();
  };
  expect([after(59_999), after(1)]).toEqual([true, false]);
  for (const name of ['pointerdown', 'keydown', 'wheel', 'touchstart']) {
    page.dispatchEvent(new Event(name));
    expect([name, after(59_999), after(1)]).toEqual([name, true, false]);
  }
  // A pointer that a passing truck shakes is nobody.
  page.dispatchEvent(new Event('pointermove'));
  expect(after(0)).toBe(false);
});
