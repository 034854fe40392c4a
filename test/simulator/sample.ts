import { readProfileBuffer } from '../../src/dlms/cosem/profile-buffer.ts';
import { MeteringPoint, type MeteringPointPlan } from '../../src/simulator/metering-point.ts';
import { CENTRAL_EUROPE } from '../../src/simulator/plan.ts';
import { type RowIndex, rowSource } from '../../src/simulator/row-encoding.ts';

/** 20 November 2026, 09:07 UTC. */
export const START_MS = Date.UTC(2026, 10, 20, 9, 7);

/** A metering point like those of a planned neighbourhood. */
export function samplePoint(change: Partial<MeteringPointPlan> = {}): MeteringPoint {
  return new MeteringPoint({
    seed: 1,
    meterIndex: 0,
    kind: 'household',
    phases: 3,
    feeder: 0,
    zone: { utcOffsetMinutes: 60, daylightSaving: true },
    startMs: START_MS,
    liveOutages: false,
    ...change,
  });
}

/** A-XDR bytes of rows `from`..`to` (0-based, `to` excluded), as a profile object hands them out. */
export function encodeRows(rows: RowIndex, from: number, to: number): Uint8Array {
  const columns = rows.cells.map((_, i) => ({
    classId: 1,
    obis: `0.0.0.0.${i}.255`,
    attribute: 2,
    dataIndex: 0,
  }));
  const source = rowSource(columns, CENTRAL_EUROPE, () => rows);
  // An entry descriptor has no way to say "none".
  if (to <= from) return Uint8Array.of(1, 0);
  const { data } = readProfileBuffer(source, { by: 'entry', fromEntry: from + 1, toEntry: to });
  if (data === undefined) throw new Error('no rows');
  return data;
}

/** First and last+1 row whose stamp lies in [fromMs, toMs]. */
export function rowsInRange(rows: RowIndex, fromMs: number, toMs: number): { from: number; to: number } {
  const found = [...rows.stamps].flatMap((stamp, i) => (stamp >= fromMs && stamp <= toMs ? [i] : []));
  return { from: found[0] ?? 0, to: (found.at(-1) ?? -1) + 1 };
}
