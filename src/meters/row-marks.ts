import type { ProfileRows } from '../base/model.ts';

/** What a meter says of a row beside its values. */
export const ROW_MARKS = [
  'clock-changed',
  'clock-invalid',
  'clock-doubtful',
  'power-failed',
  'invalid',
] as const;
export type RowMark = (typeof ROW_MARKS)[number];

/** Bits of the AMR profile status (IDIS Package 2; class 1, 0.x.96.10.n.255). */
const PROFILE_STATUS: readonly (readonly [bit: number, mark: RowMark])[] = [
  [0x20, 'clock-changed'],
  [0x02, 'clock-invalid'],
  [0x80, 'power-failed'],
  [0x04, 'invalid'],
  [0x01, 'invalid'],
];
/** Bits of the status of a date-time (Blue Book, 4.1.6.1). */
const CLOCK_STATUS: readonly (readonly [bit: number, mark: RowMark])[] = [
  [0x01, 'clock-invalid'],
  [0x02, 'clock-doubtful'],
];
const CLOCK_UNSPECIFIED = 0xff;

/** The marks of each row that has some, by its index. */
export function rowMarks(
  rows: Pick<ProfileRows, 'columns' | 'values' | 'clockStatus' | 'times'>,
): ReadonlyMap<number, readonly RowMark[]> {
  const at = rows.columns.findIndex(
    ({ classId, obis }) => classId === 1 && /^0\.\d+\.96\.10\.\d+\.255$/.test(obis),
  );
  const status = at < 0 ? undefined : rows.values[at];
  const marked = new Map<number, readonly RowMark[]>();
  for (let row = 0; row < rows.times.length; row++) {
    const clock = rows.clockStatus[row] ?? CLOCK_UNSPECIFIED;
    const word = status?.kind === 'number' ? (status.values[row] ?? Number.NaN) : Number.NaN;
    const marks = new Set<RowMark>();
    if (!Number.isNaN(word))
      for (const [bit, mark] of PROFILE_STATUS) if ((word & bit) !== 0) marks.add(mark);
    if (clock !== CLOCK_UNSPECIFIED)
      for (const [bit, mark] of CLOCK_STATUS) if ((clock & bit) !== 0) marks.add(mark);
    if (marks.size > 0) marked.set(row, [...marks]);
  }
  return marked;
}
