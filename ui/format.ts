import type { EventLog, MeterState } from '../src/api/contract.ts';

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string, withSeconds: boolean): Intl.DateTimeFormat {
  const key = `${zone} ${withSeconds}`;
  let made = formats.get(key);
  if (made === undefined) {
    made = new Intl.DateTimeFormat('sv-SE', {
      timeZone: zone,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      ...(withSeconds ? { second: '2-digit' } : {}),
    });
    formats.set(key, made);
  }
  return made;
}

/** `2026-11-23 14:15:02` as clocks in the zone show it. */
export const dateTime = (ms: number, zone: string): string => formatOf(zone, true).format(ms);
export const dateMinute = (ms: number, zone: string): string => formatOf(zone, false).format(ms);

/** Raw integer times 10^scaler, exact, as text with grouped thousands; what is no number comes back as it is. */
export function scaledText(raw: string | number, scaler: number | null): string {
  const text = String(raw);
  const match = /^(-?)(\d+)$/.exec(text);
  if (match === null) return text;
  const [, sign = '', digits = ''] = match;
  const shift = scaler ?? 0;
  if (shift >= 0) return sign + group(digits === '0' ? '0' : digits + '0'.repeat(shift));
  const padded = digits.padStart(1 - shift, '0');
  const whole = padded.slice(0, shift);
  const fraction = padded.slice(shift);
  return `${sign}${group(whole)}.${fraction}`;
}

const group = (digits: string): string => digits.replaceAll(/\B(?=(\d{3})+(?!\d))/g, '\u202f');

/** As a double, for drawing only. */
export function scaledNumber(raw: string | number | null, scaler: number | null): number | null {
  if (raw === null) return null;
  const value = Number(raw);
  return Number.isFinite(value) ? value * 10 ** (scaler ?? 0) : null;
}

export function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value.toFixed(unit === 0 || value >= 100 ? 0 : 1)} ${units[unit] ?? ''}`;
}

/** A count with its thousands apart. */
export const grouped = (count: number): string => group(String(count));

/** `5 min ago`, for glances; exact times stand beside. */
export function agoText(ms: number, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - ms) / 1000));
  if (seconds < 60) return 'just now';
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

/** Seconds in the largest unit that divides them: `10 d`, `4 h`, `90 s`. */
export function durationText(seconds: number): string {
  for (const [size, unit] of [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'min'],
  ] as const) {
    if (seconds >= size && seconds % size === 0) return `${seconds / size} ${unit}`;
  }
  return `${seconds} s`;
}

export const eventLogNames: Readonly<Record<EventLog, string>> = {
  fraud: 'Fraud',
  relay: 'Relay',
  standard: 'Standard',
  'power-failure': 'Power failure',
  'phase-interruption': 'Phase interruption',
  'power-quality': 'Power quality',
};

export const stateNames: Readonly<Record<MeterState, string>> = {
  online: 'Online',
  offline: 'Offline',
  reading: 'Reading',
  unknown: 'Not contacted',
};

/** Short name of the zone at that instant: `UTC`, `CET`, `CEST`, `GMT+5:30`. */
export function zoneName(ms: number, zone: string): string {
  const parts = new Intl.DateTimeFormat('en-GB', { timeZone: zone, timeZoneName: 'short' }).formatToParts(ms);
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? zone;
}
