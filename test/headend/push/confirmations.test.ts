import { expect, test } from 'bun:test';
import { VirtualClock } from '../../../src/base/clock.ts';
import { DcuError, toDcuError } from '../../../src/base/errors.ts';
import { Confirmations } from '../../../src/headend/push/confirmations.ts';

const TIMEOUT_MS = 1000;

function due(...ids: readonly number[]) {
  const clock = new VirtualClock(0);
  const confirmations = new Confirmations(clock, TIMEOUT_MS);
  const ends: string[] = [];
  for (const id of ids) {
    confirmations.of(id).then(
      () => ends.push(`${id} confirmed at ${clock.monotonicMs()}`),
      (error: unknown) => ends.push(`${id} ${toDcuError(error).code} at ${clock.monotonicMs()}`),
    );
  }
  return { clock, confirmations, ends };
}

test('only what is due is confirmed, and once', async () => {
  const { clock, confirmations, ends } = due(1, 2);
  expect([2, 2, 7].map((id) => confirmations.confirm(id))).toEqual([true, false, false]);
  await clock.advance(TIMEOUT_MS);
  expect(ends).toEqual(['2 confirmed at 0', '1 link-timeout at 1000']);
  expect(confirmations.confirm(1)).toBe(false);
});

test('those behind one that is confirmed have their time anew, those in front of it have not', async () => {
  const { clock, confirmations, ends } = due(1, 2, 3);
  await clock.advance(600);
  confirmations.confirm(2);
  await clock.advance(400);
  expect(ends).toEqual(['2 confirmed at 600', '1 link-timeout at 1000']);
  await clock.advance(600);
  expect(ends.at(-1)).toBe('3 link-timeout at 1600');
});

test('what ends the connection ends all of them, and no timer is left', async () => {
  const { clock, confirmations, ends } = due(1, 2);
  confirmations.fail(new DcuError('channel-lost', 'cut'));
  await clock.advance(10 * TIMEOUT_MS);
  expect(ends).toEqual(['1 channel-lost at 0', '2 channel-lost at 0']);
});
