import { DcuError } from '../../base/errors.ts';
import { localTime, zoneOffsetMs } from '../../base/zone.ts';
import { constant, type MethodSource } from '../../dlms/cosem/cosem-object.ts';
import type { DlmsData } from '../../dlms/data.ts';
import { CLOCK_STATUS, decodeDateTime, encodeDateTime, fromUtcMs, toUtcMs } from '../../dlms/datetime.ts';
import { boolean, enumeration, i8, i16, octetString, u8 } from '../../dlms/values.ts';
import { type DaylightSaving, daylightSaving } from './daylight.ts';
import { actorOf, type ManagementGroup, type ManagementRequest } from './group.ts';
import type { ClockPort } from './ports.ts';
import { fieldsOf } from './written.ts';

const CLOCK = '0.0.1.0.0.255';
/** clock_base of class 8: an internal crystal. */
const CRYSTAL = 1;
const MINUTE_MS = 60_000;
/** Quarter hours are also what balances are measured in. */
const QUARTER_MS = 15 * MINUTE_MS;
const MOST_SHIFT_S = 900;
const UNSPECIFIED = new Uint8Array(12).fill(0xff);

export const clockGroup: ManagementGroup = {
  open: [CLOCK],
  objects: (at) => {
    const { sources, times } = at;
    const nowMs = sources.now();
    const zone = sources.zone();
    const status = (): number => statusOf(sources.management.clock, daylight(), nowMs, zone);
    let known: DaylightSaving | undefined;
    const daylight = (): DaylightSaving => {
      known ??= daylightSaving(localTime(nowMs, zone).year, zone);
      return known;
    };
    return [
      {
        classId: 8,
        version: 0,
        obis: CLOCK,
        attributes: {
          2: {
            get: () => octetString(times.bytes(nowMs, status())),
            set: setting(at, (value) => instantOf(value, 'time', at)),
          },
          3: { get: () => i16(-daylight().normalMinutes) },
          4: { get: () => u8(status()) },
          5: { get: () => octetString(changeBytes(daylight().begin, zone)) },
          6: { get: () => octetString(changeBytes(daylight().end, zone)) },
          7: { get: () => i8(daylight().savedMinutes) },
          8: { get: () => boolean(daylight().savedMinutes > 0) },
          9: constant(enumeration(CRYSTAL)),
        },
        methods: {
          1: moving(at, () => nearest(sources.now(), QUARTER_MS)),
          2: moving(at, () => nearest(sources.now(), QUARTER_MS)),
          3: moving(at, () => nearest(sources.now(), MINUTE_MS)),
          4: moving(at, () => presetOf(at)),
          5: preset(at),
          6: moving(at, (value) => sources.now() + shiftOf(value) * 1000),
        },
      },
    ];
  },
};

function statusOf(clock: ClockPort, { normalMinutes }: DaylightSaving, nowMs: number, zone: string): number {
  const { synchronised, lost } = clock.state;
  const isSaving = zoneOffsetMs(nowMs, zone) > normalMinutes * MINUTE_MS;
  return (
    (lost ? CLOCK_STATUS.invalid : 0) |
    (synchronised || lost ? 0 : CLOCK_STATUS.doubtful) |
    (isSaving ? CLOCK_STATUS.daylightSaving : 0)
  );
}

/** Local time before the change; nothing specified where there is none. */
function changeBytes(utcMs: number | undefined, zone: string): Uint8Array {
  if (utcMs === undefined) return UNSPECIFIED;
  const deviation = -zoneOffsetMs(utcMs - 1, zone) / MINUTE_MS;
  return encodeDateTime(fromUtcMs(utcMs, deviation));
}

const nearest = (ms: number, stepMs: number): number => Math.round(ms / stepMs) * stepMs;

/** Setting the clock writes its own event, with the time before and after, so it needs no other. */
function setting(at: ManagementRequest, timeOf: (value: DlmsData) => number) {
  return at.later.set(async (value) => setTo(at, timeOf(value)));
}

function moving(at: ManagementRequest, timeOf: (value: DlmsData | undefined) => number): MethodSource {
  return at.later.method(async (value) => setTo(at, timeOf(value)));
}

async function setTo(at: ManagementRequest, utcMs: number): Promise<string> {
  await at.sources.management.clock.set(utcMs, actorOf(at));
  return 'success';
}

/** UTC ms of a date-time; where it does not say its deviation, that of the concentrator's zone. */
function instantOf(data: DlmsData, field: string, { times }: ManagementRequest): number {
  if ((data.type !== 'octet-string' && data.type !== 'date-time') || data.value.length !== 12) {
    throw new DcuError('type-mismatch', `${field} must be a date-time`, { field });
  }
  const value = decodeDateTime(data.value);
  const { deviationMinutes = times.deviationOf(value) } = value;
  const utcMs = toUtcMs(value, deviationMinutes);
  if (utcMs === undefined) throw new DcuError('invalid-field', `${field} names no instant`, { field });
  return utcMs;
}

function shiftOf(value: DlmsData | undefined): number {
  if (value?.type !== 'long') throw new DcuError('type-mismatch', 'shift must be a long', { field: 'shift' });
  if (Math.abs(value.value) > MOST_SHIFT_S) {
    throw new DcuError('invalid-field', `shift must be from -${MOST_SHIFT_S} to ${MOST_SHIFT_S} seconds`, {
      field: 'shift',
    });
  }
  return value.value;
}

function preset(at: ManagementRequest): MethodSource {
  return at.later.method(async (value) => {
    const fields = value === undefined ? [] : fieldsOf(value, 3, 'preset');
    const [timeMs, fromMs, toMs] = ['preset_time', 'validity_interval_start', 'validity_interval_end'].map(
      (name, i) => instantOf(fields[i] ?? { type: 'null-data' }, name, at),
    );
    if (timeMs === undefined || fromMs === undefined || toMs === undefined || fromMs > toMs) {
      throw new DcuError('invalid-field', 'preset must end after it begins', { field: 'preset' });
    }
    at.sources.management.clock.preset = { timeMs, fromMs, toMs };
    return 'success';
  });
}

/** Once only, and only while it is valid. */
function presetOf({ sources }: ManagementRequest): number {
  const { clock } = sources.management;
  const { preset: wanted } = clock;
  const nowMs = sources.now();
  if (wanted === undefined || nowMs < wanted.fromMs || nowMs > wanted.toMs) {
    throw new DcuError('invalid-field', 'no preset time is valid now', { field: 'preset' });
  }
  clock.preset = undefined;
  return wanted.timeMs;
}
