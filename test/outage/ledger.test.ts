import { describe, expect, test } from 'bun:test';
import { eventFact, FactCount, logbookFact, rowFact } from './facts.ts';
import type { Note } from './journal.ts';
import { type Balance, type Books, balance, type Delivery } from './ledger.ts';

const row = (time: number): string =>
  rowFact({ meterNo: 'A', kind: 'energy', time, clockStatus: 0, cells: `${time}` });
const fraud = eventFact({ meterNo: 'A', log: 'fraud', time: 5, code: 40, extra: {} });
const start = logbookFact(9, 'software-start', '');

const counted = (...facts: readonly string[]): FactCount => {
  const count = new FactCount();
  for (const fact of facts) count.add(fact);
  return count;
};
const delivery = (id: number, ...facts: readonly string[]): Delivery => ({ id, repeated: false, facts });

/** Two rows, an event and a start, each of which came; `change` says what is otherwise. */
function balanceOf(change: Partial<Books> = {}): Balance {
  const facts = [row(1), row(2), fraud, start];
  return balance({
    notes: NOTES,
    stored: counted(...facts),
    due: [row(1), row(2), fraud],
    written: () => true,
    hasTime: () => true,
    acknowledged: 3,
    dropped: 0,
    deliveries: [delivery(1, row(1), row(2)), delivery(2, fraud), delivery(3, start)],
    ...change,
  });
}
const NOTES: readonly Note[] = [
  { stored: { meterId: 1, kind: 'energy', times: [1, 2] } },
  { sent: 1 },
  { sent: 2 },
  { sent: 3 },
  { settled: [1, 2, 3] },
];

test('what came as it is stored and written is in balance', () => {
  expect(balanceOf()).toEqual({ sent: 4, received: 4, lost: 0, duplicates: 0, faults: [] });
});

describe('is found:', () => {
  test('a row that did not come', () => {
    const deliveries = [delivery(1, row(1)), delivery(2, fraud), delivery(3, start)];
    expect(balanceOf({ deliveries })).toMatchObject({
      received: 3,
      lost: 1,
      faults: [`${row(2)} is stored and did not come (1 such)`],
    });
  });

  test('a row that came with another value', () => {
    const other = rowFact({ meterNo: 'A', kind: 'energy', time: 2, clockStatus: 0, cells: '3' });
    const deliveries = [delivery(1, row(1), other), delivery(2, fraud), delivery(3, start)];
    expect(balanceOf({ deliveries })).toMatchObject({
      lost: 1,
      faults: [expect.stringContaining('did not come'), `${other} came and is not stored (1 such)`],
    });
  });

  test('a row that the meter has and nobody read', () => {
    expect(balanceOf({ due: [row(1), row(7)] })).toMatchObject({
      lost: 1,
      faults: [`${row(7)} was written by the meter and not read (1 such)`],
    });
  });

  test('a row that no meter has written', () => {
    expect(balanceOf({ written: (fact) => fact !== row(1) })).toMatchObject({
      faults: [`${row(1)} was never written by the meter (1 such)`],
    });
  });

  test('a row that was said to be on disk and is not', () => {
    expect(balanceOf({ hasTime: (_id, _kind, time) => time !== 2 })).toMatchObject({
      lost: 1,
      faults: ['energy 2 of meter 1 was said to be on disk (1 such)'],
    });
  });

  test('an item that was acknowledged and did not come, and one that was given up', () => {
    expect(balanceOf({ acknowledged: 4, dropped: 1 }).faults).toHaveLength(2);
  });
});

describe('twice may come', () => {
  const again = [
    delivery(1, row(1), row(2)),
    delivery(1, row(1), row(2)),
    delivery(2, fraud),
    delivery(3, start),
  ];

  test('what was sent again because it was not acknowledged', () => {
    const notes: readonly Note[] = [{ sent: 1 }, ...NOTES];
    expect(balanceOf({ deliveries: again, notes })).toMatchObject({ duplicates: 2, lost: 0, faults: [] });
  });

  test('what the broker itself repeats', () => {
    const deliveries = again.map((one, index) => ({ ...one, repeated: index === 1 }));
    expect(balanceOf({ deliveries })).toMatchObject({ duplicates: 2, faults: [] });
  });

  test('nothing else', () => {
    expect(balanceOf({ deliveries: again }).faults).toEqual([
      'item 1, 2 and 1 times came more often than it was sent (1 such)',
    ]);
    expect(balanceOf({ deliveries: again, notes: [...NOTES, { sent: 1 }] }).faults).toEqual([
      'item 1 was sent though it had been acknowledged (1 such)',
    ]);
    const [first, , ...rest] = again;
    const otherwise = [...(first ? [first] : []), delivery(1, row(1)), ...rest];
    expect(balanceOf({ deliveries: otherwise, notes: [{ sent: 1 }, ...NOTES] }).faults).toEqual([
      'item 1 came again as something else (1 such)',
    ]);
  });
});
