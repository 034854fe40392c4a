import type { CollectionKind } from '../../src/base/model.ts';
import { type Fact, FactCount } from './facts.ts';
import type { Note } from './journal.ts';

/** A message as the head-end got it. */
export interface Delivery {
  /** Of the item in the outbox. */
  readonly id: number;
  /** Whether what stands between says that it may have brought it before. */
  readonly repeated: boolean;
  readonly facts: readonly Fact[];
}

export interface Books {
  /** What the concentrator has said of itself, in its order. */
  readonly notes: readonly Note[];
  /** All that its store has. */
  readonly stored: FactCount;
  /** What the meters have written and the concentrator has asked for since. */
  readonly due: readonly Fact[];
  /** Whether a meter has written it, for whatever is a meter's. */
  readonly written: (fact: Fact) => boolean;
  /** Times in the store, by meter and kind. */
  readonly hasTime: (meterId: number, kind: CollectionKind, time: number) => boolean;
  /** Items of which the outbox knows that they were acknowledged, and such that it gave up. */
  readonly acknowledged: number;
  readonly dropped: number;
  readonly deliveries: readonly Delivery[];
}

/** What came of it; rows and events, each by itself. */
export interface Balance {
  readonly sent: number;
  readonly received: number;
  readonly lost: number;
  /** That came again. */
  readonly duplicates: number;
  /** What may not be: in words, the first of each sort. */
  readonly faults: readonly string[];
}

/** Holds what the head-end got against the store, the meters and what was said to be on disk. */
export function balance(books: Books): Balance {
  const { notes, stored, due, written, deliveries, acknowledged, dropped } = books;
  const faults = new Faults();
  const received = new FactCount();
  const copies = new Map<number, Delivery[]>();
  for (const delivery of deliveries) {
    const known = copies.get(delivery.id);
    if (known !== undefined) {
      known.push(delivery);
      continue;
    }
    copies.set(delivery.id, [delivery]);
    for (const fact of delivery.facts) received.add(fact);
  }

  const missing = stored.beyond(received);
  for (const fact of missing) faults.add('is stored and did not come', fact);
  for (const fact of received.beyond(stored)) faults.add('came and is not stored', fact);
  const unread = due.filter((fact) => stored.of(fact) === 0);
  for (const fact of unread) faults.add('was written by the meter and not read', fact);
  for (const fact of stored.all()) if (!written(fact)) faults.add('was never written by the meter', fact);
  let vanished = 0;
  for (const note of notes) {
    if (!('stored' in note)) continue;
    const { meterId, kind, times } = note.stored;
    for (const time of times) {
      if (books.hasTime(meterId, kind, time)) continue;
      vanished++;
      faults.add('was said to be on disk', `${kind} ${time} of meter ${meterId}`);
    }
  }
  if (dropped > 0) faults.add('were given up by the outbox', `${dropped} items`);
  if (copies.size !== acknowledged)
    faults.add('differ', `${copies.size} items that came and ${acknowledged} that were acknowledged`);
  checkCopies(notes, copies, faults);
  const lost = missing.length + unread.length + vanished;
  return {
    sent: stored.size,
    received: stored.size - missing.length,
    lost,
    duplicates: [...copies.values()].reduce(
      (sum, [first, ...more]) => sum + more.length * (first?.facts.length ?? 0),
      0,
    ),
    faults: faults.told,
  };
}

/** Twice may come only what was sent twice, and that only as long as its acknowledgement was not on disk. */
function checkCopies(
  notes: readonly Note[],
  copies: ReadonlyMap<number, readonly Delivery[]>,
  faults: Faults,
): void {
  const sendings = new Map<number, number>();
  const settled = new Set<number>();
  for (const note of notes) {
    if ('settled' in note) for (const id of note.settled) settled.add(id);
    if (!('sent' in note)) continue;
    sendings.set(note.sent, (sendings.get(note.sent) ?? 0) + 1);
    if (settled.has(note.sent)) faults.add('was sent though it had been acknowledged', `item ${note.sent}`);
  }
  for (const [id, [first, ...others]] of copies) {
    const sent = sendings.get(id) ?? 0;
    const own = others.filter(({ repeated }) => !repeated).length + 1;
    if (own > sent) faults.add('came more often than it was sent', `item ${id}, ${own} and ${sent} times`);
    if (others.some(({ facts }) => !Bun.deepEquals(facts, first?.facts)))
      faults.add('came again as something else', `item ${id}`);
  }
}

/** The first of each sort, and how many there are. */
class Faults {
  readonly #sorts = new Map<string, { readonly first: string; count: number }>();

  add(sort: string, what: string): void {
    const known = this.#sorts.get(sort);
    if (known === undefined) this.#sorts.set(sort, { first: what, count: 1 });
    else known.count++;
  }

  get told(): string[] {
    return [...this.#sorts].map(([sort, { first, count }]) => `${first} ${sort} (${count} such)`);
  }
}
