/** Bits of a date-time column's flags: what was not specified and was counted as 0. */
export const DEVIATION_UNSPECIFIED = 1;
export const SECOND_UNSPECIFIED = 2;
export const HUNDREDTHS_UNSPECIFIED = 4;

export interface PlainDateTime {
  readonly ms: number;
  readonly deviation: number;
  readonly status: number;
  readonly flags: number;
}

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function daysIn(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 && leap ? 29 : (MONTH_DAYS[month - 1] ?? 0);
}

/** The 12 bytes of a DLMS date-time by way of `Date`; NaN when any of date, hour and minute is unspecified or impossible. */
export function dateTime(bytes: Uint8Array): PlainDateTime {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 12);
  const year = view.getUint16(0);
  const month = view.getUint8(2);
  const day = view.getUint8(3);
  const hour = view.getUint8(5);
  const minute = view.getUint8(6);
  const rawSecond = view.getUint8(7);
  const rawHundredths = view.getUint8(8);
  const deviation = view.getInt16(9);
  const status = view.getUint8(11);

  const secondOpen = rawSecond === 0xff;
  const hundredthsOpen = rawHundredths === 0xff;
  const deviationOpen = deviation === -32768;
  const second = secondOpen ? 0 : rawSecond;
  const hundredths = hundredthsOpen ? 0 : rawHundredths;
  const flags =
    (deviationOpen ? DEVIATION_UNSPECIFIED : 0) |
    (secondOpen ? SECOND_UNSPECIFIED : 0) |
    (hundredthsOpen ? HUNDREDTHS_UNSPECIFIED : 0);

  const possible =
    year >= 1 &&
    year <= 9999 &&
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= daysIn(year, month) &&
    hour < 24 &&
    minute < 60 &&
    second < 60 &&
    hundredths < 100 &&
    (deviationOpen || Math.abs(deviation) <= 840);
  if (!possible) return { ms: Number.NaN, deviation, status, flags };
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute + (deviationOpen ? 0 : deviation), second, hundredths * 10);
  return { ms: date.getTime(), deviation, status, flags };
}
