import { expect, setDefaultTimeout, test } from 'bun:test';
import { HOUR_MS } from '../../src/simulator/calendar.ts';
import { runDays } from './run.ts';

setDefaultTimeout(300_000);

const FEW = { tcpMeters: 3, plcMeters: 2, lines: 1, metersPerLine: 4, recallDays: 3, severity: 1 } as const;

test('days of a whole concentrator, with all that goes wrong: everything holds, and a seed replays to the same end', async () => {
  const first = await runDays({ seed: 11, days: 4, scenery: FEW });
  expect(first.violations).toEqual([]);
  expect(first.checked.rows).toBeGreaterThan(8 * 3 * 96);
  expect(first.runs).toBeGreaterThan(1);
  const again = await runDays({ seed: 11, days: 4, scenery: FEW });
  expect(again.digest).toBe(first.digest);
  const other = await runDays({ seed: 12, days: 1, scenery: FEW });
  expect(other.violations).toEqual([]);
  expect(other.digest).not.toBe(first.digest);
});

test('a failing seed fails again in the same way', async () => {
  const options = {
    seed: 13,
    days: 4,
    scenery: FEW,
    // Now and then a batch is acknowledged that is not stored.
    collection: (store: Parameters<NonNullable<Parameters<typeof runDays>[0]['collection']>>[0]) => {
      let batches = 0;
      return {
        ...store,
        appendProfile: async (...batch: Parameters<typeof store.appendProfile>) =>
          ++batches % 40 === 0 ? { added: 0 } : store.appendProfile(...batch),
      };
    },
  };
  const first = await runDays(options);
  expect(first.violations.map(({ invariant }) => invariant)).toContain('acknowledged-lost');
  const again = await runDays(options);
  expect(again.violations).toEqual(first.violations);
  expect(again.digest).toBe(first.digest);
});

test('a concentrator that is hours ahead for a while, and sets its meters by that, loses no row', async () => {
  const report = await runDays({
    seed: 3,
    days: 2,
    scenery: {
      startMs: Date.UTC(2026, 4, 10, 12),
      tcpMeters: 1,
      plcMeters: 0,
      lines: 1,
      metersPerLine: 1,
      recallDays: 2,
      everyHours: 1,
      severity: 0,
    },
    onBegin: ({ clock, wall }) => {
      // The meters are set at 02:20, by a clock that shows it four hours early.
      clock.after(8 * HOUR_MS, () => wall.set(4 * HOUR_MS));
      clock.after(9.2 * HOUR_MS, () => wall.set(0));
    },
  });
  expect(report.violations).toEqual([]);
});
