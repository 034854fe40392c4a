import { DcuError } from '../../base/errors.ts';
import { list } from './changes.ts';
import { known, type ListColumn, listData, must, text, WrittenRow } from './columns.ts';
import type { ManagementGroup } from './group.ts';
import type { Change, SettingRow } from './ports.ts';
import { rowsOf } from './written.ts';

/** OpenDCU's own, in the range that is left to manufacturers (B = 128 to 199). */
const SETTINGS = '0.128.96.2.0.255';
const COLUMNS: readonly ListColumn<SettingRow>[] = [
  text('key', ({ key }) => key),
  text('value', ({ value }) => value),
  text('description', ({ description }) => description),
];

/** What the GUI calls system settings. */
export const settingsGroup: ManagementGroup = {
  objects: (at) => {
    const { settings } = at.sources.management;
    return [
      list(
        at,
        SETTINGS,
        async () => listData(COLUMNS, await settings.rows()),
        async (data) => {
          const written = rowsOf(data).map((row) => new WrittenRow(COLUMNS, row));
          const rows = await settings.rows();
          const values: Record<string, string> = {};
          const changes = written.map((row): Change => {
            const key = must(row.text('key'), 'key');
            const value = must(row.text('value'), 'value');
            const before = known(
              rows.find((one) => one.key === key),
              'setting',
              key,
            );
            if (Object.hasOwn(values, key))
              throw new DcuError('invalid-field', `${key} is written twice`, { field: key });
            values[key] = value;
            const detail = before.value === null ? 'replaced' : `value=${value}`;
            return { action: 'setting.update', subject: key, detail };
          });
          await settings.change(values);
          return changes;
        },
      ),
    ];
  },
};
