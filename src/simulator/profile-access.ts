import type { AccessSelection, CosemAttribute } from '../dlms/client.ts';
import type { CosemResponse } from '../dlms/server.ts';
import { dateTimeBytes, instantOf } from './clock-control.ts';
import type { SimulatedProfile } from './meter-objects.ts';
import type { MeteringPoint } from './metering-point.ts';
import { encodeRows, type RowIndex, rowsInRange } from './row-encoding.ts';

const CLOCK_OBIS = '0.0.1.0.0.255';

/** Answers a GET of a profile's buffer, whole or selected (Blue Book, class 7, selective access). */
export function readBuffer(
  point: MeteringPoint,
  profile: SimulatedProfile,
  rows: RowIndex,
  selection: AccessSelection | undefined,
): CosemResponse {
  if (selection === undefined) return { result: 'success', data: encodeRows(rows, 0, rows.count) };
  return selection.by === 'entry'
    ? byEntry(profile, rows, selection)
    : byRange(point, profile, rows, selection);
}

type ByEntry = Extract<AccessSelection, { by: 'entry' }>;
type ByRange = Extract<AccessSelection, { by: 'range' }>;

/** Entries and columns count from 1, 0 as the end means the last; what lies beyond the end is left out. */
function byEntry(profile: SimulatedProfile, rows: RowIndex, selection: ByEntry): CosemResponse {
  const { fromEntry, toEntry, fromColumn = 1, toColumn = 0 } = selection;
  const to = toEntry === 0 ? rows.count : Math.min(toEntry, rows.count);
  const from = Math.min(Math.max(fromEntry, 1) - 1, to);
  const lastColumn = toColumn === 0 ? profile.columns.length : Math.min(toColumn, profile.columns.length);
  const firstColumn = Math.max(fromColumn, 1);
  if (firstColumn > lastColumn) return { result: 'scope-of-access-violated' };
  const columns = Array.from({ length: lastColumn - firstColumn + 1 }, (_, i) => firstColumn - 1 + i);
  return { result: 'success', data: encodeRows(rows, from, to, columns) };
}

/** A bound that names no instant, like one with an unspecified year, is no bound. */
function byRange(
  point: MeteringPoint,
  profile: SimulatedProfile,
  rows: RowIndex,
  selection: ByRange,
): CosemResponse {
  const { restricting } = selection;
  if (restricting.classId !== 8 || restricting.obis !== CLOCK_OBIS || restricting.attribute !== 2) {
    return { result: 'scope-of-access-violated' };
  }
  const fromBytes = dateTimeBytes(selection.from);
  const toBytes = dateTimeBytes(selection.to);
  if (fromBytes === undefined || toBytes === undefined) return { result: 'type-unmatched' };
  const wanted = selection.columns ?? [];
  const columns = wanted.map((column) => columnIndex(profile.columns, column));
  if (columns.includes(-1)) return { result: 'object-undefined' };
  const fromMs = instantOf(point, fromBytes) ?? Number.NEGATIVE_INFINITY;
  const toMs = instantOf(point, toBytes) ?? Number.POSITIVE_INFINITY;
  const { from, to } = rowsInRange(rows, fromMs, toMs);
  return {
    result: 'success',
    data: encodeRows(rows, from, to, columns.length === 0 ? undefined : columns),
  };
}

function columnIndex(columns: readonly CosemAttribute[], wanted: CosemAttribute): number {
  return columns.findIndex(
    ({ classId, obis, attribute }) =>
      classId === wanted.classId && obis === wanted.obis && attribute === wanted.attribute,
  );
}
