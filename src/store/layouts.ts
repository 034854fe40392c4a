import { DcuError } from '../base/errors.ts';
import type { CaptureColumn, ColumnValues } from '../base/model.ts';
import type { Database } from './database.ts';

/**
 * A layout is a set of capture columns with a shape: per column `i` for integers, `f` for numbers with fractions, `b` for
 * byte strings. Columns of other objects, scalers, units or shapes make a new layout; rows of the old stay as they are.
 */
export interface Layout {
  readonly id: number;
  readonly columns: readonly CaptureColumn[];
  readonly shape: string;
}

const layoutsById = new WeakMap<Database, Map<number, Layout>>();

export function layoutById(db: Database, id: number): Layout {
  const known = layoutsById.get(db) ?? new Map<number, Layout>();
  layoutsById.set(db, known);
  const found = known.get(id);
  if (found !== undefined) return found;
  const row = db.first<{ columns: string; shape: string }>(
    'SELECT columns, shape FROM profile_layouts WHERE id = ?',
    [id],
  );
  if (row === undefined) throw new DcuError('storage-corrupt', `profile layout ${id} is missing`);
  const layout = { id, columns: JSON.parse(row.columns) as readonly CaptureColumn[], shape: row.shape };
  known.set(id, layout);
  return layout;
}

export function newestLayout(db: Database, meterId: number, kind: number): Layout | undefined {
  const row = db.first<{ layout_id: number }>(
    'SELECT layout_id FROM meter_layouts WHERE meter_id = ? AND kind = ? ORDER BY version DESC LIMIT 1',
    [meterId, kind],
  );
  return row === undefined ? undefined : layoutById(db, row.layout_id);
}

/** Layouts of a meter, newest first. */
export function layoutsOf(db: Database, meterId: number, kind: number): readonly Layout[] {
  return db
    .all<{ layout_id: number }>(
      'SELECT layout_id FROM meter_layouts WHERE meter_id = ? AND kind = ? ORDER BY version DESC',
      [meterId, kind],
    )
    .map((row) => layoutById(db, row.layout_id));
}

/** The layout for these columns and values, made the meter's newest. */
export function layoutFor(
  db: Database,
  meterId: number,
  kind: number,
  columns: readonly CaptureColumn[],
  values: readonly ColumnValues[],
): Layout {
  const text = columnsText(columns);
  const newest = newestLayout(db, meterId, kind);
  if (newest !== undefined && columnsText(newest.columns) === text && fits(newest.shape, values))
    return newest;
  const layout = findOrCreate(db, text, values);
  db.run(
    `INSERT INTO meter_layouts (meter_id, kind, layout_id, version)
     VALUES (?1, ?2, ?3, (SELECT coalesce(max(version), 0) + 1 FROM meter_layouts WHERE meter_id = ?1 AND kind = ?2))
     ON CONFLICT DO UPDATE SET version = excluded.version`,
    [meterId, kind, layout.id],
  );
  return layout;
}

function findOrCreate(db: Database, text: string, values: readonly ColumnValues[]): Layout {
  const candidates = db.all<{ id: number; shape: string }>(
    'SELECT id, shape FROM profile_layouts WHERE columns = ? ORDER BY id DESC',
    [text],
  );
  const found = candidates.find(({ shape }) => fits(shape, values));
  if (found !== undefined) return layoutById(db, found.id);
  const shape = values.map(letterOf).join('');
  const [made] = db.all<{ id: number }>(
    'INSERT INTO profile_layouts (columns, shape) VALUES (?, ?) RETURNING id',
    [text, shape],
  );
  if (made === undefined) throw new DcuError('storage-failed', 'the profile layout was not stored');
  return { id: made.id, columns: JSON.parse(text) as readonly CaptureColumn[], shape };
}

function columnsText(columns: readonly CaptureColumn[]): string {
  return JSON.stringify(
    columns.map(({ classId, obis, attribute, dataIndex, scaler, unit }) => ({
      classId,
      obis,
      attribute,
      dataIndex,
      scaler,
      unit,
    })),
  );
}

function letterOf(column: ColumnValues): 'i' | 'f' | 'b' {
  if (column.kind === 'bytes') return 'b';
  return column.kind === 'number' && hasFraction(column.values) ? 'f' : 'i';
}

const hasFraction = (values: Float64Array): boolean =>
  values.some((value) => !Number.isNaN(value) && !Number.isInteger(value));

function fits(shape: string, values: readonly ColumnValues[]): boolean {
  return values.every((column, i) => columnFits(shape[i], column));
}

function columnFits(letter: string | undefined, column: ColumnValues): boolean {
  switch (column.kind) {
    case 'bytes':
      return letter === 'b' || column.values.every((value) => value === undefined);
    case 'bigint':
      return letter === 'i' || column.values.every((value) => value === undefined);
    case 'number':
      if (letter === 'f') return true;
      if (letter === 'i') return !hasFraction(column.values);
      return column.values.every(Number.isNaN);
  }
}
