import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { encodeData } from '../../src/dlms/axdr.ts';
import type { AccessSelection, CosemAttribute } from '../../src/dlms/client.ts';
import type { DlmsData } from '../../src/dlms/data.ts';
import { decodeDateTime, encodeDateTime, fromUtcMs, toUtcMs } from '../../src/dlms/datetime.ts';
import {
  array,
  enumeration,
  i8,
  logicalName,
  octetString,
  structure,
  u8,
  u16,
  u32,
} from '../../src/dlms/values.ts';
import { ProfileReader } from '../../src/meters/profile-reader.ts';
import { rowMarks } from '../../src/meters/row-marks.ts';
import { planRead } from '../../src/tasks/planner.ts';
import { MemoryStore } from '../tasks/memory-store.ts';

const START = Date.parse('2026-10-24T20:00:00Z');
const MINUTE_MS = 60_000;
const PERIOD_MS = 15 * MINUTE_MS;
const HOUR_MS = 60 * MINUTE_MS;
/** In Riga, with winter time from here on. */
const WINTER_MS = Date.parse('2026-10-25T01:00:00Z');
const ADJUSTED = 0x20;

interface Row {
  readonly stampMs: number;
  readonly value: number;
  readonly status: number;
  /**
   * A reading has settled this time, and the clock was set back to before it since: what is settled is not asked for
   * again, whether the clock had run through it or was set across it.
   */
  readonly again: boolean;
}

/** A meter that lives minute by minute: captures at full quarter hours of its own clock, unless its power is off. */
class LivingMeter {
  readonly rows: Row[] = [];
  /** Local time without deviation, with the daylight saving bit. */
  readonly bare: boolean;
  nowMs = START;
  driftMs = 0;
  powered = true;
  #adjusted = false;
  #count = 0;
  #settledMs = START - PERIOD_MS;

  constructor(bare: boolean) {
    this.bare = bare;
  }

  get shownMs(): number {
    return this.nowMs + this.driftMs;
  }

  minute(): void {
    this.nowMs += MINUTE_MS;
    // It holds the same value only once, so that a value tells its capture.
    this.#count++;
    if (!this.powered || this.shownMs % PERIOD_MS !== 0) return;
    this.rows.push({
      stampMs: this.shownMs,
      value: this.#count,
      status: this.#adjusted ? ADJUSTED : 0,
      again: this.shownMs < this.#settledMs,
    });
    this.#adjusted = false;
  }

  setClock(driftMs: number): void {
    this.#adjusted ||= driftMs !== this.driftMs;
    this.driftMs = driftMs;
  }

  /**
   * It is about to be read. What its own clock and the right one have both left behind by a period is settled then, and
   * nothing later.
   */
  looked(): void {
    this.#settledMs = Math.max(this.#settledMs, Math.min(this.shownMs, this.nowMs) - PERIOD_MS);
  }

  stamp(utcMs: number): Uint8Array {
    const summer = utcMs < WINTER_MS;
    const time = fromUtcMs(utcMs, summer ? -180 : -120, summer ? 0x80 : 0);
    const { deviationMinutes: _, ...local } = time;
    return encodeDateTime(this.bare ? local : time);
  }

  reader(): ProfileReader {
    const objects = [
      [8, '0.0.1.0.0.255'],
      [1, '0.0.96.10.1.255'],
      [3, '1.0.1.8.0.255'],
    ] as const;
    const attributes: Readonly<Record<number, DlmsData>> = {
      3: array(objects.map(([classId, obis]) => structure(u16(classId), logicalName(obis), i8(2), u16(0)))),
      4: u32(PERIOD_MS / 1000),
    };
    return new ProfileReader({
      clockObis: '0.0.1.0.0.255',
      now: () => this.nowMs,
      clock: async () => ({
        readAtMs: this.nowMs,
        meterMs: this.shownMs,
        driftMs: this.driftMs,
        roundTripMs: 0,
        deviationMinutes: this.shownMs < WINTER_MS ? -180 : -120,
        status: 0,
        summer: this.shownMs < WINTER_MS,
      }),
      get: async (_, selection) => ({ ok: true, data: encodeData(this.#buffer(selection)) }),
      getMany: async (wanted: readonly CosemAttribute[]) =>
        wanted.map(({ classId, attribute }) => ({
          ok: true,
          data: encodeData(
            classId === 3 ? structure(i8(0), enumeration(30)) : (attributes[attribute] ?? u8(0)),
          ),
        })),
    });
  }

  #buffer(selection: AccessSelection): DlmsData {
    if (selection.by !== 'range') throw new TypeError('a range is asked for');
    const [fromMs, toMs] = [selection.from, selection.to].map((value) =>
      value.type === 'octet-string' ? toUtcMs(decodeDateTime(value.value)) : undefined,
    );
    const rows = this.rows.filter(({ stampMs }) => stampMs >= (fromMs ?? 0) && stampMs <= (toMs ?? 0));
    return array(
      rows.map(({ stampMs, value, status }) =>
        structure(octetString(this.stamp(stampMs)), u8(status), u32(value)),
      ),
    );
  }
}

async function collect(meter: LivingMeter, store: MemoryStore, marked: Set<number>): Promise<void> {
  const item = { intervalS: 0, maxRecallS: 2 * 86_400 } as Parameters<typeof planRead>[0]['item'];
  const coverage = await store.coverage(1, 'energy');
  const plan = planRead({
    nowMs: meter.nowMs,
    item,
    coverage,
    lastSuccessMs: undefined,
    chunkMs: 86_400_000,
  });
  meter.looked();
  for (const chunk of 'ranges' in plan ? plan.ranges : []) {
    for await (const { rows, covered } of meter
      .reader()
      .read('1.0.99.1.0.255', chunk, true, async () => undefined)) {
      await store.appendProfile(1, 'energy', rows, covered);
      for (const [row, marks] of rowMarks(rows))
        if (marks.includes('clock-changed')) marked.add(rows.times[row] ?? 0);
    }
  }
}

interface Step {
  readonly do: 'live' | 'read' | 'power' | 'clock';
  readonly minutes: number;
}

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('live' as const), minutes: fc.integer({ min: 1, max: 200 }) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('read' as const), minutes: fc.constant(0) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('power' as const), minutes: fc.constant(0) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('clock' as const), minutes: fc.integer({ min: -130, max: 130 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clock' as const), minutes: fc.constant(0) }) },
);

/** Its clock is set from 20:14 to 20:31, read, and set back to 20:14: it comes to 20:15 for the first time. */
const SET_ACROSS: Step[] = [
  { do: 'power', minutes: 0 },
  { do: 'clock', minutes: -17 },
  { do: 'power', minutes: 0 },
  { do: 'live', minutes: 31 },
  { do: 'clock', minutes: 0 },
  { do: 'read', minutes: 0 },
  { do: 'clock', minutes: -17 },
  { do: 'live', minutes: 1 },
  { do: 'live', minutes: 1 },
  { do: 'read', minutes: 0 },
  { do: 'read', minutes: 0 },
];
/** The same, and nobody looks in between: the row of 20:15 is nowhere settled. */
const SET_ACROSS_UNSEEN = SET_ACROSS.filter((_, index) => index !== 5);

test('whatever happens to a meter and its clock, no row is booked at another time than its own, and none is lost', async () => {
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.array(step, { minLength: 4, maxLength: 30 }), async (bare, steps) => {
      const meter = new LivingMeter(bare);
      const store = new MemoryStore();
      const marked = new Set<number>();
      for (const { do: what, minutes } of steps) {
        if (what === 'live') for (let minute = 0; minute < minutes; minute++) meter.minute();
        else if (what === 'power') meter.powered = !meter.powered;
        else if (what === 'clock') meter.setClock(minutes * MINUTE_MS);
        else await collect(meter, store, marked);
      }
      // In the end its clock is right, and has been for long enough.
      meter.setClock(0);
      for (let minute = 0; minute < 180; minute++) meter.minute();
      await collect(meter, store, marked);

      const stored = store.rows.get('1:energy') ?? new Map<number, string>();
      const text = ({ status, value }: Row): string => JSON.stringify([String(status), String(value)]);
      const byStamp = Map.groupBy(meter.rows, ({ stampMs }) => stampMs);
      for (const [time, row] of stored) {
        expect((byStamp.get(time) ?? []).map(text)).toContain(row);
        expect(time).toBeLessThanOrEqual(meter.nowMs);
      }
      for (const [stampMs, rows] of byStamp) {
        const [only] = rows;
        if (rows.length > 1 || only === undefined || only.again || stampMs >= meter.nowMs) continue;
        expect(stored.get(stampMs)).toBe(text(only));
        if (only.status === ADJUSTED) expect(marked.has(stampMs)).toBe(true);
      }
      // An hour without rows stays one.
      for (let at = START; at < meter.nowMs; at += HOUR_MS) {
        const within = (time: number): boolean => time >= at && time < at + HOUR_MS;
        if (![...byStamp.keys()].some(within)) expect([...stored.keys()].filter(within)).toEqual([]);
      }
    }),
    {
      numRuns: 150,
      examples: [
        [false, SET_ACROSS],
        [true, SET_ACROSS],
        [false, SET_ACROSS_UNSEEN],
      ],
    },
  );
});
