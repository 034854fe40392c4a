import { DcuError } from '../../base/errors.ts';
import type { DlmsData } from '../../dlms/data.ts';
import { array, NULL_DATA, structure, u16, utf8String, visibleString } from '../../dlms/values.ts';
import { sapOf } from '../meter-saps.ts';
import { command, list, RowsRefused } from './changes.ts';
import { must } from './columns.ts';
import type { ManagementGroup } from './group.ts';
import type { Change, WrittenMeter } from './ports.ts';
import { booleanOf, fieldsOf, rowsOf, textOf } from './written.ts';

/** OpenDCU's own, in the range that is left to manufacturers (B = 128 to 199). */
const METER_LIST = '0.128.96.1.0.255';
const ARCHIVE = '0.128.96.1.1.255';
const REMOVED = '0.128.96.1.2.255';
const ENABLED = '0.128.96.1.3.255';
const REPLACED = '0.128.96.1.4.255';

export const meterListGroup: ManagementGroup = {
  objects: (at) => {
    const { meters, management } = at.sources;
    const { meterList } = management;
    const saved = async (rows: readonly WrittenMeter[]): Promise<readonly Change[]> => {
      const { problems, changes } = await meterList.save(rows);
      if (problems.length > 0) throw new RowsRefused(problems);
      return changes;
    };
    const get = () =>
      array(
        [...meters().values()].map(({ id, meterNo, channel, task, profile }) =>
          structure(
            u16(sapOf(id) ?? 0),
            visibleString(meterNo),
            visibleString(channel),
            utf8String(task),
            utf8String(profile),
          ),
        ),
      );
    return [
      { classId: 1, version: 0, obis: METER_LIST, attributes: { 2: { get } } },
      list(
        at,
        ARCHIVE,
        async () => {
          const shown = meters();
          // A channel that shows some meters only shows no others here; those that are disabled it cannot know of.
          const rows = (await meterList.rows()).filter(({ id, enabled }) => !enabled || shown.has(id));
          return array(rows.map(meterData));
        },
        async (data) => saved(rowsOf(data).map(meterOf)),
      ),
      command(at, REMOVED, async (data) => {
        const rows = data.type === 'array' || data.type === 'compact-array' ? data.elements : [data];
        return meterList.remove(rows.map((row) => textOf(row, 'MeterNo')));
      }),
      command(at, ENABLED, async (data) => {
        const known = new Set((await meterList.rows()).map(({ meterNo }) => meterNo));
        return saved(
          rowsOf(data).map((row) => {
            const [number = NULL_DATA, enabled = NULL_DATA] = fieldsOf(row, 2, 'row');
            const meterNo = textOf(number, 'MeterNo');
            if (!known.has(meterNo))
              throw new DcuError('not-found', `there is no meter ${meterNo}`, { field: 'MeterNo' });
            return { meterNo, values: { Status: booleanOf(enabled, 'Status') ? 'Enable' : 'Disable' } };
          }),
        );
      }),
      command(at, REPLACED, async (data) => {
        const [old = NULL_DATA, ...by] = fieldsOf(data, 3, 'row');
        return meterList.replace(textOf(old, 'MeterNo'), meterOf({ type: 'structure', elements: by }));
      }),
    ];
  },
};

const meterData = ({ meterNo, values }: WrittenMeter): DlmsData =>
  structure(
    utf8String(meterNo),
    array(Object.entries(values).map(([column, value]) => structure(utf8String(column), utf8String(value)))),
  );

/** MeterNo, and an array of columns with their values: text, numbers and booleans as they are, octets in hexadecimal digits. */
function meterOf(data: DlmsData): WrittenMeter {
  const [number, written] = fieldsOf(data, 2, 'row');
  const meterNo = textOf(must(number, 'MeterNo'), 'MeterNo');
  const cells = written === undefined ? [] : written.type === 'array' ? written.elements : undefined;
  if (cells === undefined) {
    throw new DcuError('type-mismatch', 'columns must be an array of a name and a value each', {
      field: 'columns',
    });
  }
  const values = cells.map((cell): [string, string] => {
    const [column = NULL_DATA, value = NULL_DATA] = fieldsOf(cell, 2, 'columns');
    const name = textOf(column, 'columns');
    return [name, cellText(value, name)];
  });
  return { meterNo, values: Object.fromEntries(values) };
}

function cellText(value: DlmsData, column: string): string {
  switch (value.type) {
    case 'null-data':
      return '';
    case 'octet-string':
      return value.value.toHex();
    case 'boolean':
      return value.value ? 'Enable' : 'Disable';
    case 'visible-string':
    case 'utf8-string':
      return value.value;
    default:
      if ('value' in value && (typeof value.value === 'number' || typeof value.value === 'bigint'))
        return String(value.value);
      throw new DcuError('type-mismatch', `${column} must be a string, a number or octets`, {
        field: column,
      });
  }
}
