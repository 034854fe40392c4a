import { ByteReader, ByteWriter } from '../base/bytes.ts';
import { type DcuError, toDcuError } from '../base/errors.ts';
import type { Interval, ProfileRows } from '../base/model.ts';
import { skipData } from '../dlms/axdr.ts';
import { writeLength } from '../dlms/axdr-length.ts';
import { DATA_TAGS } from '../dlms/axdr-types.ts';
import { decodeProfile } from '../kernels/index.ts';
import type { DecodedProfile } from '../kernels/types.ts';
import type { ProfileLayout } from './layout.ts';
import {
  coveredBy,
  decodeFailure,
  hintsOf,
  orderOf,
  type PlacedRows,
  placeRows,
  type RowClock,
} from './rows.ts';

export interface ProfileBatch {
  readonly rows: ProfileRows;
  /** What these rows complete; undefined = nothing can be said. */
  readonly covered: Interval | undefined;
  /** Rows that had no time, or one that has not been, and were dropped. */
  readonly dropped: number;
}

export interface BufferFacts {
  readonly layout: ProfileLayout;
  readonly asked: Interval;
  readonly meterClock: RowClock;
  /** Until then the meter has written all it ever will, UTC ms. */
  readonly writtenMs: number;
  /** No two rows share a second. */
  readonly alone: boolean;
  /** What ended the transfer before its end. */
  readonly broken: DcuError | undefined;
}

/** Bad rows after which the rest is left for another time. */
const MOST_GAPS = 8;

/**
 * The rows of a profile buffer, in one batch, or in several where a row in between holds a value of another type than
 * its class says: what is on both sides of it is good, and it alone stays uncovered. Returns the first thing that was
 * wrong, undefined for a good buffer.
 * @throws DcuError `type-mismatch` when not one row can be used
 */
export function* bufferParts(
  buffer: Uint8Array,
  { layout, asked, meterClock, writtenMs, alone, broken }: BufferFacts,
): Generator<ProfileBatch, DcuError | undefined> {
  let first: DcuError | undefined;
  let rest = buffer;
  let before: number | undefined;
  for (let gaps = 0; ; gaps++) {
    const decoded = decodeProfile(rest, hintsOf(layout));
    let failure = broken ?? decodeFailure(layout, decoded);
    let skipped = 1;
    let placed: PlacedRows | undefined;
    try {
      placed = placeRows(layout, rest, decoded, meterClock);
    } catch (thrown) {
      const error = toDcuError(thrown);
      if (error.code !== 'type-mismatch' || broken !== undefined || decoded.status !== 'type-conflict')
        throw error;
      // The rows in front are the odd ones.
      failure = error;
      skipped = 0;
    }
    first ??= failure;
    if (placed !== undefined && (failure === undefined || placed.rows.times.length > 0)) {
      const { rows, dropped } = placed;
      const part = gaps === 0 ? asked : behindGap(asked, before, rows.times);
      const finished = failure === undefined;
      const covered = part && coveredBy(part, rows.times, { writtenMs, alone, finished });
      yield { rows, covered, dropped };
      before = rows.times.at(-1) ?? before;
    }
    if (failure === undefined || broken !== undefined || gaps === MOST_GAPS) return first;
    const behind = behindRows(rest, decoded, skipped);
    if (behind === undefined) return first;
    rest = behind;
  }
}

/** The rows behind those that were decoded and `skipped` more, as a buffer of their own; undefined when there are none. */
function behindRows(buffer: Uint8Array, decoded: DecodedProfile, skipped: number): Uint8Array | undefined {
  const left = decoded.announcedRows - decoded.rows - skipped;
  if (decoded.status !== 'type-conflict' || left <= 0) return undefined;
  const reader = new ByteReader(buffer, decoded.consumed);
  try {
    for (let row = 0; row < skipped; row++) skipData(reader);
  } catch {
    // A row whose end cannot be found has nothing behind it.
    return undefined;
  }
  const rest = buffer.subarray(reader.offset);
  const writer = new ByteWriter(rest.length + 8).u8(DATA_TAGS.array);
  writeLength(writer, left);
  return writer.put(rest).done();
}

/** What of `asked` rows behind a gap can settle: the side of their first row on which they go on. */
function behindGap(asked: Interval, before: number | undefined, times: Float64Array): Interval | undefined {
  const [first] = times;
  if (first === undefined) return undefined;
  const second = Math.floor(first / 1000) * 1000;
  const order = before === undefined ? orderOf(times) : first > before ? 'ascending' : 'descending';
  if (order === undefined) return undefined;
  return order === 'ascending'
    ? { ...asked, fromMs: Math.max(asked.fromMs, second) }
    : { ...asked, toMs: Math.min(asked.toMs, second + 1000) };
}
