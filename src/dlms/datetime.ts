import { ByteReader } from '../base/bytes.ts';
import { DcuError } from '../base/errors.ts';

/**
 * A COSEM date-time field by field (Blue Book 4.1.6.1). What the bytes leave unspecified is absent.
 * Month 0xFD/0xFE are the end and begin of daylight saving time, day 0xFD/0xFE the second last and last day of
 * the month; such a date names a rule, not an instant.
 */
export interface CosemDate {
  readonly year?: number;
  readonly month?: number;
  readonly day?: number;
  /** 1 = Monday. */
  readonly weekday?: number;
}

export interface CosemTime {
  readonly hour?: number;
  readonly minute?: number;
  readonly second?: number;
  readonly hundredths?: number;
}

export interface CosemDateTime extends CosemDate, CosemTime {
  /** Minutes to add to the local time to get UTC: UTC+1 is -60. */
  readonly deviationMinutes?: number;
  /** Clock status byte; see CLOCK_STATUS. */
  readonly status?: number;
}

/** Bits of the clock status byte. */
export const CLOCK_STATUS = {
  invalid: 0x01,
  doubtful: 0x02,
  differentBase: 0x04,
  invalidStatus: 0x08,
  daylightSaving: 0x80,
} as const;

const DEVIATION_UNSPECIFIED = -0x8000;

const present = <Name extends string>(name: Name, value: number, absent: number): { [N in Name]?: number } =>
  (value === absent ? {} : { [name]: value }) as { [N in Name]?: number };

/** From five bytes: year 2, month, day, weekday. */
export function decodeDate(bytes: Uint8Array): CosemDate {
  return readDate(sized(bytes, 5, 'date'));
}

/** From four bytes: hour, minute, second, hundredths. */
export function decodeTime(bytes: Uint8Array): CosemTime {
  return readTime(sized(bytes, 4, 'time'));
}

/** From twelve bytes: date 5, time 4, deviation 2 signed, clock status 1. Throws `invalid-argument` on another length. */
export function decodeDateTime(bytes: Uint8Array): CosemDateTime {
  const reader = sized(bytes, 12, 'date-time');
  return {
    ...readDate(reader),
    ...readTime(reader),
    ...present('deviationMinutes', reader.i16(), DEVIATION_UNSPECIFIED),
    ...present('status', reader.u8(), 0xff),
  };
}

function readDate(reader: ByteReader): CosemDate {
  return {
    ...present('year', reader.u16(), 0xffff),
    ...present('month', reader.u8(), 0xff),
    ...present('day', reader.u8(), 0xff),
    ...present('weekday', reader.u8(), 0xff),
  };
}

function readTime(reader: ByteReader): CosemTime {
  return {
    ...present('hour', reader.u8(), 0xff),
    ...present('minute', reader.u8(), 0xff),
    ...present('second', reader.u8(), 0xff),
    ...present('hundredths', reader.u8(), 0xff),
  };
}

function sized(bytes: Uint8Array, size: number, what: string): ByteReader {
  if (bytes.length !== size) {
    throw new DcuError('invalid-argument', `a ${what} has ${size} bytes, not ${bytes.length}`, {
      field: what,
    });
  }
  return new ByteReader(bytes);
}

/** Twelve bytes; absent fields become the standard's "not specified". */
export function encodeDateTime(value: CosemDateTime): Uint8Array {
  const bytes = new Uint8Array(12);
  bytes.set(encodeDate(value));
  bytes.set(encodeTime(value), 5);
  new DataView(bytes.buffer).setInt16(9, value.deviationMinutes ?? DEVIATION_UNSPECIFIED);
  bytes[11] = value.status ?? 0xff;
  return bytes;
}

export function encodeDate(value: CosemDate): Uint8Array {
  const year = value.year ?? 0xffff;
  return Uint8Array.of(year >> 8, year & 0xff, value.month ?? 0xff, value.day ?? 0xff, value.weekday ?? 0xff);
}

export function encodeTime(value: CosemTime): Uint8Array {
  return Uint8Array.of(
    value.hour ?? 0xff,
    value.minute ?? 0xff,
    value.second ?? 0xff,
    value.hundredths ?? 0xff,
  );
}

/**
 * UTC milliseconds, or undefined when the value names no instant (date, hour or minute unspecified or out of
 * range). An unspecified second or hundredth counts as 0, an unspecified deviation as `assumedDeviationMinutes`.
 */
export function toUtcMs(value: CosemDateTime, assumedDeviationMinutes = 0): number | undefined {
  const { year, month, day, hour, minute, second = 0, hundredths = 0 } = value;
  if (year === undefined || month === undefined || day === undefined) return undefined;
  if (hour === undefined || minute === undefined) return undefined;
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  if (hour > 23 || minute > 59 || second > 59 || hundredths > 99) return undefined;
  const deviation = value.deviationMinutes ?? assumedDeviationMinutes;
  return (
    ((daysSinceEpoch(year, month, day) * 24 + hour) * 60 + minute + deviation) * 60_000 +
    second * 1000 +
    hundredths * 10
  );
}

/**
 * Local time of a clock with the given deviation, every field specified. Milliseconds are cut to hundredths.
 * @param deviationMinutes as in the bytes: UTC+1 is -60.
 */
export function fromUtcMs(utcMs: number, deviationMinutes: number, status = 0): CosemDateTime {
  const localMs = utcMs - deviationMinutes * 60_000;
  const days = Math.floor(localMs / 86_400_000);
  const ms = localMs - days * 86_400_000;
  return {
    ...dateOfEpochDay(days),
    hour: Math.floor(ms / 3_600_000),
    minute: Math.floor(ms / 60_000) % 60,
    second: Math.floor(ms / 1000) % 60,
    hundredths: Math.floor(ms / 10) % 100,
    deviationMinutes,
    status,
  };
}

/** Days from 1970-01-01 in the Gregorian calendar, counted from March so that the leap day is a year's last. */
export function daysSinceEpoch(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const m = month <= 2 ? month + 12 : month;
  return (
    365 * y +
    Math.floor(y / 4) -
    Math.floor(y / 100) +
    Math.floor(y / 400) +
    Math.floor((153 * (m - 3) + 2) / 5) +
    day -
    719_469
  );
}

/** The date of a day counted from 1970-01-01, weekday included. */
export function dateOfEpochDay(epochDay: number): Required<CosemDate> {
  const days = epochDay + 719_468;
  const era = Math.floor(days / 146_097);
  const dayOfEra = days - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1,
    // 1970-01-01 was a Thursday.
    weekday: ((((epochDay + 3) % 7) + 7) % 7) + 1,
  };
}

export function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

const two = (value: number): string => String(value).padStart(2, '0');

/** `2026-11-22`; leading fields that are unspecified leave their hyphens (`--11-22`), trailing ones nothing. */
function dateText(value: CosemDate): string {
  const year = value.year === undefined ? undefined : String(value.year).padStart(4, '0');
  const month = value.month === undefined ? undefined : two(value.month);
  const day = value.day === undefined ? undefined : two(value.day);
  if (day !== undefined)
    return `${year ?? '-'}-${month ?? '-'}${month === undefined && year === undefined ? '' : '-'}${day}`;
  if (month !== undefined) return `${year ?? '-'}-${month}`;
  return year ?? '';
}

/** `11:34:56.50`, cut at the first unspecified field; hundredths of 0 are left out. */
function timeText(value: CosemTime): string {
  if (value.hour === undefined) return '';
  let text = two(value.hour);
  if (value.minute === undefined) return text;
  text += `:${two(value.minute)}`;
  if (value.second === undefined) return text;
  text += `:${two(value.second)}`;
  return value.hundredths ? `${text}.${two(value.hundredths)}` : text;
}

/**
 * ISO 8601 text with what is unspecified left out: `2026-11-22T11:34:56+01:00`, `2026-11-22T11:34`,
 * `2026-11-22`, `T11:34`. The offset is the usual one (local minus UTC), so its sign is opposite to the bytes.
 */
export function formatDateTime(value: CosemDateTime): string {
  const date = dateText(value);
  const time = timeText(value);
  if (time === '') return date;
  return `${date}T${time}${offsetText(value.deviationMinutes)}`;
}

function offsetText(deviationMinutes: number | undefined): string {
  if (deviationMinutes === undefined) return '';
  if (deviationMinutes === 0) return 'Z';
  const minutes = Math.abs(deviationMinutes);
  return `${deviationMinutes < 0 ? '+' : '-'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** `2026-11-22`. */
export function formatDate(value: CosemDate): string {
  return dateText(value);
}

/** `11:34:56`. */
export function formatTime(value: CosemTime): string {
  return timeText(value);
}

/**
 * From ISO 8601: `YYYY-MM-DD[THH:MM[:SS[.hh]]][Z|±HH:MM]`; fields that the text leaves out are unspecified, the
 * weekday is computed. Throws `invalid-argument`.
 */
export function parseDateTime(text: string): CosemDateTime {
  const match =
    /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,3}))?)?)?(Z|[+-]\d\d:?\d\d)?$/i.exec(
      text.trim(),
    );
  const [, year, month, day, hour, minute, second, fraction, offset] = match ?? [];
  const value: CosemDateTime = {
    ...number('year', year),
    ...number('month', month),
    ...number('day', day),
    ...number('hour', hour),
    ...number('minute', minute),
    ...number('second', second),
    ...(fraction === undefined ? {} : { hundredths: Number(fraction.padEnd(2, '0').slice(0, 2)) }),
    ...(offset === undefined ? {} : { deviationMinutes: deviationOf(offset) }),
  };
  const { year: y, month: m, day: d } = value;
  const check = toUtcMs({ hour: 0, minute: 0, ...value });
  if (match === null || check === undefined || y === undefined || m === undefined || d === undefined) {
    throw new DcuError('invalid-argument', `'${text}' is not an ISO 8601 date-time`, { field: 'dateTime' });
  }
  return { ...value, weekday: dateOfEpochDay(daysSinceEpoch(y, m, d)).weekday };
}

function number<Name extends string>(name: Name, text: string | undefined): { [N in Name]?: number } {
  return (text === undefined ? {} : { [name]: Number(text) }) as { [N in Name]?: number };
}

function deviationOf(offset: string): number {
  if (/^z$/i.test(offset)) return 0;
  const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(-2));
  return offset.startsWith('-') ? minutes : minutes === 0 ? 0 : -minutes;
}
