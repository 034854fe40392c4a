import { type AttributeSource, type CosemObject, constant } from '../dlms/cosem/cosem-object.ts';
import type { DlmsData } from '../dlms/data.ts';
import { CLOCK_STATUS } from '../dlms/datetime.ts';
import {
  array,
  enumeration,
  i8,
  i16,
  logicalName,
  octetString,
  octetText,
  scalerUnit,
  structure,
  u8,
  u16,
  u32,
} from '../dlms/values.ts';

/** Result name of a SET or ACTION, `success` when it went well. */
type Outcome = string;

const live = (get: () => DlmsData): AttributeSource => ({ get });

/** Class 1, version 0. */
export function dataObject(obis: string, get: () => DlmsData): CosemObject {
  return { classId: 1, version: 0, obis, attributes: { 2: live(get) } };
}

/** Class 3, version 0. */
export function registerObject(obis: string, scaler: number, unit: number, get: () => DlmsData): CosemObject {
  return {
    classId: 3,
    version: 0,
    obis,
    attributes: { 2: live(get), 3: constant(scalerUnit(scaler, unit)) },
  };
}

/** Class 4, version 0: a value with the time of its capture. */
export function extendedRegisterObject(
  obis: string,
  scaler: number,
  unit: number,
  get: () => { readonly value: DlmsData; readonly captured: DlmsData },
): CosemObject {
  return {
    classId: 4,
    version: 0,
    obis,
    attributes: {
      2: live(() => get().value),
      3: constant(scalerUnit(scaler, unit)),
      4: constant(u8(0)),
      5: live(() => get().captured),
    },
  };
}

export interface DemandValues {
  readonly current: number;
  readonly last: number;
  /** Octet-strings of 12 bytes: end of the last period and start of the current one. */
  readonly captured: DlmsData;
  readonly started: DlmsData;
}

/** Class 5, version 0: mean power of a block of `periodS` seconds. */
export function demandRegisterObject(
  obis: string,
  unit: number,
  periodS: number,
  get: () => DemandValues,
): CosemObject {
  return {
    classId: 5,
    version: 0,
    obis,
    attributes: {
      2: live(() => u32(get().current)),
      3: live(() => u32(get().last)),
      4: constant(scalerUnit(0, unit)),
      5: constant(u8(0)),
      6: live(() => get().captured),
      7: live(() => get().started),
      8: constant(u32(periodS)),
      9: constant(u16(1)),
    },
  };
}

/** What a clock object can be asked and told; times are octet-strings of 12 bytes. */
export interface ClockPort {
  readonly now: () => DlmsData;
  readonly summer: () => boolean;
  readonly offsetMinutes: number;
  readonly daylightSaving: boolean;
  readonly set: (value: DlmsData) => Outcome;
  /** To the nearest multiple of so many seconds. */
  readonly roundTo: (seconds: number) => Outcome;
  readonly shift: (seconds: DlmsData | undefined) => Outcome;
  readonly preset: (value: DlmsData | undefined) => Outcome;
  readonly toPreset: () => Outcome;
}

/** Last Sunday of March and of October, 02:00 and 03:00 local time, as the standard writes rules. */
const SUMMER_BEGINS = Uint8Array.of(0xff, 0xff, 3, 0xfe, 7, 2, 0, 0, 0, 0x80, 0, 0);
const SUMMER_ENDS = Uint8Array.of(0xff, 0xff, 10, 0xfe, 7, 3, 0, 0, 0, 0x80, 0, 0);

/** Class 8, version 0. */
export function clockObject(obis: string, measuringPeriodS: number, port: ClockPort): CosemObject {
  return {
    classId: 8,
    version: 0,
    obis,
    attributes: {
      2: { get: port.now, set: port.set },
      3: constant(i16(-port.offsetMinutes)),
      4: live(() => u8(port.summer() ? CLOCK_STATUS.daylightSaving : 0)),
      5: constant(octetString(SUMMER_BEGINS)),
      6: constant(octetString(SUMMER_ENDS)),
      7: constant(i8(60)),
      8: constant({ type: 'boolean', value: port.daylightSaving }),
      // An internal crystal.
      9: constant(enumeration(1)),
    },
    methods: {
      1: () => port.roundTo(900),
      2: () => port.roundTo(measuringPeriodS),
      3: () => port.roundTo(60),
      4: () => port.toPreset(),
      5: (value) => port.preset(value),
      6: (value) => port.shift(value),
    },
  };
}

/** Class 70, version 0, control mode 4: remote and local off, remote on. */
export function relayObject(
  obis: string,
  port: {
    readonly connected: () => boolean;
    readonly disconnect: () => void;
    readonly reconnect: () => void;
  },
): CosemObject {
  const does = (act: () => void) => () => {
    act();
    return 'success';
  };
  return {
    classId: 70,
    version: 0,
    obis,
    attributes: {
      2: live(() => ({ type: 'boolean', value: port.connected() })),
      3: live(() => enumeration(port.connected() ? 1 : 0)),
      4: constant(enumeration(4)),
    },
    methods: { 1: does(port.disconnect), 2: does(port.reconnect) },
  };
}

export interface Script {
  readonly id: number;
  /** Method calls: class, object, method number. */
  readonly calls: readonly { readonly classId: number; readonly obis: string; readonly method: number }[];
  readonly run: () => Outcome;
}

/** Class 9, version 0. */
export function scriptTableObject(obis: string, scripts: readonly Script[]): CosemObject {
  return {
    classId: 9,
    version: 0,
    obis,
    attributes: {
      2: constant(
        array(
          scripts.map((script) =>
            structure(
              u16(script.id),
              array(
                script.calls.map((call) =>
                  structure(
                    enumeration(2),
                    u16(call.classId),
                    logicalName(call.obis),
                    i8(call.method),
                    i8(0),
                  ),
                ),
              ),
            ),
          ),
        ),
      ),
    },
    methods: {
      1: (parameter) => {
        if (parameter?.type !== 'long-unsigned') return 'type-unmatched';
        return scripts.find((script) => script.id === parameter.value)?.run() ?? 'object-unavailable';
      },
    },
  };
}

const TARIFF_SCRIPTS = '0.0.10.0.100.255';
/** When which tariff begins; as the load model has it. */
const TARIFF_DAY = [
  [0, 2],
  [7, 1],
  [17, 3],
  [22, 2],
] as const;

/** Class 20, version 0: one season, one week, one kind of day; nothing waits to be activated. */
export function activityCalendarObject(obis: string): CosemObject {
  const name = octetText('1');
  const always = octetString(Uint8Array.of(0xff, 0xff, 1, 1, 0xff, 0, 0, 0, 0, 0x80, 0, 0xff));
  const seasons = array([structure(name, always, name)]);
  const weeks = array([structure(name, ...Array.from({ length: 7 }, () => u8(1)))]);
  const actions = TARIFF_DAY.map(([hour, tariff]) =>
    structure(octetString(Uint8Array.of(hour, 0, 0, 0)), logicalName(TARIFF_SCRIPTS), u16(tariff)),
  );
  const days = array([structure(u8(1), array(actions))]);
  const never = octetString(
    Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x80, 0, 0xff),
  );
  const tables = [octetText('standard'), seasons, weeks, days];
  const attributes: Record<number, AttributeSource> = { 10: constant(never) };
  tables.forEach((table, i) => {
    attributes[2 + i] = constant(table);
    attributes[6 + i] = constant(table);
  });
  return { classId: 20, version: 0, obis, attributes };
}

/** Class 22, version 0: runs a script at the first midnight of each month. */
export function monthEndScheduleObject(obis: string, scriptObis: string): CosemObject {
  const midnight = octetString(Uint8Array.of(0, 0, 0, 0));
  const first = octetString(Uint8Array.of(0xff, 0xff, 0xff, 1, 0xff));
  return {
    classId: 22,
    version: 0,
    obis,
    attributes: {
      2: constant(structure(logicalName(scriptObis), u16(1))),
      3: constant(enumeration(1)),
      4: constant(array([structure(midnight, first)])),
    },
  };
}
