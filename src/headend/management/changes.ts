import { DcuError, toDcuError } from '../../base/errors.ts';
import type { AttributeSource, CosemObject, MethodSource } from '../../dlms/cosem/cosem-object.ts';
import type { DlmsData } from '../../dlms/data.ts';
import { actorOf, type ManagementRequest } from './group.ts';
import type { Change, RowProblem } from './ports.ts';

/** Some rows are not as they must be, and nothing was done. */
export class RowsRefused extends DcuError {
  readonly problems: readonly RowProblem[];

  constructor(problems: readonly RowProblem[]) {
    super('invalid-field', `${problems.length} fields are not as they must be`, { field: 'rows' });
    this.problems = problems;
  }
}

type Work<Parameter> = (value: Parameter) => Promise<Change | readonly Change[]>;

/**
 * A `set` that goes the ways of the GUI: what it changes is written down, why it was refused may be read afterwards
 * (`refusals.ts`).
 */
export function changing(
  at: ManagementRequest,
  obis: string,
  work: Work<DlmsData>,
): NonNullable<AttributeSource['set']> {
  return at.later.set((value) => changed(at, obis, () => work(value)));
}

/** The same by a method. */
export function doing(at: ManagementRequest, obis: string, work: Work<DlmsData | undefined>): MethodSource {
  return at.later.method((parameter) => changed(at, obis, () => work(parameter)));
}

/** Data that is written only: what is to be taken away, or done. */
export function command(at: ManagementRequest, obis: string, work: Work<DlmsData>): CosemObject {
  return { classId: 1, version: 0, obis, attributes: { 2: { set: changing(at, obis, work) } } };
}

/** A list: read as a whole, changed by the rows that are written to it. */
export function list(
  at: ManagementRequest,
  obis: string,
  read: () => Promise<DlmsData>,
  write?: Work<DlmsData>,
): CosemObject {
  const set = write === undefined ? {} : { set: changing(at, obis, write) };
  return { classId: 1, version: 0, obis, attributes: { 2: { get: at.later.get(read), ...set } } };
}

async function changed(
  at: ManagementRequest,
  obis: string,
  work: () => Promise<Change | readonly Change[]>,
): Promise<string> {
  const { management, now } = at.sources;
  try {
    const made = await work();
    const changes: readonly Change[] = 'action' in made ? [made] : made;
    if (changes.length > 0) await management.recorder.changed(changes, actorOf(at));
    return 'success';
  } catch (thrown) {
    const error = toDcuError(thrown);
    const problems =
      error instanceof RowsRefused
        ? error.problems
        : [{ row: 0, field: error.field ?? '', message: error.message }];
    management.refusals.note(actorOf(at), { time: now(), obis, problems });
    throw error;
  }
}
