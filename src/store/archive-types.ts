import type {
  Meter,
  MeterAddress,
  MeterSecrets,
  MeterSecurity,
  MeterState,
  NewMeter,
} from '../base/model.ts';
import type { Page } from './page.ts';
import type { FieldProblem } from './validation.ts';

export interface MeterQuery {
  /** Matches anywhere in MeterNo. */
  readonly search?: string;
  readonly channel?: string;
  readonly task?: string;
  readonly enabled?: boolean;
  /** Whether it is a balance meter. */
  readonly balance?: boolean;
  readonly state?: MeterState;
  /** UTC ms: those that were found silent then or before, and are still. */
  readonly offlineSinceMs?: number;
  readonly sort?: 'id' | 'meterNo' | 'channel' | 'task' | 'enabled' | 'lastSeen' | 'offlineSince';
  readonly descending?: boolean;
  readonly offset?: number;
  readonly limit?: number;
}

/** A meter with what is known of its last contact. */
export interface MeterRow extends Meter {
  readonly state: MeterState;
  /** UTC ms of the last answer; undefined = never. */
  readonly lastSeen?: number;
  /** UTC ms at which it was first found silent, since it last answered. */
  readonly offlineSince?: number;
  readonly lastError?: { readonly code: string; readonly message: string; readonly time: number };
  /** MeterNo of the one that took its place (`replaced`). */
  readonly successorNo?: string;
  /** The meter whose place it took. */
  readonly replaces?: { readonly id: number; readonly meterNo: string; readonly at: number };
}

/** The meter that takes another one's place; what is absent it takes over, but for what a meter has of its own. */
export interface Replacement {
  readonly meterNo: string;
  readonly address?: MeterAddress;
  readonly security?: MeterSecurity;
  /** UTC ms; now if absent. */
  readonly installedAt?: number;
}

/** A value of a field of a row; null takes it away, absent leaves it. */
type Patch<Of> = { readonly [Key in keyof Of]?: Of[Key] | null };

/** A meter as a file names it. Fields that are absent keep their value, or for a new meter take the manual's usual one. */
export interface ImportRow {
  /** Of the file, from 1. */
  readonly line: number;
  readonly meterNo: string;
  readonly fields: Partial<Omit<NewMeter, 'meterNo' | 'address' | 'security' | 'balanceMeter'>> &
    Patch<Pick<NewMeter, 'balanceMeter'>>;
  readonly address: Patch<MeterAddress>;
  readonly security: Patch<MeterSecurity>;
  readonly secrets: MeterSecrets;
  /** What could not be read of it; of the field `row` when nothing could. */
  readonly problems: readonly FieldProblem[];
}

export interface ImportOptions {
  /** Whether meters that are in the archive already are changed; else they are errors, unless nothing would change. */
  readonly update: boolean;
}

/** What becomes of a row. */
export interface ImportedRow {
  readonly line: number;
  readonly meterNo: string;
  readonly action: 'create' | 'update' | 'unchanged' | 'error';
  readonly problems: readonly FieldProblem[];
  /** Of a new meter all its fields; of secrets only that they are given. */
  readonly changes: readonly {
    readonly field: string;
    readonly before: string | null;
    readonly after: string | null;
  }[];
  readonly meterId?: number;
}

export interface ImportPlan {
  readonly rows: readonly ImportedRow[];
  /** Stands for what would be done; another one when the archive has changed in between. */
  readonly digest: string;
}

/** Violations end in DcuError `invalid-field` (field named), `conflict` (MeterNo or line address taken, archive full) or `not-found`. */
export interface MeterArchive {
  list(query: MeterQuery): Promise<Page<MeterRow>>;
  get(id: number): Promise<MeterRow | undefined>;
  create(meter: NewMeter, secrets: MeterSecrets): Promise<MeterRow>;
  /** Secrets that are absent stay as they are. */
  update(id: number, change: Partial<NewMeter>, secrets?: MeterSecrets): Promise<MeterRow>;
  /** Removes the meter and all that was read of it. */
  remove(id: number): Promise<void>;
  /**
   * Puts a new meter into the place of another: that one is disabled and keeps all that was read of it, the new one takes channel,
   * task, profile and what is said of its place. Secrets, system title and signing key are a meter's own and are not taken over.
   */
  replace(id: number, by: Replacement, secrets: MeterSecrets): Promise<MeterRow>;
  /** What `import` would do, with everything that is wrong in each row. */
  planImport(rows: readonly ImportRow[], options: ImportOptions): Promise<ImportPlan>;
  /**
   * Enters and changes meters in one transaction: nothing is applied while a row has an error, unless `soundOnly`.
   * @throws DcuError `conflict` when `digest` is given and is not that of what would be done now
   */
  import(
    rows: readonly ImportRow[],
    options: ImportOptions & { readonly soundOnly: boolean; readonly digest?: string },
  ): Promise<ImportPlan & { readonly applied: boolean }>;
}
