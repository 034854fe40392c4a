import { DcuError } from '../../base/errors.ts';
import { decodeData } from '../../dlms/axdr.ts';
import { captureObjectOf } from '../../dlms/cosem/selective-access.ts';
import type { DlmsData } from '../../dlms/data.ts';
import { type CosemDateTime, decodeDateTime, toUtcMs } from '../../dlms/datetime.ts';
import { unitName } from '../../dlms/units.ts';
import type { Bench } from '../bench.ts';
import { outcomeText } from '../session.ts';
import { elementsOf, numberOf, octetsOf, type SurveyedObject, survey } from '../survey.ts';
import { defineTests } from '../test-case.ts';
import { expect, fail, notApplicable } from '../verdict.ts';

/** Objects of these classes that the association lists. */
async function ofClass(bench: Bench, ...classes: readonly number[]): Promise<readonly SurveyedObject[]> {
  const { objects } = await survey(bench);
  const found = objects.filter(({ classId }) => classes.includes(classId));
  return found.length > 0 ? found : notApplicable(`there is no object of class ${classes.join(' or ')}`);
}

const attributeValue = (object: SurveyedObject, index: number): DlmsData | undefined =>
  object.attributes.find((attribute) => attribute.index === index)?.value;

function timeOf(data: DlmsData | undefined): CosemDateTime | undefined {
  const octets = data?.type === 'date-time' ? data.value : octetsOf(data);
  return octets?.length === 12 ? decodeDateTime(octets) : undefined;
}

/** Each object must satisfy `check`; what it returns is the complaint. */
async function each(
  bench: Bench,
  classes: readonly number[],
  check: (object: SurveyedObject) => string | undefined,
): Promise<void> {
  for (const object of await ofClass(bench, ...classes)) {
    const complaint = check(object);
    if (complaint === undefined) continue;
    for (const { evidence } of object.attributes) bench.evidence.adopt(evidence);
    fail(`${object.classId}:${object.obis}: ${complaint}`);
  }
}

function within(name: string, data: DlmsData | undefined, least: number, most: number): string | undefined {
  const value = numberOf(data);
  if (data === undefined || (value !== undefined && value >= least && value <= most)) return undefined;
  return `${name} is ${value ?? `a ${data.type}`}`;
}

/** 255 is no unit on purpose; what has no name of its own is not in the enumeration. */
const isKnownUnit = (unit: number): boolean =>
  unit === 255 || (unitName(unit) ?? `unit ${unit}`) !== `unit ${unit}`;

const CLOCK_READS_MS = 2200;

export const COSEM_CLASS_TESTS = defineTests(
  { group: 'COSEM', reference: 'Blue Book 4, interface classes' },
  [
    {
      id: 'COSEM_CLOCK_P1',
      title: 'The clock tells a time',
      purpose: 'Date, hour and minute are specified and in range.',
      reference: 'Blue Book 4.5.1, class 8 Clock',
      run: (bench) =>
        each(bench, [8], (clock) => {
          const data = attributeValue(clock, 2);
          if (data === undefined) return undefined;
          const time = timeOf(data);
          if (time === undefined) return 'time is no date-time of 12 octets';
          return toUtcMs(time) === undefined ? 'time names no instant' : undefined;
        }),
    },
    {
      id: 'COSEM_CLOCK_P2',
      title: 'Deviation and zone of the clock are within a day',
      purpose:
        'time_zone and the deviation in time are -720 to 840 minutes, the daylight saving deviation -120 to 120.',
      reference: 'Blue Book 4.5.1, class 8 Clock',
      run: (bench) =>
        each(bench, [8], (clock) => {
          const deviation = timeOf(attributeValue(clock, 2))?.deviationMinutes;
          if (deviation !== undefined && (deviation < -840 || deviation > 720))
            return `deviation is ${deviation}`;
          return (
            within('time_zone', attributeValue(clock, 3), -840, 840) ??
            within('daylight_savings_deviation', attributeValue(clock, 7), -120, 120)
          );
        }),
    },
    {
      id: 'COSEM_CLOCK_P3',
      title: 'The weekday of the clock is that of its date',
      purpose: 'Where the weekday is specified it fits.',
      reference: 'Blue Book 4.1.6.1, date and time',
      run: (bench) =>
        each(bench, [8], (clock) => {
          const { year, month, day, weekday } = timeOf(attributeValue(clock, 2)) ?? {};
          if (year === undefined || month === undefined || day === undefined || weekday === undefined)
            return undefined;
          const due = new Date(Date.UTC(year, month - 1, day)).getUTCDay() || 7;
          return weekday === due ? undefined : `the weekday is ${weekday}, the date falls on ${due}`;
        }),
    },
    {
      id: 'COSEM_CLOCK_P4',
      title: 'Status and daylight saving of the clock agree',
      purpose: 'The status of the time and attribute status say the same about daylight saving.',
      reference: 'Blue Book 4.5.1, class 8 Clock',
      run: (bench) =>
        each(bench, [8], (clock) => {
          const inTime = timeOf(attributeValue(clock, 2))?.status;
          const status = numberOf(attributeValue(clock, 4));
          if (inTime === undefined || status === undefined) return undefined;
          return ((inTime ^ status) & 0x80) === 0 ? undefined : 'they do not agree';
        }),
    },
    {
      id: 'COSEM_CLOCK_P5',
      title: 'The clock runs',
      purpose: 'Read twice, two seconds apart, the time has moved on by 1 to 5 seconds more than nothing.',
      reference: 'Blue Book 4.5.1, class 8 Clock',
      async run(bench) {
        const [clock] = await ofClass(bench, 8);
        if (clock === undefined || attributeValue(clock, 2) === undefined) notApplicable('no clock was read');
        const session = await bench.associate();
        const read = async (): Promise<number> => {
          const outcome = await session.read({ classId: 8, obis: clock.obis, attribute: 2 });
          if (outcome.kind !== 'data') fail(`the time is answered by ${outcomeText(outcome)}`);
          const time = timeOf(decodeData(outcome.data));
          return (time && toUtcMs(time)) ?? fail('time names no instant');
        };
        const first = await read();
        const startMs = bench.target.clock.monotonicMs();
        await bench.pause(CLOCK_READS_MS);
        const movedMs = (await read()) - first;
        const dueMs = bench.target.clock.monotonicMs() - startMs;
        expect(
          Math.abs(movedMs - dueMs) <= 2500 && movedMs > 0,
          `it has moved ${movedMs} ms in ${Math.round(dueMs)} ms`,
        );
      },
    },
    {
      id: 'COSEM_CLOCK_P6',
      title: 'Daylight saving times of the clock are dates',
      purpose: 'Begin and end have 12 octets.',
      reference: 'Blue Book 4.5.1, class 8 Clock',
      run: (bench) =>
        each(bench, [8], (clock) => {
          for (const index of [5, 6]) {
            const data = attributeValue(clock, index);
            if (data !== undefined && timeOf(data) === undefined) return `attribute ${index} is no date-time`;
          }
          return undefined;
        }),
    },
    {
      id: 'COSEM_REG_P1',
      title: 'Registers have a scaler and a unit',
      purpose: 'The scaler is an integer, the unit one of the enumeration.',
      reference: 'Blue Book 4.3.2, class 3 Register, scaler_unit',
      run: (bench) =>
        each(bench, [3, 4, 5], (register) => {
          const data = attributeValue(register, register.classId === 5 ? 4 : 3);
          if (data === undefined) return undefined;
          const [scaler, unit] = elementsOf(data) ?? [];
          if (scaler?.type !== 'integer' || unit?.type !== 'enum')
            return 'scaler_unit is no structure of integer and enum';
          if (scaler.value < -30 || scaler.value > 30) return `the scaler is ${scaler.value}`;
          return isKnownUnit(unit.value) ? undefined : `unit ${unit.value} is not defined`;
        }),
    },
    {
      id: 'COSEM_REG_P2',
      title: 'Registers with a unit hold numbers',
      purpose: 'A value that has a unit is an integer or a floating-point number.',
      reference: 'Blue Book 4.3.2, class 3 Register',
      run: (bench) =>
        each(bench, [3, 4], (register) => {
          const unit = numberOf(elementsOf(attributeValue(register, 3))?.[1]);
          const value = attributeValue(register, 2);
          if (unit === undefined || unit === 255 || value === undefined || value.type === 'null-data')
            return undefined;
          return numberOf(value) === undefined ? `the value is a ${value.type}` : undefined;
        }),
    },
    {
      id: 'COSEM_REG_P3',
      title: 'Demand registers have a period',
      purpose: 'period and number_of_periods are at least 1.',
      reference: 'Blue Book 4.3.4, class 5 Demand register',
      run: (bench) =>
        each(
          bench,
          [5],
          (register) =>
            within('period', attributeValue(register, 8), 1, 0xffff_ffff) ??
            within('number_of_periods', attributeValue(register, 9), 1, 0xffff),
        ),
    },
    {
      id: 'COSEM_PROFILE_P1',
      title: 'What a profile captures exists',
      purpose: 'Each capture object is in the object list, with an attribute that it has.',
      reference: 'Blue Book 4.3.6, class 7 Profile generic, capture_objects',
      async run(bench) {
        const { objects } = await survey(bench);
        await each(bench, [7], (profile) => {
          const data = attributeValue(profile, 3);
          for (const element of elementsOf(data) ?? []) {
            const column = captureObjectOf(element);
            if (column === undefined) return 'a capture object has another shape';
            const object = objects.find(
              ({ classId, obis }) => classId === column.classId && obis === column.obis,
            );
            if (object === undefined)
              return `it captures ${column.classId}:${column.obis}, which is not listed`;
            const known = object.attributes.some(({ index }) => index === column.attribute);
            if (!known && column.attribute !== 0)
              return `it captures attribute ${column.attribute} of ${column.obis}, which it lacks`;
          }
          return undefined;
        });
      },
    },
    {
      id: 'COSEM_PROFILE_P2',
      title: 'A profile holds no more than it can',
      purpose: 'entries_in_use is at most profile_entries.',
      reference: 'Blue Book 4.3.6, class 7 Profile generic',
      run: (bench) =>
        each(bench, [7], (profile) => {
          const inUse = numberOf(attributeValue(profile, 7));
          const most = numberOf(attributeValue(profile, 8));
          if (inUse === undefined || most === undefined) return undefined;
          return inUse <= most ? undefined : `${inUse} entries in use of ${most}`;
        }),
    },
    {
      id: 'COSEM_PROFILE_P3',
      title: 'A row has a cell for each capture object',
      purpose: 'The structures of the buffer have as many elements as capture_objects.',
      reference: 'Blue Book 4.3.6, class 7 Profile generic',
      run: (bench) =>
        each(bench, [7], (profile) => {
          const columns = elementsOf(attributeValue(profile, 3))?.length;
          for (const row of elementsOf(attributeValue(profile, 2)) ?? []) {
            const cells = elementsOf(row)?.length;
            if (columns !== undefined && cells !== columns)
              return `a row has ${cells ?? 'no'} cells for ${columns} columns`;
          }
          return undefined;
        }),
    },
    {
      id: 'COSEM_PROFILE_P4',
      title: 'A profile is sorted in a way that is defined',
      purpose: 'sort_method is 1 to 6.',
      reference: 'Blue Book 4.3.6, class 7 Profile generic',
      run: (bench) => each(bench, [7], (profile) => within('sort_method', attributeValue(profile, 5), 1, 6)),
    },
    {
      id: 'COSEM_PROFILE_P5',
      title: 'Rows come at the capture period',
      purpose:
        'The times of two neighbouring rows differ by a multiple of capture_period, in the order of the buffer.',
      reference: 'Blue Book 4.3.6, class 7 Profile generic',
      run: (bench) =>
        each(bench, [7], (profile) => {
          const periodS = numberOf(attributeValue(profile, 4)) ?? 0;
          const [first] = elementsOf(attributeValue(profile, 3)) ?? [];
          const rows = elementsOf(attributeValue(profile, 2)) ?? [];
          if (
            periodS === 0 ||
            rows.length < 2 ||
            first === undefined ||
            captureObjectOf(first)?.classId !== 8
          )
            return undefined;
          const times = rows.map((row) => instantOf(elementsOf(row)?.[0]));
          const [a, b] = times;
          if (a === undefined || b === undefined) return 'a row has no time';
          const apartS = Math.abs(b - a) / 1000;
          return apartS > 0 && apartS % periodS === 0
            ? undefined
            : `two rows are ${apartS} s apart, the period is ${periodS} s`;
        }),
    },
    {
      id: 'COSEM_PROFILE_P6',
      title: 'A buffer that is in use has rows',
      purpose: 'Where entries_in_use is not 0, the first entries can be read.',
      reference: 'Blue Book 4.3.6, class 7 Profile generic',
      run: (bench) =>
        each(bench, [7], (profile) => {
          const rows = elementsOf(attributeValue(profile, 2));
          const inUse = numberOf(attributeValue(profile, 7)) ?? 0;
          if (rows === undefined) return undefined;
          if (inUse > 0 && rows.length === 0) return `${inUse} entries in use, none read`;
          return inUse === 0 && rows.length > 0 ? 'no entry in use, some read' : undefined;
        }),
    },
    {
      id: 'COSEM_RELAY_P1',
      title: 'The disconnector’s states agree',
      purpose: 'control_state is 0 to 2, control_mode 0 to 6, and connected (1) goes with output_state true.',
      reference: 'Blue Book 4.5.8, class 70 Disconnect control',
      run: (bench) =>
        each(bench, [70], (relay) => {
          const output = attributeValue(relay, 2);
          const state = numberOf(attributeValue(relay, 3));
          const odd =
            within('control_state', attributeValue(relay, 3), 0, 2) ??
            within('control_mode', attributeValue(relay, 4), 0, 6);
          if (odd !== undefined || output?.type !== 'boolean' || state === undefined) return odd;
          return output.value === (state === 1)
            ? undefined
            : `output_state ${output.value} with control_state ${state}`;
        }),
    },
    {
      id: 'COSEM_IMAGE_P1',
      title: 'The image transfer’s state is sane',
      purpose: 'image_block_size is at least 1, image_transfer_status 0 to 7.',
      reference: 'Blue Book 4.4.6, class 18 Image transfer',
      run: (bench) =>
        each(
          bench,
          [18],
          (image) =>
            within('image_block_size', attributeValue(image, 2), 1, 0xffff_ffff) ??
            within('image_transfer_status', attributeValue(image, 6), 0, 7),
        ),
    },
    {
      id: 'COSEM_SCRIPT_P1',
      title: 'Scripts call objects that exist',
      purpose: 'What a script table executes is in the object list.',
      reference: 'Blue Book 4.5.2, class 9 Script table',
      async run(bench) {
        const { objects } = await survey(bench);
        await each(bench, [9], (table) => {
          for (const script of elementsOf(attributeValue(table, 2)) ?? []) {
            for (const action of elementsOf(elementsOf(script)?.[1]) ?? []) {
              const [, classId, name] = elementsOf(action) ?? [];
              const obis = octetsOf(name)?.join('.');
              const id = numberOf(classId);
              if (obis === undefined || id === undefined) return 'an action has another shape';
              if (!objects.some((object) => object.classId === id && object.obis === obis)) {
                return `a script calls ${id}:${obis}, which is not listed`;
              }
            }
          }
          return undefined;
        });
      },
    },
    {
      id: 'COSEM_SCHEDULE_P1',
      title: 'Schedules run scripts that exist',
      purpose:
        'executed_script of a single action schedule names a script table in the object list, or nothing.',
      reference: 'Blue Book 4.5.7, class 22 Single action schedule',
      async run(bench) {
        const { objects } = await survey(bench);
        await each(bench, [22], (schedule) => {
          const name = octetsOf(elementsOf(attributeValue(schedule, 2))?.[0])?.join('.');
          if (name === undefined || name === '0.0.0.0.0.0') return undefined;
          return objects.some(({ obis }) => obis === name)
            ? undefined
            : `it runs ${name}, which is not listed`;
        });
      },
    },
  ],
);

function instantOf(data: DlmsData | undefined): number | undefined {
  try {
    const time = timeOf(data);
    return time && toUtcMs(time);
  } catch (error) {
    if (error instanceof DcuError) return undefined;
    throw error;
  }
}
