import type { CosemAttribute } from '../dlms/client.ts';
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

/** One attribute of an object that a meter has. */
export interface SimulatedAttribute {
  readonly get: () => DlmsData;
  readonly set?: (value: DlmsData) => Outcome;
}

/** An object of a simulated meter. Attribute 1, the logical name, goes without saying. */
export interface SimulatedObject {
  readonly classId: number;
  readonly version: number;
  readonly obis: string;
  /** Attributes from 2 on, by number. */
  readonly attributes: Readonly<Record<number, SimulatedAttribute>>;
  readonly methods?: Readonly<Record<number, (parameter: DlmsData | undefined) => Outcome>>;
  /** Attributes that nobody may read. */
  readonly secret?: readonly number[];
  /** Whether the public client sees it too. */
  readonly open?: boolean;
}

/** A profile generic: its buffer is made row by row on demand. */
export interface SimulatedProfile {
  readonly obis: string;
  readonly columns: readonly CosemAttribute[];
  readonly periodS: number;
  /** Rows that it holds at most. */
  readonly entries: number;
}

const fixed = (value: DlmsData): SimulatedAttribute => ({ get: () => value });
const live = (get: () => DlmsData, set?: (value: DlmsData) => Outcome): SimulatedAttribute =>
  set === undefined ? { get } : { get, set };

/** Class 1, version 0. */
export function dataObject(obis: string, get: () => DlmsData, open = false): SimulatedObject {
  return { classId: 1, version: 0, obis, attributes: { 2: live(get) }, open };
}

/** Class 3, version 0. */
export function registerObject(
  obis: string,
  scaler: number,
  unit: number,
  get: () => DlmsData,
): SimulatedObject {
  return {
    classId: 3,
    version: 0,
    obis,
    attributes: { 2: live(get), 3: fixed(scalerUnit(scaler, unit)) },
  };
}

/** Class 4, version 0: a value with the time of its capture. */
export function extendedRegisterObject(
  obis: string,
  scaler: number,
  unit: number,
  get: () => { readonly value: DlmsData; readonly captured: DlmsData },
): SimulatedObject {
  return {
    classId: 4,
    version: 0,
    obis,
    attributes: {
      2: live(() => get().value),
      3: fixed(scalerUnit(scaler, unit)),
      4: fixed(u8(0)),
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
): SimulatedObject {
  return {
    classId: 5,
    version: 0,
    obis,
    attributes: {
      2: live(() => u32(get().current)),
      3: live(() => u32(get().last)),
      4: fixed(scalerUnit(0, unit)),
      5: fixed(u8(0)),
      6: live(() => get().captured),
      7: live(() => get().started),
      8: fixed(u32(periodS)),
      9: fixed(u16(1)),
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
export function clockObject(obis: string, measuringPeriodS: number, port: ClockPort): SimulatedObject {
  return {
    classId: 8,
    version: 0,
    obis,
    open: true,
    attributes: {
      2: live(port.now, port.set),
      3: fixed(i16(-port.offsetMinutes)),
      4: live(() => u8(port.summer() ? CLOCK_STATUS.daylightSaving : 0)),
      5: fixed(octetString(SUMMER_BEGINS)),
      6: fixed(octetString(SUMMER_ENDS)),
      7: fixed(i8(60)),
      8: fixed({ type: 'boolean', value: port.daylightSaving }),
      // An internal crystal.
      9: fixed(enumeration(1)),
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
): SimulatedObject {
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
      4: fixed(enumeration(4)),
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
export function scriptTableObject(obis: string, scripts: readonly Script[]): SimulatedObject {
  return {
    classId: 9,
    version: 0,
    obis,
    attributes: {
      2: fixed(
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
export function activityCalendarObject(obis: string): SimulatedObject {
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
  const attributes: Record<number, SimulatedAttribute> = { 10: fixed(never) };
  tables.forEach((table, i) => {
    attributes[2 + i] = fixed(table);
    attributes[6 + i] = fixed(table);
  });
  return { classId: 20, version: 0, obis, attributes };
}

/** Class 22, version 0: runs a script at the first midnight of each month. */
export function monthEndScheduleObject(obis: string, scriptObis: string): SimulatedObject {
  const midnight = octetString(Uint8Array.of(0, 0, 0, 0));
  const first = octetString(Uint8Array.of(0xff, 0xff, 0xff, 1, 0xff));
  return {
    classId: 22,
    version: 0,
    obis,
    attributes: {
      2: fixed(structure(logicalName(scriptObis), u16(1))),
      3: fixed(enumeration(1)),
      4: fixed(array([structure(midnight, first)])),
    },
  };
}

/** Class 64, version 0. `policy`: 0 nothing, 3 authenticated and encrypted. */
export function securitySetupObject(obis: string, policy: 0 | 3, serverTitle: Uint8Array): SimulatedObject {
  return {
    classId: 64,
    version: 0,
    obis,
    attributes: {
      2: fixed(enumeration(policy)),
      3: fixed(enumeration(0)),
      // Learned with each association and kept by none.
      4: fixed(octetString(new Uint8Array(0))),
      5: fixed(octetString(serverTitle)),
    },
  };
}

/** Class 7, version 1, without its buffer (attribute 2). */
export function profileAttributes(
  profile: SimulatedProfile,
  inUse: () => number,
): Readonly<Record<number, SimulatedAttribute>> {
  const capture = (column: CosemAttribute): DlmsData =>
    structure(u16(column.classId), logicalName(column.obis), i8(column.attribute), u16(0));
  return {
    3: fixed(array(profile.columns.map(capture))),
    4: fixed(u32(profile.periodS)),
    // First in, first out; sorted by nothing.
    5: fixed(enumeration(1)),
    6: fixed(capture({ classId: 0, obis: '0.0.0.0.0.0', attribute: 0 })),
    7: live(() => u32(inUse())),
    8: fixed(u32(profile.entries)),
  };
}
