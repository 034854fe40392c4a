import { type DcuError, toDcuError } from '../base/errors.ts';
import type { CaptureColumn, Interval } from '../base/model.ts';
import { attributeName } from '../dlms/attribute-name.ts';
import type { AccessSelection, CosemAttribute, GetResult } from '../dlms/client.ts';
import type { DlmsData } from '../dlms/data.ts';
import { encodeDateTime, fromUtcMs } from '../dlms/datetime.ts';
import { decodeValue, granted, refusal } from './attribute.ts';
import { bufferParts, type ProfileBatch } from './buffer-parts.ts';
import type { ClockReading } from './clock.ts';
import { type EntryRows, readByEntry } from './entry-reader.ts';
import {
  CLOCK_CLASS,
  clockIndexOf,
  columnsOf,
  type ProfileLayout,
  parseCaptureObjects,
  parseCapturePeriod,
  parseScalerUnit,
  profileAttribute,
  type ScalerUnit,
  scalerKey,
  scalersNeeded,
} from './layout.ts';
import { latestOf, type RowClock } from './rows.ts';

/** Entries of a log are taken as written so long after the event. */
const SETTLE_MS = 10_000;

/** Refusals by which a meter says that it does not select by range, and not that it keeps its rows to itself. */
const NO_RANGE: ReadonlySet<string> = new Set([
  'scope-of-access-violated',
  'type-unmatched',
  'object-class-inconsistent',
  'other-reason',
]);

type KnownColumns = () => Promise<readonly CaptureColumn[] | undefined>;

/** What reading a profile needs of the session. */
export interface ProfileSource {
  readonly clockObis: string;
  /** UTC ms of the concentrator. */
  now(): number;
  clock(): Promise<ClockReading>;
  get(
    attribute: CosemAttribute,
    selection: AccessSelection,
    onBlock?: (data: Uint8Array) => void,
  ): Promise<GetResult>;
  getMany(attributes: readonly CosemAttribute[]): Promise<readonly GetResult[]>;
  /** The meter is known to select by entry only. */
  readonly noRangeAccess?: boolean;
  /** Scaler and unit of what the meter does not state, by `class:obis`. */
  readonly scalers?: Readonly<Record<string, ScalerUnit>>;
}

/** Reads buffers of profile generic objects (class 7): layout, range, rows. Lives as long as its session. */
export class ProfileReader {
  readonly #source: ProfileSource;
  readonly #layouts = new Map<string, Promise<ProfileLayout>>();
  /** Buffers that select by entry only. */
  readonly #byEntry = new Set<string>();

  constructor(source: ProfileSource) {
    this.#source = source;
  }

  /**
   * Rows with time in the interval, and the range that they complete. What came before a transfer broke is handed out
   * before it throws. `alone`: no two rows share a second. `known`: columns of earlier sessions, whose scalers are not
   * read again.
   */
  async *read(
    obis: string,
    interval: Interval,
    alone: boolean,
    known: KnownColumns,
  ): AsyncGenerator<ProfileBatch> {
    const layout = await this.#layout(obis, known);
    const reading = await this.#source.clock();
    const meterNowMs = this.#source.now() + reading.driftMs;
    const toMs = Math.min(interval.toMs, Math.floor(meterNowMs / 1000) * 1000 + 1000);
    if (toMs <= interval.fromMs) return;
    const asked = { fromMs: interval.fromMs, toMs };
    const meterClock = {
      deviationMinutes: reading.deviationMinutes,
      latestMs: latestOf(this.#source.now()),
      ...(reading.summer === undefined ? {} : { summer: reading.summer }),
    };
    const { buffer, broken } =
      this.#source.noRangeAccess === true || this.#byEntry.has(obis)
        ? await readByEntry(this.#source, layout, asked, meterClock)
        : await this.#readRange(layout, asked, meterClock);
    const periodMs = layout.capturePeriodS * 1000;
    // What a clock that is ahead writes when it has been set back bears times from now on: they are not settled yet.
    const settledMs = Math.min(meterNowMs, this.#source.now());
    const failure = yield* bufferParts(buffer, {
      layout,
      asked,
      meterClock,
      writtenMs: settledMs - (periodMs > 0 ? periodMs : SETTLE_MS),
      alone,
      broken,
    });
    if (failure !== undefined) throw failure;
  }

  /** By range; by entry where the meter turns out not to know ranges. */
  async #readRange(layout: ProfileLayout, asked: Interval, clock: RowClock): Promise<EntryRows> {
    const attribute = profileAttribute(layout.obis, 2);
    const blocks: Uint8Array[] = [];
    try {
      const selection = rangeSelection(this.#source.clockObis, asked, clock.deviationMinutes);
      const result = await this.#source.get(attribute, selection, (block) => blocks.push(block));
      // Who has handed out rows by range does know ranges, whatever it says afterwards.
      if (result.ok || blocks.length > 0 || !NO_RANGE.has(result.result)) {
        return { buffer: granted(attribute, result), broken: undefined };
      }
      return await this.#entriesInstead(
        layout,
        asked,
        clock,
        refusal(attributeName(attribute), result.result),
      );
    } catch (thrown) {
      const broken = toDcuError(thrown);
      if (blocks.length === 0) throw broken;
      return { buffer: Buffer.concat(blocks), broken };
    }
  }

  /** @throws what the meter said of the range, where it does not give entries either */
  async #entriesInstead(
    layout: ProfileLayout,
    asked: Interval,
    clock: RowClock,
    refused: DcuError,
  ): Promise<EntryRows> {
    try {
      const rows = await readByEntry(this.#source, layout, asked, clock);
      this.#byEntry.add(layout.obis);
      return rows;
    } catch (thrown) {
      throw toDcuError(thrown).code === 'not-granted' ? refused : thrown;
    }
  }

  /** Capture objects are read once a session, so that a changed layout is noticed; scalers only when they are new. */
  #layout(obis: string, known: KnownColumns): Promise<ProfileLayout> {
    const reading = this.#layouts.get(obis) ?? this.#readLayout(obis, known);
    this.#layouts.set(obis, reading);
    reading.catch(() => this.#layouts.delete(obis));
    return reading;
  }

  async #readLayout(obis: string, known: KnownColumns): Promise<ProfileLayout> {
    const captures = profileAttribute(obis, 3);
    const [objectsResult, periodResult] = await this.#source.getMany([captures, profileAttribute(obis, 4)]);
    const objects = parseCaptureObjects(obis, decodeValue(granted(captures, objectsResult)));
    const clockIndex = clockIndexOf(obis, objects);
    const capturePeriodS = parseCapturePeriod(obis, periodResult ?? { ok: false, result: 'no answer' });
    const scalers = new Map<string, ScalerUnit>();
    for (const column of (await known()) ?? []) {
      if (column.scaler === null || column.unit === null) continue;
      scalers.set(scalerKey(column), { scaler: column.scaler, unit: column.unit });
    }
    const missing = scalersNeeded(objects).filter((attribute) => !scalers.has(scalerKey({ ...attribute })));
    const results = await this.#source.getMany(missing);
    for (const [index, attribute] of missing.entries()) {
      const result = results[index];
      const stated = result === undefined ? undefined : parseScalerUnit(attribute, result);
      const parsed = stated ?? this.#source.scalers?.[scalerKey(attribute)];
      if (parsed !== undefined) scalers.set(scalerKey(attribute), parsed);
    }
    return { obis, objects, clockIndex, columns: columnsOf(objects, clockIndex, scalers), capturePeriodS };
  }
}

/** From the first to the last hundredth of a second of the interval, in the meter's own deviation. */
function rangeSelection(clockObis: string, interval: Interval, deviationMinutes: number): AccessSelection {
  const stamp = (utcMs: number): DlmsData => {
    const { weekday: _, ...time } = fromUtcMs(utcMs, deviationMinutes);
    return { type: 'octet-string', value: encodeDateTime(time) };
  };
  return {
    by: 'range',
    restricting: { classId: CLOCK_CLASS, obis: clockObis, attribute: 2 },
    from: stamp(interval.fromMs),
    to: stamp(interval.toMs - 10),
  };
}
