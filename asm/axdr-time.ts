// Calendar dates to UTC milliseconds.

const DAY_MS: f64 = 86400000;

/** A date and its start; rows of a day share it. The start value is a date that is unspecified, hence NaN. */
let cachedDate: u32 = 0xffffffff;
let cachedStart: f64 = NaN;

/** UTC milliseconds at 00:00 of the date whose four bytes (year 2, month, day) are `date`; NaN if it is none. */
@inline
export function startOfDay(date: u32): f64 {
  if (date != cachedDate) {
    cachedStart = compute(bswap<u32>(date));
    cachedDate = date;
  }
  return cachedStart;
}

function compute(date: u32): f64 {
  let year = <i32>(date >> 16);
  let month = <i32>((date >> 8) & 0xff);
  const day = <i32>(date & 0xff);
  if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return NaN;
  if (month <= 2) {
    year--;
    month += 12;
  }
  const days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * (month - 3) + 2) / 5 + day - 719469;
  return <f64>days * DAY_MS;
}

function daysIn(year: i32, month: i32): i32 {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
  return 30 + ((month + (month >> 3)) & 1);
}
