import { describe, expect, test } from 'bun:test';
import { DcuError } from '../../src/base/errors.ts';
import { encodeData } from '../../src/dlms/axdr.ts';
import type { AccessSelection, CosemAttribute, GetResult } from '../../src/dlms/client.ts';
import type { DlmsData } from '../../src/dlms/data.ts';
import { encodeDateTime, fromUtcMs } from '../../src/dlms/datetime.ts';
import { array, i8, logicalName, octetString, structure, u8, u16, u32 } from '../../src/dlms/values.ts';
import { ProfileReader } from '../../src/meters/profile-reader.ts';

const OBIS = '1.0.99.1.0.255';
const NOW = Date.UTC(2026, 2, 3, 12, 20);
const QUARTER_MS = 900_000;

interface Options {
  readonly times: number[];
  readonly lifo?: boolean;
  readonly sort?: number;
  /** What a selection by range is answered with. */
  readonly refusal?: string;
  readonly noEntries?: boolean;
  readonly beforeEach?: (times: number[], request: number) => void;
}

/** A buffer that selects by entry only; `requests` are those of rows. */
function meter({
  times,
  lifo = false,
  sort,
  refusal = 'other-reason',
  noEntries = false,
  beforeEach,
}: Options) {
  const requests: AccessSelection[] = [];
  const row = (time: number): DlmsData =>
    structure(octetString(encodeDateTime(fromUtcMs(time, 0))), u32(time / QUARTER_MS));
  const captured = (classId: number, obis: string) =>
    structure(u16(classId), logicalName(obis), i8(2), u16(0));
  const answer = ({ attribute }: CosemAttribute, selection?: AccessSelection): GetResult => {
    const ok = (data: DlmsData): GetResult => ({ ok: true, data: encodeData(data) });
    if (attribute === 3) return ok(array([captured(8, '0.0.1.0.0.255'), captured(1, '1.0.1.8.0.255')]));
    if (attribute === 4) return ok(u32(900));
    if (attribute === 5) return ok(u8(sort ?? (lifo ? 2 : 1)));
    if (attribute === 7) return ok(u32(times.length));
    if (selection === undefined || attribute !== 2) return { ok: false, result: 'object-undefined' };
    requests.push(selection);
    beforeEach?.(times, requests.length);
    if (selection.by !== 'entry' || noEntries) return { ok: false, result: refusal };
    const stored = lifo ? times.toReversed() : times;
    return ok(array(stored.slice(selection.fromEntry - 1, selection.toEntry).map(row)));
  };
  const reader = new ProfileReader({
    clockObis: '0.0.1.0.0.255',
    now: () => NOW,
    clock: async () => ({
      readAtMs: NOW,
      meterMs: NOW,
      driftMs: 0,
      roundTripMs: 0,
      deviationMinutes: 0,
      status: 0,
    }),
    get: async (attribute, selection) => answer(attribute, selection),
    getMany: async (wanted) => wanted.map((attribute) => answer(attribute)),
  });
  return { reader, requests };
}

async function read(reader: ProfileReader, fromMs: number, toMs: number) {
  const times = new Set<number>();
  let covered: { fromMs: number; toMs: number } | undefined;
  for await (const batch of reader.read(OBIS, { fromMs, toMs }, true, async () => undefined)) {
    for (const time of batch.rows.times) if (time >= fromMs && time < toMs) times.add(time);
    covered = batch.covered ?? covered;
  }
  return { times: [...times].toSorted((a, b) => a - b), covered };
}

/** Quarter hours up to now, with a hole of half a day. */
const quarters = (days: number): number[] =>
  Array.from({ length: days * 96 }, (_, i) => Math.floor(NOW / QUARTER_MS) * QUARTER_MS - i * QUARTER_MS)
    .toReversed()
    .filter((time) => time < NOW - 3 * 86_400_000 || time >= NOW - 2.5 * 86_400_000);
const within = (times: readonly number[], fromMs: number, toMs: number): number[] =>
  times.filter((time) => time >= fromMs && time < toMs);

describe('a meter that refuses selection by range', () => {
  test.each([
    ['oldest first', false],
    ['newest first', true],
  ])('is read by entry, %s, and the interval is complete', async (_, lifo) => {
    const times = quarters(40);
    const { reader, requests } = meter({ times, lifo });
    const [fromMs, toMs] = [NOW - 4 * 86_400_000, NOW - 2 * 86_400_000];
    const got = await read(reader, fromMs, toMs);
    expect(got.times).toEqual(within(times, fromMs, toMs));
    expect(got.covered).toEqual({ fromMs, toMs });
    // One by range, twelve to find the place, pages of 96 rows; the 3,700 others stay where they are.
    expect(requests.length).toBeLessThan(18);
    const before = requests.length;
    await read(reader, NOW - 86_400_000, NOW);
    expect(requests.slice(before).every(({ by }) => by === 'entry')).toBe(true);
  });

  test('without an order of time it is read whole', async () => {
    const times = quarters(3).toReversed();
    const { reader } = meter({ times, sort: 3 });
    const got = await read(reader, NOW - 86_400_000, NOW);
    expect(got.times).toEqual(within(times.toReversed(), NOW - 86_400_000, NOW));
  });

  test('an interval without rows is complete, too', async () => {
    const { reader } = meter({ times: quarters(10) });
    const hole = { fromMs: NOW - 2.9 * 86_400_000, toMs: NOW - 2.6 * 86_400_000 };
    expect(await read(reader, hole.fromMs, hole.toMs)).toEqual({ times: [], covered: hole });
  });

  test('a full buffer that moves on by a row while it is read loses none', async () => {
    const times = quarters(10);
    const [fromMs, toMs] = [NOW - 2.4 * 86_400_000, NOW];
    const wanted = within(times, fromMs, toMs);
    let moved = false;
    const { reader } = meter({
      times,
      beforeEach: (own, request) => {
        if (request < 14 || moved) return;
        moved = true;
        own.shift();
        own.push((own.at(-1) ?? 0) + QUARTER_MS);
      },
    });
    const got = await read(reader, fromMs, toMs);
    expect(moved).toBe(true);
    expect(got.times.filter((time) => time <= (wanted.at(-1) ?? 0))).toEqual(wanted);
  });

  test('rows that move further break it off; what came before is kept', async () => {
    const times = quarters(10);
    const { reader } = meter({
      times,
      beforeEach: (own, request) => {
        if (request < 14) return;
        own.splice(0, 20);
      },
    });
    const seen: number[] = [];
    const reading = (async () => {
      const interval = { fromMs: NOW - 2.4 * 86_400_000, toMs: NOW };
      for await (const { rows } of reader.read(OBIS, interval, true, async () => undefined)) {
        seen.push(...rows.times);
      }
    })();
    expect(await reading.catch((error: unknown) => error)).toBeInstanceOf(DcuError);
    expect(seen.length).toBeGreaterThan(90);
  });

  test('what says no to everything is told with its own word, and not asked for entries without need', async () => {
    const nothing = meter({ times: quarters(3), noEntries: true });
    await expect(read(nothing.reader, NOW - 86_400_000, NOW)).rejects.toMatchObject({
      code: 'not-granted',
      facts: { result: 'other-reason' },
    });
    const closed = meter({ times: quarters(3), refusal: 'read-write-denied' });
    await expect(read(closed.reader, NOW - 86_400_000, NOW)).rejects.toMatchObject({
      facts: { result: 'read-write-denied' },
    });
    expect(closed.requests).toHaveLength(1);
  });
});
