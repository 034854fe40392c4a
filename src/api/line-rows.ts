import type { LineAccount, LineUse, MeterUse } from '../meters/line-job.ts';

/** A line that meters share, or all lines of a channel whose meters have one each. */
export interface LineRow extends Pick<LineAccount, 'line' | 'shared' | 'state' | 'ageMs'> {
  readonly lines: number;
  readonly meters: number;
  /** Meters that are only probed for now. */
  readonly givenUp: number;
  readonly use: LineUse;
}

/** One meter on one line. */
export interface LineMeterRow extends MeterUse {
  readonly line: string;
  readonly ageMs: number;
  readonly meterId: number;
}

const COUNTS = [
  'frames',
  'bytes',
  'bitMs',
  'busyMs',
  'badFcs',
  'rejectedHeaders',
  'retransmissions',
  'timeouts',
  'ignoredFrames',
  'failures',
] as const satisfies readonly (keyof LineUse)[];
const STATES = ['idle', 'waiting', 'busy'] as const satisfies readonly LineAccount['state'][];

/** What meters of a line can be sorted by. */
export type LineMeterOrder = 'meterNo' | 'line' | 'breaker' | 'answersMs' | (typeof COUNTS)[number];

/** A row for each shared line and each channel of single meters, in the order in which they came into use. */
export function lineRows(accounts: readonly LineAccount[]): LineRow[] {
  const rows = new Map<string, LineRow>();
  for (const account of accounts) {
    const { channel: line, shared, state, ageMs, use, meters } = account;
    let givenUp = 0;
    for (const { breaker } of meters.values()) if (breaker !== 'closed') givenUp++;
    const before = rows.get(line);
    if (before === undefined) {
      rows.set(line, { line, shared, state, ageMs, lines: 1, meters: meters.size, givenUp, use: { ...use } });
      continue;
    }
    for (const count of COUNTS) before.use[count] += use[count];
    if ((use.lastError?.time ?? 0) > (before.use.lastError?.time ?? 0)) before.use.lastError = use.lastError;
    rows.set(line, {
      ...before,
      state: STATES.indexOf(state) > STATES.indexOf(before.state) ? state : before.state,
      ageMs: Math.max(before.ageMs, ageMs),
      lines: before.lines + 1,
      meters: before.meters + meters.size,
      givenUp: before.givenUp + givenUp,
    });
  }
  return [...rows.values()];
}

/** The meters of a row; those that are alike stand by MeterNo. Undefined when there is no such row. */
export function lineMeters(
  accounts: readonly LineAccount[],
  name: string,
  by: LineMeterOrder,
  descending: boolean,
): LineMeterRow[] | undefined {
  const own = accounts.filter(({ channel }) => channel === name);
  if (own.length === 0) return undefined;
  const rows = own.flatMap(({ line, ageMs, meters }) =>
    Array.from(meters, ([meterId, use]) => ({ line, ageMs, meterId, ...use })),
  );
  const sign = descending ? -1 : 1;
  const order = (a: LineMeterRow, b: LineMeterRow): number => compared(sortKeyOf(a, by), sortKeyOf(b, by));
  return rows.sort((a, b) => sign * order(a, b) || compared(a.meterNo, b.meterNo));
}

function compared(x: number | string, y: number | string): number {
  if (typeof x === 'number' && typeof y === 'number') return x - y;
  return x < y ? -1 : x > y ? 1 : 0;
}

/** Who has never answered comes before the fastest. */
const sortKeyOf = (row: LineMeterRow, by: LineMeterOrder): number | string =>
  by === 'answersMs' ? (row.link?.srttMs ?? -1) : row[by];
