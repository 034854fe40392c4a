import { csvText } from '../api/csv.ts';
import { METER_COLUMNS } from '../api/meter-columns.ts';
import { importedView, parseMeterCsv } from '../api/meter-csv.ts';
import type { Clock } from '../base/clock.ts';
import { DcuError } from '../base/errors.ts';
import type { MeterAddress, MeterSecurity } from '../base/model.ts';
import type { Change, MeterListPort, RowProblem, WrittenMeter } from '../headend/management/ports.ts';
import type { ImportedRow, ImportRow, MeterRow, Store } from '../store/types.ts';

/** More than an archive holds, with those that were replaced. */
const EVERY_METER = 10_000;
/** More changes at once are told by their numbers. */
const MOST_TOLD = 20;

/** The archive for head-ends, by the columns and checks of its CSV import. */
export function hesArchive(
  { archive, logbook }: Pick<Store, 'archive' | 'logbook'>,
  clock: Clock,
): MeterListPort {
  const all = async (): Promise<readonly MeterRow[]> =>
    (await archive.list({ offset: 0, limit: EVERY_METER })).rows;
  const byNumber = async (meterNo: string): Promise<MeterRow> => {
    const row = (await archive.list({ search: meterNo, limit: EVERY_METER })).rows.find(
      (meter) => meter.meterNo === meterNo,
    );
    if (row === undefined)
      throw new DcuError('not-found', `there is no meter ${meterNo}`, { field: 'MeterNo' });
    return row;
  };
  return {
    rows: async () =>
      (await all()).map((row) => ({
        id: row.id,
        enabled: row.enabled,
        meterNo: row.meterNo,
        values: shownValues(row),
      })),
    save: async (meters) => {
      const rows = meters.map((meter, i) => importRow(meter, i + 1));
      const result = await archive.import(rows, { update: true, soundOnly: false });
      const problems = result.rows.flatMap(problemsOf);
      return problems.length > 0
        ? { problems, changes: [] }
        : { problems, changes: changesOf(result.rows.filter(({ action }) => action !== 'unchanged')) };
    },
    replace: async (meterNo, by) => {
      const old = await byNumber(meterNo);
      const row = importRow(by, 1);
      const [problem] = [...row.problems, ...Object.keys(row.fields).map(notTakenOver)];
      if (problem !== undefined)
        throw new DcuError('invalid-field', problem.message, { field: problem.field });
      await archive.replace(
        old.id,
        {
          meterNo: row.meterNo,
          ...(Object.keys(row.address).length === 0
            ? {}
            : { address: patched<MeterAddress>(old.address, row.address) }),
          ...(Object.keys(row.security).length === 0
            ? {}
            : { security: patched<MeterSecurity>(old.security, row.security) }),
        },
        row.secrets,
      );
      const time = clock.now();
      const detail = `${meterNo} by ${row.meterNo} on ${old.channel}`;
      await logbook.record({ time, type: 'meter-replaced', detail });
      return { action: 'meter.replace', subject: meterNo, detail: `meterNo=${row.meterNo}` };
    },
    remove: async (meterNos) => {
      const known = new Map((await all()).map(({ meterNo, id }) => [meterNo, id]));
      const ids = meterNos.map((meterNo) => {
        const id = known.get(meterNo);
        if (id === undefined)
          throw new DcuError('not-found', `there is no meter ${meterNo}`, { field: 'MeterNo' });
        return id;
      });
      for (const id of new Set(ids)) await archive.remove(id);
      return summed(
        meterNos.map((subject) => ({ action: 'meter.delete', subject, detail: '' })),
        `${new Set(ids).size} deleted`,
      );
    },
  };
}

/** By the headings of the export, but for MeterNo and for what a meter does not have. */
function shownValues(row: MeterRow): Record<string, string> {
  return Object.fromEntries(
    METER_COLUMNS.flatMap(({ title, field, cell }): [string, string][] => {
      const value = field === 'meterNo' ? undefined : cell?.(row);
      return value === undefined || value === '' ? [] : [[title, String(value)]];
    }),
  );
}

/** The row that a file of this one meter would have. */
function importRow({ meterNo, values }: WrittenMeter, line: number): ImportRow {
  const columns = [['MeterNo', meterNo], ...Object.entries(values)] as const;
  const empty = { line, meterNo, fields: {}, address: {}, security: {}, secrets: {} };
  try {
    const text = csvText(
      columns.map(([title = '', value = '']) => [title, () => value]),
      [undefined],
    );
    const { ignored, rows } = parseMeterCsv(text, ',');
    const [row = empty] = rows;
    const unknown = ignored.map((title) => ({ field: title, message: `${title} is no column of a meter` }));
    return { problems: [], ...row, line, ...(unknown.length === 0 ? {} : { problems: unknown }) };
  } catch (error) {
    if (!(error instanceof DcuError) || error.code !== 'invalid-field') throw error;
    return { ...empty, problems: [{ field: 'row', message: error.message }] };
  }
}

const problemsOf = (row: ImportedRow): RowProblem[] =>
  importedView(row).problems.map(({ field, message }) => ({ row: row.line, field, message }));

const notTakenOver = (field: string) => ({
  field,
  message: `${field} is that of the meter whose place it takes`,
});

/** A patch's null takes a field away. */
function patched<Of extends object>(before: Of, patch: object): Of {
  const fields = Object.entries({ ...before, ...patch }).filter(([, value]) => value !== null);
  return Object.fromEntries(fields) as Of;
}

function changesOf(rows: readonly ImportedRow[]): readonly Change[] {
  const changes = rows.map(({ meterNo, action, changes: fields }): Change => {
    const detail = fields.map(({ field, after }) => `${field}=${after ?? ''}`).join(', ');
    return { action: action === 'create' ? 'meter.create' : 'meter.update', subject: meterNo, detail };
  });
  const created = rows.filter(({ action }) => action === 'create').length;
  return summed(changes, `${created} created, ${rows.length - created} changed`);
}

const summed = (changes: readonly Change[], detail: string): readonly Change[] =>
  changes.length <= MOST_TOLD ? changes : [{ action: 'meter.import', subject: 'head-end', detail }];
