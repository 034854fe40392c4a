import type { EventLog, ProfileRows } from '../../base/model.ts';
import type { OutboxContent, OutboxItem } from '../../base/outbox.ts';
import { encodeData } from '../../dlms/axdr.ts';
import type { CaptureObject } from '../../dlms/client.ts';
import { readProfileBuffer } from '../../dlms/cosem/profile-buffer.ts';
import { captureObjectData } from '../../dlms/cosem/selective-access.ts';
import type { DlmsData } from '../../dlms/data.ts';
import { array, scalerUnit, utf8String, visibleString } from '../../dlms/values.ts';
import { scalerAttributeOf } from '../../meters/attribute.ts';
import type { EventLogObject, MeterProfile } from '../../meters/meter-profile.ts';
import { BALANCE_PROFILE, BALANCE_REGISTERS, balanceTable } from '../balance-contents.ts';
import { cellWriter } from '../cells.ts';
import { EVENT_LOGBOOK, logbookTable, OWN_CLOCK } from '../logbook-table.ts';
import { eventTable } from '../meter-logs.ts';
import { lastValue } from '../meter-registers.ts';
import { type Table, tableSource } from '../table-profile.ts';
import type { ZoneTimes } from '../zone-times.ts';
import { ANSWER, buffer, captureObjects, METER_STATE } from './objects.ts';

/** An attribute of a notification with its value. */
export interface PushedAttribute {
  readonly object: CaptureObject;
  /** A-XDR bytes. */
  readonly value: Uint8Array;
}

/** What can go into notifications of its own: any run of its `count` elements is a notification, the larger the better. */
export interface PushedRun {
  /** UTC ms that the notification is dated with. */
  readonly time: number;
  readonly count: number;
  /** @param end behind the last */
  attributes(first: number, end: number): readonly PushedAttribute[];
}

export interface ContentsContext {
  /** Of the meter; undefined for the concentrator itself. */
  readonly profile: MeterProfile | undefined;
  readonly times: ZoneTimes;
}

type Registers = Extract<OutboxContent, { kind: 'register' }>['registers'];

/** The content of an item as attributes of objects: those in which the meter, or its logical device here, has it. */
export function pushedRuns({ content, at }: OutboxItem, { profile, times }: ContentsContext): PushedRun[] {
  const clock = profile?.clock ?? OWN_CLOCK;
  const one = (object: CaptureObject, value: DlmsData): PushedRun[] => [
    { time: at, count: 1, attributes: () => [attribute(object, value)] },
  ];
  const table = (obis: string, clockObis: string, count: number, tableOf: SliceTable): PushedRun => ({
    time: at,
    count,
    attributes: (first, end) => tableAttributes(obis, clockObis, tableOf(first, end), times),
  });
  switch (content.kind) {
    case 'energy':
    case 'demand':
    case 'billing': {
      const { rows, kind } = content;
      const run = table(profile?.profiles[kind] ?? PROFILES[kind], clock, rows.times.length, (...range) =>
        rowsTable(rows, ...range),
      );
      const scalers = scalersOf(rows);
      return [{ ...run, attributes: (...range) => [...run.attributes(...range), ...scalers] }];
    }
    case 'balance': {
      const { intervals } = content;
      const scaler = Math.min(...intervals.map((one) => one.scaler));
      const run = table(BALANCE_PROFILE, clock, intervals.length, (first, end) =>
        balanceTable(intervals.slice(first, end), scaler),
      );
      const scalers = new Map<string, PushedAttribute>();
      for (const obis of BALANCE_REGISTERS) addScaler(scalers, { classId: 3, obis, scaler, unit: WH });
      return [{ ...run, attributes: (...range) => [...run.attributes(...range), ...scalers.values()] }];
    }
    case 'register':
      return [...Map.groupBy(content.registers, ({ time }) => time)].map(([time, registers]) => ({
        time,
        count: registers.length,
        attributes: (first, end) => registerAttributes(registers.slice(first, end)),
      }));
    case 'status':
      return one(METER_STATE, visibleString(content.state));
    case 'answer':
      return one(ANSWER, utf8String(JSON.stringify(content.answer)));
    case 'logbook': {
      const { type, detail } = content;
      return [table(EVENT_LOGBOOK, OWN_CLOCK, 1, () => logbookTable([{ time: at, type, detail }]))];
    }
    default: {
      const { kind, events } = content;
      return [...Map.groupBy(events, ({ code }) => logOf(profile, kind, code))].map(([log, some]) =>
        table(log.obis, clock, some.length, (first, end) => eventTable(some.slice(first, end), log)),
      );
    }
  }
}

/** DLMS unit enumeration (Blue Book, class 3): watt hours. */
const WH = 30;

type SliceTable = (first: number, end: number) => Table;

/** Where a profile is that the meter's kind has no name for. */
const PROFILES = { energy: '1.0.99.1.0.255', demand: '1.0.99.2.0.255', billing: '0.0.98.1.0.255' } as const;

const attribute = (object: CaptureObject, value: DlmsData): PushedAttribute => ({
  object,
  value: encodeData(value),
});

function tableAttributes(
  obis: string,
  clockObis: string,
  table: Table,
  times: ZoneTimes,
): readonly PushedAttribute[] {
  const clock: CaptureObject = { classId: 8, obis: clockObis, attribute: 2, dataIndex: 0 };
  const source = tableSource(table, clock, times);
  const { data } = readProfileBuffer(source, undefined);
  return [
    attribute(captureObjects(obis), array(source.columns.map(captureObjectData))),
    ...(data === undefined ? [] : [{ object: buffer(obis), value: data }]),
  ];
}

const rowsTable = (
  { columns, times, clockStatus, values }: ProfileRows,
  first: number,
  end: number,
): Table => ({
  columns,
  times: times.subarray(first, end),
  clockStatus: clockStatus.subarray(first, end),
  cells: values.map((column) => {
    // The type of a column is that of all its values, so that every part of an item has the same.
    const write = cellWriter(column);
    return (writer, row) => write(writer, first + row);
  }),
});

/** Scaler and unit of the columns, where they are known: the buffer has raw integers. */
function scalersOf({ columns }: ProfileRows): readonly PushedAttribute[] {
  const stated = new Map<string, PushedAttribute>();
  for (const column of columns) addScaler(stated, column);
  return [...stated.values()];
}

function registerAttributes(registers: Registers): readonly PushedAttribute[] {
  const scalers = new Map<string, PushedAttribute>();
  const values = registers.map((register) => {
    addScaler(scalers, register);
    const { classId, obis, attribute: index } = register;
    // A value whose text does not say all of it goes as that text: it is what there is.
    const value = lastValue(register) ?? utf8String(register.value);
    return attribute({ classId, obis, attribute: index, dataIndex: 0 }, value);
  });
  return [...values, ...scalers.values()];
}

interface Scaled {
  readonly classId: number;
  readonly obis: string;
  readonly scaler: number | null;
  readonly unit: number | null;
}

function addScaler(known: Map<string, PushedAttribute>, { classId, obis, scaler, unit }: Scaled): void {
  const index = scalerAttributeOf(classId);
  if (index === undefined || scaler === null || unit === null) return;
  known.set(
    `${classId}:${obis}`,
    attribute({ classId, obis, attribute: index, dataIndex: 0 }, scalerUnit(scaler, unit)),
  );
}

/** The log that a meter has such an event in; one of our own where no log of the meter would say its code. */
function logOf(profile: MeterProfile | undefined, kind: EventLog, code: number): EventLogObject {
  const logs = profile?.logs[kind] ?? [];
  return (
    logs.find(({ codeObis }) => codeObis !== null) ??
    logs.find(({ impliedCode }) => impliedCode === code) ??
    OWN_LOGS[kind]
  );
}

const ownLog = (e: number): EventLogObject => ({
  obis: `0.128.99.98.${e}.255`,
  codeObis: `0.0.96.11.${e}.255`,
  impliedCode: 0,
});

/** One object for each kind, so that events of one log come together. */
const OWN_LOGS: Readonly<Record<EventLog, EventLogObject>> = {
  fraud: ownLog(0),
  relay: ownLog(1),
  standard: ownLog(2),
  'power-failure': ownLog(3),
  'phase-interruption': ownLog(4),
  'power-quality': ownLog(5),
};
