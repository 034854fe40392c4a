import type { DlmsData } from '../dlms/data.ts';
import { decodeDateTime, toUtcMs } from '../dlms/datetime.ts';
import { octetString } from '../dlms/values.ts';
import { daylightSavingActive, offsetMinutesAt } from './calendar.ts';
import type { ClockPort } from './meter-objects.ts';
import type { MeteringPoint } from './metering-point.ts';
import { stampBytes } from './row-encoding.ts';

const MAX_SHIFT_S = 900;

/** The 12 bytes of a date-time given as octet-string or date-time; undefined if it is neither. */
export function dateTimeBytes(value: DlmsData | undefined): Uint8Array | undefined {
  if (value?.type !== 'octet-string' && value?.type !== 'date-time') return undefined;
  return value.value.length === 12 ? value.value : undefined;
}

/** UTC ms of a date-time; a missing deviation is the meter's own at that time. Undefined if it names no instant. */
export function instantOf(point: MeteringPoint, bytes: Uint8Array): number | undefined {
  const value = decodeDateTime(bytes);
  const { zone } = point.plan;
  const normal = toUtcMs(value, -zone.utcOffsetMinutes);
  if (normal === undefined || value.deviationMinutes !== undefined) return normal;
  return toUtcMs(value, -offsetMinutesAt(zone, normal));
}

/** The clock object's side of a metering point: reading, setting and the adjusting methods (Blue Book, class 8). */
export function clockPort(point: MeteringPoint, now: () => number): ClockPort {
  const { zone } = point.plan;
  const shown = (): number => point.clock.at(now());
  let preset: { readonly shownMs: number; readonly fromMs: number; readonly toMs: number } | undefined;
  const setTo = (shownMs: number): string => {
    point.setClock(now(), shownMs);
    return 'success';
  };
  return {
    now: () => octetString(stampBytes(zone, shown())),
    summer: () => daylightSavingActive(zone, shown()),
    offsetMinutes: zone.utcOffsetMinutes,
    daylightSaving: zone.daylightSaving,
    set: (value) => {
      const bytes = dateTimeBytes(value);
      if (bytes === undefined) return 'type-unmatched';
      const utcMs = instantOf(point, bytes);
      return utcMs === undefined ? 'other-reason' : setTo(utcMs);
    },
    roundTo: (seconds) => setTo(Math.round(shown() / (seconds * 1000)) * seconds * 1000),
    shift: (value) => {
      if (value?.type !== 'long') return 'type-unmatched';
      if (Math.abs(value.value) > MAX_SHIFT_S) return 'other-reason';
      return setTo(shown() + value.value * 1000);
    },
    preset: (value) => {
      const times = value?.type === 'structure' ? value.elements.map(dateTimeBytes) : [];
      const [shownMs, fromMs, toMs] = times.map((b) => (b === undefined ? undefined : instantOf(point, b)));
      if (times.length !== 3 || times.includes(undefined)) return 'type-unmatched';
      if (shownMs === undefined || fromMs === undefined || toMs === undefined) return 'other-reason';
      preset = { shownMs, fromMs, toMs };
      return 'success';
    },
    toPreset: () => {
      if (preset === undefined || shown() < preset.fromMs || shown() > preset.toMs) return 'other-reason';
      const { shownMs } = preset;
      preset = undefined;
      return setTo(shownMs);
    },
  };
}
