import type { DlmsData } from '../../../src/dlms/data.ts';
import {
  boolean,
  enumeration,
  logicalName,
  octetText,
  structure,
  u8,
  u16,
  u32,
} from '../../../src/dlms/values.ts';
import type { Breakage, Fault } from './broken-meter.ts';
import { elements, instead, value } from './mangling.ts';

const NONE = { framing: 'wrapper', auth: 'none' } as const;
const CLOCK = '0.0.1.0.0.255';
const LIST = { classId: 15, obis: '0.0.40.0.0.255', attribute: 2 };

const fault = (id: string, title: string, finds: Fault['finds'], breakage: () => Breakage): Fault => ({
  id,
  title,
  combination: NONE,
  finds,
  plant: () => breakage,
});

export const OBJECT_FAULTS: readonly Fault[] = [
  fault('type-wrong', 'time_zone is unsigned', ['COSEM_READ_P4'], () =>
    value({ obis: CLOCK, attribute: 3 }, () => u8(60)),
  ),
  fault('name-wrong', 'Attribute 1 of a register is another name', ['COSEM_READ_P3'], () =>
    value({ obis: '1.0.1.8.0.255', attribute: 1 }, () => logicalName('1.0.1.8.9.255')),
  ),
  fault('readable-refused', 'An attribute that is listed as readable is refused', ['COSEM_READ_P1'], () =>
    instead({ obis: '1.0.2.8.0.255', attribute: 2 }, { result: 'temporary-failure' }),
  ),
  fault('value-broken', 'A value is no A-XDR', ['COSEM_READ_P2'], () =>
    instead(
      { obis: '0.0.96.1.0.255', attribute: 2 },
      { result: 'success', data: Uint8Array.of(0x09, 0x40, 1) },
    ),
  ),
  fault('unit-unknown', 'A register has a unit that is not defined', ['COSEM_REG_P1'], () =>
    value({ obis: '1.0.1.8.0.255', attribute: 3 }, (data) =>
      elements(data, ([scaler = u8(0)]) => [scaler, enumeration(200)]),
    ),
  ),
  fault('device-name-small', 'The logical device name begins with small letters', ['COSEM_NAME_P1'], () =>
    value({ obis: '0.0.42.0.0.255', attribute: 2 }, () => octetText('odc123')),
  ),
  fault('sap-missing', 'The SAP assignment lacks the device itself', ['COSEM_SAP_P1'], () =>
    value({ classId: 17, attribute: 2 }, (data) =>
      elements(data, () => [structure(u16(77), octetText('XYZ'))]),
    ),
  ),
  fault('listed-twice', 'An object is in the list twice', ['COSEM_LIST_P2'], () =>
    value(LIST, (data) => elements(data, (list) => [...list, ...list.slice(0, 1)])),
  ),
  fault('list-incomplete', 'The list lacks the logical device name', ['COSEM_LIST_P3'], () =>
    value(LIST, (data) => elements(data, (list) => list.filter((entry) => !names(entry, '42')))),
  ),
  fault('list-malformed', 'A list element has three fields', ['COSEM_LIST_P1'], () =>
    value(LIST, (data) =>
      elements(data, ([first, ...rest]) =>
        first ? [elements(first, (fields) => fields.slice(0, 3)), ...rest] : [],
      ),
    ),
  ),
  fault('clock-stands', 'The clock stands still', ['COSEM_CLOCK_P5'], () => {
    let stopped: DlmsData | undefined;
    return value({ obis: CLOCK, attribute: 2 }, (data) => {
      stopped ??= data;
      return stopped;
    });
  }),
  fault('weekday-wrong', 'The weekday of the clock is that of tomorrow', ['COSEM_CLOCK_P3'], () =>
    value({ obis: CLOCK, attribute: 2 }, (data) => {
      if (data.type !== 'octet-string') return data;
      return { ...data, value: data.value.map((byte, i) => (i === 4 ? (byte % 7) + 1 : byte)) };
    }),
  ),
  fault('capture-unknown', 'A profile captures an object that is not there', ['COSEM_PROFILE_P1'], () =>
    value({ obis: '1.0.99.1.0.255', attribute: 3 }, (data) =>
      elements(data, ([first, ...rest]) =>
        first
          ? [
              first,
              elements(first, ([, , index = u8(2), part = u16(0)]) => [
                u16(3),
                logicalName('1.0.77.7.0.255'),
                index,
                part,
              ]),
              ...rest.slice(1),
            ]
          : [],
      ),
    ),
  ),
  fault('profile-overfull', 'More entries are in use than there are', ['COSEM_PROFILE_P2'], () =>
    value({ obis: '1.0.99.2.0.255', attribute: 7 }, () => u32(1_000_000)),
  ),
  fault('row-too-short', 'Rows have fewer cells than columns', ['COSEM_PROFILE_P3'], () =>
    value({ obis: '1.0.99.1.0.255', attribute: 2 }, (data) =>
      elements(data, (rows) => rows.map((row) => elements(row, (cells) => cells.slice(0, -1)))),
    ),
  ),
  fault('not-associated', 'association_status says associating', ['COSEM_ASSOC_P5'], () =>
    value({ classId: 15, attribute: 8 }, () => enumeration(1)),
  ),
  fault('partner-wrong', 'The association names another client', ['COSEM_ASSOC_P1'], () =>
    value({ classId: 15, attribute: 3 }, (data) =>
      elements(data, ([, server = u16(1)]) => [{ type: 'integer', value: 99 }, server]),
    ),
  ),
  fault('relay-undecided', 'output_state and control_state disagree', ['COSEM_RELAY_P1'], () =>
    value({ classId: 70, attribute: 2 }, (data) => boolean(!(data.type === 'boolean' && data.value))),
  ),
];

/** Whether a list element is the abstract object 0-0:`c`.0.0*255. */
function names(entry: DlmsData, c: string): boolean {
  const [, , name] = entry.type === 'structure' ? entry.elements : [];
  return name?.type === 'octet-string' && name.value.join('.') === `0.0.${c}.0.0.255`;
}
