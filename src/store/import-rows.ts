import { createHash } from 'node:crypto';
import { DcuError } from '../base/errors.ts';
import { type Meter, MOST_METERS } from '../base/model.ts';
import { namedBalance, requireBalanceMeter, requireNobodyBelow } from './balance-rules.ts';
import type { Database } from './database.ts';
import { type Draft, draftOf, type ImportContext, keyOf, type SealedRow } from './import-draft.ts';
import { allMeters, sealedSecrets, writeMeter, writeNewMeter } from './meter-rows.ts';
import { channels, taskGroups } from './schema.ts';
import type { ImportedRow, ImportOptions, ImportPlan } from './types.ts';
import { problemsOf } from './validation.ts';

export function planImport(db: Database, rows: readonly SealedRow[], options: ImportOptions): ImportPlan {
  return planOf(drafts(db, rows, options));
}

/** @throws DcuError `conflict` when `digest` is not that of what would be done now */
export function importMeters(
  db: Database,
  rows: readonly SealedRow[],
  options: ImportOptions & { readonly soundOnly: boolean; readonly digest?: string },
  nowMs: number,
): ImportPlan & { readonly applied: boolean } {
  const all = drafts(db, rows, options);
  const plan = planOf(all);
  if (options.digest !== undefined && options.digest !== plan.digest) {
    throw new DcuError('conflict', 'the archive has changed since the preview; look at a new one', {
      field: 'digest',
    });
  }
  if (!options.soundOnly && all.some(({ problems }) => problems.length > 0))
    return { ...plan, applied: false };
  const done = all.map((draft) => applied(db, draft, nowMs));
  return { rows: done, digest: plan.digest, applied: true };
}

function applied(db: Database, draft: Draft, nowMs: number): ImportedRow {
  const { before, after, row } = draft;
  const outcome = outcomeOf(draft);
  if (outcome.action === 'create')
    return { ...outcome, meterId: writeNewMeter(db, after, row.sealed, nowMs) };
  if (outcome.action === 'update' && before !== undefined) writeMeter(db, before.id, after, row.sealed);
  return outcome;
}

function drafts(db: Database, rows: readonly SealedRow[], { update }: ImportOptions): readonly Draft[] {
  const meters = allMeters(db);
  const context: ImportContext = {
    channels: new Map(
      db.query
        .select()
        .from(channels)
        .all()
        .map(({ name, commType }) => [name, commType]),
    ),
    tasks: new Set(
      db.query
        .select()
        .from(taskGroups)
        .all()
        .map(({ name }) => name),
    ),
    meters: new Map(meters.map((meter) => [meter.meterNo, meter])),
    sealedOf: (id) => {
      const { meterNo: _, ...sealed } = sealedSecrets(db, id);
      return sealed;
    },
    update,
  };
  const all = rows.map((row) => draftOf(row, context));
  markDuplicates(all);
  // What falls out for the one reason may be what another row stands on.
  for (let known = -1; known !== problemCount(all); ) {
    known = problemCount(all);
    markTakenAddresses(all, meters, context);
    markPlaces(all, meters);
  }
  markTooMany(all, meters);
  return all;
}

const problemCount = (all: readonly Draft[]): number =>
  all.reduce((sum, { problems }) => sum + problems.length, 0);

/** Held against the archive as it would be afterwards: a balance meter may come with those below it. */
function markPlaces(all: readonly Draft[], meters: readonly Meter[]): void {
  const sound = all.filter(({ problems }) => problems.length === 0);
  const moving = new Set(sound.map(({ before }) => before?.id));
  const after = [...meters.filter(({ id }) => !moving.has(id)), ...sound.map((draft) => draft.after)];
  const balances = new Set(after.flatMap(({ balance, meterNo }) => (balance === true ? [meterNo] : [])));
  const below = new Map<string, number>();
  for (const meter of after) {
    const named = namedBalance(meter);
    if (named !== undefined) below.set(named, (below.get(named) ?? 0) + 1);
  }
  for (const draft of sound) {
    const found = problemsOf([
      () => requireBalanceMeter(draft.after, (meterNo) => balances.has(meterNo)),
      () => requireNobodyBelow(draft.before ?? draft.after, draft.after, below.get(draft.after.meterNo) ?? 0),
    ]);
    draft.problems.push(...found);
  }
}

/** Which of two rows of one meter is meant nobody can tell: both are wrong. */
function markDuplicates(all: readonly Draft[]): void {
  const byNumber = Map.groupBy(
    all.filter(({ row }) => row.meterNo !== ''),
    ({ row }) => row.meterNo,
  );
  for (const group of byNumber.values()) {
    if (group.length === 1) continue;
    for (const { row, problems } of group) {
      const others = group.filter((other) => other.row !== row).map((other) => other.row.line);
      problems.push({ field: 'meterNo', message: `meterNo is in line ${listed(others)} as well` });
    }
  }
}

/** Names, or the first few of very many. */
const listed = (names: readonly (number | string)[]): string =>
  names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ');

/**
 * Held against the archive as it would be afterwards, so that meters may exchange their addresses. A row that falls out leaves its
 * meter where it was, which may be where another row wants to be: until nothing changes any more.
 */
function markTakenAddresses(
  all: readonly Draft[],
  meters: readonly Meter[],
  { channels }: ImportContext,
): void {
  const keys = new Map(meters.map((meter) => [meter.id, keyOf(meter, channels.get(meter.channel) ?? -1)]));
  for (;;) {
    const sound = all.filter(({ problems }) => problems.length === 0);
    const moving = new Set(sound.map(({ before }) => before?.id));
    const holders = new Map<string, Holder[]>();
    const hold = (key: string | undefined, holder: Holder): void => {
      if (key === undefined) return;
      const list = holders.get(key);
      if (list === undefined) holders.set(key, [holder]);
      else list.push(holder);
    };
    for (const { id, meterNo } of meters)
      if (!moving.has(id)) hold(keys.get(id), { name: `meter ${meterNo}` });
    for (const draft of sound) {
      const name = draft.before === undefined ? `line ${draft.row.line}` : `meter ${draft.row.meterNo}`;
      hold(draft.key, draft.takes === undefined ? { name } : { name, draft });
    }
    const clashes = [...holders.values()].filter(
      (list) => list.length > 1 && list.some(({ draft }) => draft !== undefined),
    );
    if (clashes.length === 0) return;
    for (const list of clashes) for (const holder of list) markTaken(holder, list);
  }
}

interface Holder {
  readonly name: string;
  /** The row that brings it here. */
  readonly draft?: Draft;
}

function markTaken(own: Holder, holders: readonly Holder[]): void {
  const field = own.draft?.takes;
  if (field === undefined) return;
  const others = listed(holders.filter((holder) => holder !== own).map(({ name }) => name));
  const message =
    field === 'enabled'
      ? `enabled cannot be set: the line address of this replaced meter is that of ${others}`
      : `${field} is that of ${others} on the same channel`;
  own.draft?.problems.push({ field, message });
}

function markTooMany(all: readonly Draft[], meters: readonly Meter[]): void {
  let inUse = meters.filter(({ replaced }) => replaced === undefined).length;
  for (const { before, problems } of all) {
    if (before !== undefined || problems.length > 0) continue;
    inUse += 1;
    if (inUse <= MOST_METERS) continue;
    problems.push({
      field: 'meterNo',
      message: `meterNo is one too many: the archive has room for ${MOST_METERS} meters`,
    });
  }
}

function outcomeOf({ row, before, changes, problems }: Draft): ImportedRow {
  const action =
    problems.length > 0
      ? 'error'
      : before === undefined
        ? 'create'
        : changes.length === 0
          ? 'unchanged'
          : 'update';
  return {
    line: row.line,
    meterNo: row.meterNo,
    action,
    problems,
    changes: action === 'error' ? [] : changes,
    ...(before === undefined ? {} : { meterId: before.id }),
  };
}

function planOf(all: readonly Draft[]): ImportPlan {
  const rows = all.map(outcomeOf);
  return { rows, digest: createHash('sha256').update(JSON.stringify(rows)).digest('hex') };
}
