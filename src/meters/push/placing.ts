import { DcuError } from '../../base/errors.ts';
import type { EventLog, MeterEvent, ProfileKind, ProfileRows, RegisterReading } from '../../base/model.ts';
import { decodeDataNotification, decodeEventNotification } from '../../dlms/apdu/notification.ts';
import { TAG } from '../../dlms/apdu/tags.ts';
import { decodeData, encodeData } from '../../dlms/axdr.ts';
import type { DlmsData } from '../../dlms/data.ts';
import { type CosemDateTime, decodeDateTime, toUtcMs } from '../../dlms/datetime.ts';
import {
  type DataNode,
  dataNode,
  type PushedValue,
  pushedValues,
  readDataNode,
} from '../../dlms/decode/index.ts';
import { decodeProfile } from '../../kernels/index.ts';
import type { ProfileLayout } from '../layout.ts';
import { decodeFailure, hintsOf, latestOf, placeRows, type RowClock, toEvents } from '../rows.ts';
import { logOfCode, type PushedRowsOf } from './layouts.ts';

/** What a notification holds for the store. */
export interface Placed {
  readonly profiles: readonly { readonly kind: ProfileKind; readonly rows: ProfileRows }[];
  readonly events: readonly { readonly log: EventLog; readonly events: readonly MeterEvent[] }[];
  readonly registers: readonly RegisterReading[];
  /** Values that have no place: lists of unknown layout, names without a meaning here. */
  readonly unplaced: number;
}

export interface PlacingFacts {
  readonly meterId: number;
  readonly layouts: readonly PushedRowsOf[];
  /** Scaler and unit of what was read before, for values that come without. */
  readonly known: readonly RegisterReading[];
  /** UTC ms; the time of values that state none, and of those that state one which has not been. */
  readonly receivedAtMs: number;
}

const NOTHING: Placed = { profiles: [], events: [], registers: [], unplaced: 0 };
const PROFILE_CLASS = 7;
const CLOCK_CLASS = 8;
const NO_STATUS = 0xff;
const MINUTE_MS = 60_000;

/**
 * What an opened notification says, in the store's words. Throws what its decoding throws, `type-mismatch` for a
 * buffer whose rows are not what its layout says.
 */
export function placeNotification(plaintext: Uint8Array, facts: PlacingFacts): Placed {
  switch (plaintext[0]) {
    case TAG.dataNotification:
      return placeData(plaintext, facts);
    case TAG.eventNotification:
      return placeEvent(plaintext, facts);
    default:
      // Short names mean nothing without the list of the meter.
      return { ...NOTHING, unplaced: 1 };
  }
}

function placeData(plaintext: Uint8Array, facts: PlacingFacts): Placed {
  const { dateTime, body } = decodeDataNotification(plaintext);
  const stamp = dateTime?.length === 12 ? decodeDateTime(dateTime) : undefined;
  const clock = { deviationMinutes: stamp?.deviationMinutes ?? 0, latestMs: latestOf(facts.receivedAtMs) };
  const bare = placeBuffer(body, facts.layouts, clock);
  if (bare !== undefined) return bare;
  const node = readDataNode(body);
  const values = pushedValues(node);
  const row = placeRow(values, body, facts.layouts, clock);
  const stated = timeOf(values, stamp) ?? facts.receivedAtMs;
  const time = stated <= clock.latestMs ? stated : facts.receivedAtMs;
  const nothingNamed = values.length === 0 && 'elements' in node && node.elements.length > 0;
  let placed = row ?? { ...NOTHING, unplaced: nothingNamed ? 1 : 0 };
  for (const value of values) placed = both(placed, placeValue(value, body, facts, clock, time));
  return placed;
}

/** Of the clock among the values, else of the notification; undefined where neither names an instant. */
function timeOf(values: readonly PushedValue[], stamp: CosemDateTime | undefined): number | undefined {
  const clock = values.find(({ classId, attribute }) => classId === CLOCK_CLASS && attribute === 2)?.value;
  const own = clock?.type === 'octet-string' && clock.value.length === 24 ? clock.value : undefined;
  const read = own === undefined ? undefined : toUtcMs(decodeDateTime(Uint8Array.fromHex(own)));
  return read ?? (stamp === undefined ? undefined : toUtcMs(stamp));
}

function placeValue(
  value: PushedValue,
  body: Uint8Array,
  facts: PlacingFacts,
  clock: RowClock,
  time: number,
): Placed {
  if (value.classId === PROFILE_CLASS && value.attribute === 2) {
    const layouts = facts.layouts.filter(({ layout }) => layout.obis === value.obis);
    const buffer = bufferAt(body, value);
    const placed = buffer === undefined ? undefined : placeBuffer(buffer, layouts, clock);
    return placed ?? { ...NOTHING, unplaced: 1 };
  }
  const text = scalarText(value.value);
  // Setups and scalers of what stands beside them are no readings.
  if (text === undefined) return NOTHING;
  return { ...NOTHING, registers: [readingOf(value, text, facts, time)] };
}

function readingOf(value: PushedValue, text: string, facts: PlacingFacts, time: number): RegisterReading {
  const { obis, scale } = value;
  const named = facts.known.find(
    (known) => known.obis === obis && known.classId === (value.classId ?? known.classId),
  );
  const classId = value.classId ?? named?.classId ?? (scale === undefined ? 1 : 3);
  const attribute = value.attribute ?? named?.attribute ?? 2;
  const before = named?.attribute === attribute ? named : undefined;
  return {
    meterId: facts.meterId,
    classId,
    obis,
    attribute,
    time,
    type: value.value.type,
    value: text,
    scaler: scale?.scaler ?? before?.scaler ?? null,
    unit: scale?.unit ?? before?.unit ?? null,
  };
}

/** Decimal text, hexadecimal for octets; undefined for lists and what is empty. */
function scalarText(node: DataNode): string | undefined {
  if ('elements' in node || node.type === 'null-data' || node.type === 'attribute-descriptor')
    return undefined;
  return String(node.value);
}

/** The buffer's own bytes: the body holds it as the element that stands for the value. */
function bufferAt(body: Uint8Array, { at }: PushedValue): Uint8Array | undefined {
  const data = decodeData(body);
  const element = at === undefined || !('elements' in data) ? undefined : data.elements[at];
  if (element?.type !== 'array' && element?.type !== 'compact-array') return undefined;
  const rows: DlmsData = { type: 'array', elements: element.elements };
  return encodeData(rows);
}

/** Rows by the one layout that they fit; undefined when none or several do. */
function placeBuffer(
  buffer: Uint8Array,
  layouts: readonly PushedRowsOf[],
  clock: RowClock,
): Placed | undefined {
  const fitting = layouts.flatMap((of): Placed[] => {
    const decoded = decodeProfile(buffer, hintsOf(of.layout));
    // An empty buffer fits anything and tells nothing.
    if (decodeFailure(of.layout, decoded) !== undefined || decoded.rows === 0) return [];
    try {
      return [inKind(of, placeRows(of.layout, buffer, decoded, clock).rows)];
    } catch (error) {
      // A number where that layout has none: another one may fit.
      if (error instanceof DcuError && error.code === 'type-mismatch') return [];
      throw error;
    }
  });
  const [only] = fitting;
  return fitting.length === 1 ? only : undefined;
}

export function inKind(of: PushedRowsOf, rows: ProfileRows): Placed {
  if ('kind' in of) return { ...NOTHING, profiles: [{ kind: of.kind, rows }] };
  return { ...NOTHING, events: [{ log: of.log, events: toEvents(rows, of.impliedCode) }] };
}

/** Clock and values that are exactly the columns of one profile, captured at a whole minute: a row of it. */
function placeRow(
  values: readonly PushedValue[],
  body: Uint8Array,
  layouts: readonly PushedRowsOf[],
  clock: RowClock,
): Placed | undefined {
  const cells = values.filter(({ value }) => !('elements' in value));
  const of = layouts.find(
    (one) =>
      'kind' in one &&
      one.layout.objects.length === cells.length &&
      one.layout.objects.every((object) => cells.some((cell) => isOf(cell, object))),
  );
  if (of === undefined) return undefined;
  const data = decodeData(body);
  const elements = of.layout.objects.flatMap((object): DlmsData[] => {
    const at = cells.find((cell) => isOf(cell, object))?.at;
    const element = at === undefined || !('elements' in data) ? undefined : data.elements[at];
    return element === undefined ? [] : [element];
  });
  if (elements.length !== of.layout.objects.length) return undefined;
  const rows: DlmsData = { type: 'array', elements: [{ type: 'structure', elements }] };
  const placed = placeBuffer(encodeData(rows), [of], clock);
  const [time = Number.NaN] = placed?.profiles[0]?.rows.times ?? [];
  return time % MINUTE_MS === 0 ? placed : undefined;
}

const isOf = (value: PushedValue, object: ProfileLayout['objects'][number]): boolean =>
  value.classId === object.classId && value.obis === object.obis && value.attribute === object.attribute;

function placeEvent(plaintext: Uint8Array, facts: PlacingFacts): Placed {
  const { time, attribute, value } = decodeEventNotification(plaintext);
  const stamp = time?.length === 12 ? decodeDateTime(time) : undefined;
  const atMs = (stamp && toUtcMs(stamp)) ?? facts.receivedAtMs;
  if (atMs > latestOf(facts.receivedAtMs)) return { ...NOTHING, unplaced: 1 };
  const node = dataNode(decodeData(value));
  const log = logOfCode(facts.layouts, attribute.obis);
  const code = 'value' in node ? Number(node.value) : Number.NaN;
  if (log !== undefined && Number.isInteger(code)) {
    const event = { time: atMs, code, clockStatus: stamp?.status ?? NO_STATUS, extra: {} };
    return { ...NOTHING, events: [{ log, events: [event] }] };
  }
  const text = scalarText(node);
  if (text === undefined) return { ...NOTHING, unplaced: 1 };
  return { ...NOTHING, registers: [readingOf({ ...attribute, value: node }, text, facts, atMs)] };
}

function both(a: Placed, b: Placed): Placed {
  return {
    profiles: [...a.profiles, ...b.profiles],
    events: [...a.events, ...b.events],
    registers: [...a.registers, ...b.registers],
    unplaced: a.unplaced + b.unplaced,
  };
}
