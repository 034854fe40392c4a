import { afterEach, describe, expect, test } from 'bun:test';
import { energyRows } from '../../src/simulator/profile-rows.ts';
import { beginning } from './beginning.ts';
import { type Street, startStreet } from './street.ts';

const DAY_MS = 86_400_000;

let street: Street | undefined;
afterEach(async () => {
  await street?.stop();
  street = undefined;
});

const never = new AbortController().signal;

describe('an operator comes while profiles are read', () => {
  test.each([
    ['of the same meter, on a shared line', { rs485Lines: 1, meters: 2, metersPerLine: 2 }, 1],
    ['of another meter on the line', { rs485Lines: 1, meters: 2, metersPerLine: 2 }, 2],
    ['of a meter with a line of its own', { meters: 1 }, 1],
  ] as const)(
    '%s',
    async (_, plan, asked) => {
      street = await startStreet(plan);
      street.item('Energy profile');
      const { collector, store } = street;
      const began = await beginning();
      const ids = store.meterList.map(({ id }) => id);
      const round = collector.round({ meterIds: [1] });
      const firstRows = Promise.withResolvers<void>();
      collector.bus.on('job-progress', ({ rows }) => {
        if (rows > 0) firstRows.resolve();
      });
      await firstRows.promise;
      let rowsThen = 0;
      for (let i = 0; i < 5; i++) {
        const answer = await collector.readNow(asked, never);
        expect(answer.registers.length).toBeGreaterThan(0);
        if (i === 0) rowsThen = store.times(1, 'energy').length;
      }
      // It did not wait for all that was under way.
      const { stamps } = energyRows(street.served(1).device.point, Date.now());
      const wanted = [...stamps].filter((time) => time >= began - 20 * DAY_MS && time <= began);
      expect(rowsThen).toBeLessThan(wanted.length);
      expect(await round).toMatchObject({ failed: 0, read: 1 });
      expect(store.times(1, 'energy').filter((time) => time <= began)).toEqual(wanted);
      // What came before it made room is not fetched again.
      expect(store.duplicates).toBe(0);
      const failures = collector.accounting().map(({ use }) => use.failures);
      expect(failures.every((count) => count === 0)).toBe(true);
      expect(ids.length).toBeGreaterThanOrEqual(asked);
    },
    30_000,
  );
});
