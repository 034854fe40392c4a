import { ByteReader, ByteWriter } from '../base/bytes.ts';
import { DcuError, toDcuError } from '../base/errors.ts';
import type { Interval } from '../base/model.ts';
import { skipData } from '../dlms/axdr.ts';
import { readLength, writeLength } from '../dlms/axdr-length.ts';
import { DATA_TAGS } from '../dlms/axdr-types.ts';
import type { AccessSelection, CosemAttribute, GetResult } from '../dlms/client.ts';
import { decodeProfile } from '../kernels/index.ts';
import { decodeValue, granted, integerOf } from './attribute.ts';
import { type ProfileLayout, profileAttribute } from './layout.ts';
import { decodeFailure, hintsOf, placeRows, type RowClock } from './rows.ts';

/** What reading by entry needs of the session. */
export interface EntrySource {
  get(attribute: CosemAttribute, selection: AccessSelection): Promise<GetResult>;
  getMany(attributes: readonly CosemAttribute[]): Promise<readonly GetResult[]>;
}

/** Rows as one buffer, and what ended the transfer before its end. */
export interface EntryRows {
  readonly buffer: Uint8Array;
  readonly broken: DcuError | undefined;
}

const PAGE_ROWS = 96;
/** Rows that are asked for again, so that a row that was written meanwhile moves none out of sight. */
const OVERLAP = 2;
/** More rows than one chunk of a task can mean: a minute's profile of a fortnight. */
const MOST_ROWS = 20_000;
/** Sort methods of a profile generic (Blue Book, class 7). */
const FIFO = 1;
const LIFO = 2;

/**
 * Rows of a buffer with time in `asked`, for meters that select by entry only: the place of the first is found by
 * halving, then pages follow until one is past the end. Rows before and behind it may be among them. A buffer that is not
 * in the order of time is read whole.
 * @throws DcuError `not-granted`, `profile-changed` (rows moved while it was read), `unsupported` (too many rows)
 */
export async function readByEntry(
  source: EntrySource,
  layout: ProfileLayout,
  asked: Interval,
  clock: RowClock,
): Promise<EntryRows> {
  const inUseOf = profileAttribute(layout.obis, 7);
  const sortOf = profileAttribute(layout.obis, 5);
  const [inUse, sort] = await source.getMany([inUseOf, sortOf]);
  const rows = integerOf(inUseOf, decodeValue(granted(inUseOf, inUse)));
  const method = sort?.ok === true ? integerOf(sortOf, decodeValue(sort.data)) : FIFO;
  const entries = new Entries(source, layout, clock, rows);
  const pages = new Pages();
  try {
    const [first, isPast] = await range(entries, method, asked, rows);
    await follow(entries, pages, first, rows, isPast);
  } catch (thrown) {
    const error = toDcuError(thrown);
    if (pages.rows === 0) throw error;
    return { buffer: pages.buffer(), broken: error };
  }
  return { buffer: pages.buffer(), broken: undefined };
}

type IsPast = (time: number) => boolean;

/** The entry to begin with, and when a row is behind all that is wanted. */
async function range(
  entries: Entries,
  method: number,
  asked: Interval,
  rows: number,
): Promise<[first: number, isPast: IsPast]> {
  if (method === FIFO) {
    const isPast: IsPast = (time) => time >= asked.toMs;
    return [await firstEntry(entries, rows, (time) => time >= asked.fromMs), isPast];
  }
  if (method === LIFO) {
    const isPast: IsPast = (time) => time < asked.fromMs;
    return [await firstEntry(entries, rows, (time) => time < asked.toMs), isPast];
  }
  if (rows > MOST_ROWS) {
    throw new DcuError('unsupported', `${rows} rows without order, and no selection by time`);
  }
  return [1, () => false];
}

/** By halving: the first entry whose time is so; one behind the last where none is. */
async function firstEntry(entries: Entries, rows: number, isSo: IsPast): Promise<number> {
  let low = 1;
  let high = rows + 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    const { times } = await entries.page(middle, middle);
    const time = times[0];
    // A row without time says nothing: the search goes on below, where too many rows do no harm.
    if (time === undefined || Number.isNaN(time) || isSo(time)) high = middle;
    else low = middle + 1;
  }
  return low;
}

async function follow(
  entries: Entries,
  pages: Pages,
  first: number,
  rows: number,
  isPast: IsPast,
): Promise<void> {
  for (let from = first; from <= rows; ) {
    const to = Math.min(rows, from + PAGE_ROWS - 1);
    const page = await entries.page(from, to);
    pages.add(page, from > first);
    if (pages.rows > MOST_ROWS)
      throw new DcuError('unsupported', `more than ${MOST_ROWS} rows in one interval`);
    const last = page.times.at(-1);
    if (page.count === 0 || to === rows || (last !== undefined && isPast(last))) return;
    from = to + 1 - OVERLAP;
  }
}

interface EntryPage {
  readonly count: number;
  /** The rows without the array around them. */
  readonly body: Uint8Array;
  readonly times: readonly number[];
}

class Entries {
  readonly #source: EntrySource;
  readonly #layout: ProfileLayout;
  readonly #clock: RowClock;
  readonly #rows: number;

  constructor(source: EntrySource, layout: ProfileLayout, clock: RowClock, rows: number) {
    this.#source = source;
    this.#layout = layout;
    this.#clock = clock;
    this.#rows = rows;
  }

  /** @throws DcuError `not-granted`, what the decoder finds wrong */
  async page(fromEntry: number, toEntry: number): Promise<EntryPage> {
    const attribute = profileAttribute(this.#layout.obis, 2);
    const last = Math.min(toEntry, this.#rows);
    const result = await this.#source.get(attribute, { by: 'entry', fromEntry, toEntry: last });
    const buffer = granted(attribute, result);
    const decoded = decodeProfile(buffer, hintsOf(this.#layout));
    const failure = decodeFailure(this.#layout, decoded);
    if (failure !== undefined) throw failure;
    const { latestMs: _, ...clock } = this.#clock;
    const { rows } = placeRows(this.#layout, buffer, decoded, clock);
    const reader = new ByteReader(buffer, 1);
    const count = readLength(reader);
    return { count, body: buffer.slice(reader.offset, decoded.consumed), times: [...rows.times] };
  }
}

/** Pages that follow each other, with what they share once. */
class Pages {
  rows = 0;
  readonly #bodies: Uint8Array[] = [];
  #tail: readonly number[] = [];

  /** `overlapping`: begins with the last rows of the page before. */
  add({ count, body, times }: EntryPage, overlapping: boolean): void {
    const shared = overlapping ? this.#sharedRows(times) : 0;
    this.#bodies.push(shared === 0 ? body : body.subarray(endOfRows(body, shared)));
    this.rows += count - shared;
    this.#tail = [...this.#tail, ...times.slice(shared)].slice(-OVERLAP);
  }

  /** @throws DcuError `profile-changed` when this page does not begin where the last one ended */
  #sharedRows(times: readonly number[]): number {
    for (let shared = OVERLAP; shared > 0; shared--) {
      const tail = this.#tail.slice(-shared);
      if (tail.length === shared && tail.every((time, i) => times[i] === time)) return shared;
    }
    throw new DcuError('profile-changed', 'rows have moved while they were read by entry');
  }

  buffer(): Uint8Array {
    const length = this.#bodies.reduce((sum, body) => sum + body.length, 0);
    const writer = new ByteWriter(length + 8).u8(DATA_TAGS.array);
    writeLength(writer, this.rows);
    for (const body of this.#bodies) writer.put(body);
    return writer.done();
  }
}

function endOfRows(body: Uint8Array, rows: number): number {
  const reader = new ByteReader(body);
  for (let row = 0; row < rows; row++) skipData(reader);
  return reader.offset;
}
