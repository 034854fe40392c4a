import type {
  Attempt,
  ClockCheck,
  ClockCorrection,
  CollectionStore,
  LogMark,
  MeterContact,
} from '../../src/base/collection.ts';
import type { G3Finding, G3Stranger } from '../../src/base/g3.ts';
import type {
  CaptureColumn,
  CollectionKind,
  EventLog,
  Interval,
  Meter,
  MeterEvent,
  MeterSecrets,
  MeterState,
  ProfileKind,
  ProfileRows,
  RegisterReading,
  TaskGroup,
  TaskItem,
} from '../../src/base/model.ts';

/** A CollectionStore in memory that counts what was fetched more than once. */
export class MemoryStore implements CollectionStore {
  meterList: Meter[] = [];
  groups: TaskGroup[] = [];
  items: TaskItem[] = [];
  attributes: Record<string, Record<string, string>> = {};
  secretsOf = new Map<number, MeterSecrets>();
  readonly rows = new Map<string, Map<number, string>>();
  readonly covered = new Map<string, Interval[]>();
  readonly columnsOf = new Map<string, readonly CaptureColumn[]>();
  readonly attempts: Attempt[] = [];
  readonly savedRegisters: RegisterReading[] = [];
  readonly clockChecks: ClockCheck[] = [];
  readonly states: { readonly meterId: number; readonly state: MeterState }[] = [];
  readonly contactOf = new Map<number, MeterContact>();
  readonly corrections: ClockCorrection[] = [];
  readonly marks = new Map<number, Map<string, LogMark>>();
  settings: Record<string, string> = {};
  readonly g3Findings: G3Finding[] = [];
  readonly nextCounter = new Map<string, number>();
  /** Rows that were handed in although they were there. */
  duplicates = 0;
  /** Throws in the next writes of rows. */
  failWrites: (() => Error) | undefined;

  async saveG3Finding(finding: G3Finding): Promise<readonly G3Stranger[]> {
    this.g3Findings.push(finding);
    return [];
  }
  async meters(): Promise<readonly Meter[]> {
    return this.meterList;
  }
  async secrets(meterId: number): Promise<MeterSecrets> {
    return this.secretsOf.get(meterId) ?? {};
  }
  async taskGroups(): Promise<readonly TaskGroup[]> {
    return this.groups;
  }
  async taskItems(): Promise<readonly TaskItem[]> {
    return this.items;
  }
  async protocolAttributes(protocol: string): Promise<Readonly<Record<string, string>>> {
    return this.attributes[protocol] ?? {};
  }
  async forgetCoverage(fromMs: number): Promise<void> {
    for (const [key, covered] of this.covered) {
      this.covered.set(
        key,
        covered
          .filter((one) => one.fromMs < fromMs)
          .map((one) => ({ ...one, toMs: Math.min(one.toMs, fromMs) })),
      );
    }
  }

  async coverage(meterId: number, kind: CollectionKind): Promise<readonly Interval[]> {
    return this.covered.get(`${meterId}:${kind}`) ?? [];
  }
  async appendProfile(
    meterId: number,
    kind: ProfileKind,
    rows: ProfileRows,
    covered: Interval | undefined,
  ): Promise<{ readonly added: number }> {
    this.columnsOf.set(`${meterId}:${kind}`, rows.columns);
    const entries = Array.from(rows.times, (time, row): [number, string] => [
      time,
      JSON.stringify(rows.values.map((column) => String(column.values[row]))),
    ]);
    return { added: this.#append(`${meterId}:${kind}`, entries, covered) };
  }
  async appendEvents(
    meterId: number,
    log: EventLog,
    events: readonly MeterEvent[],
    covered: Interval | undefined,
  ): Promise<{ readonly added: number }> {
    const entries = events.map((event): [number, string] => [
      event.time + event.code / 1000,
      String(event.code),
    ]);
    return { added: this.#append(`${meterId}:${log}`, entries, covered) };
  }
  async columns(meterId: number, kind: ProfileKind): Promise<readonly CaptureColumn[] | undefined> {
    return this.columnsOf.get(`${meterId}:${kind}`);
  }
  async registers(meterId: number): Promise<readonly RegisterReading[]> {
    const own = this.savedRegisters.filter((reading) => reading.meterId === meterId);
    return [...new Map(own.map((reading) => [`${reading.obis}:${reading.attribute}`, reading])).values()];
  }
  async saveRegisters(readings: readonly RegisterReading[]): Promise<void> {
    this.savedRegisters.push(...readings);
  }
  async saveClockCheck(check: ClockCheck): Promise<void> {
    this.clockChecks.push(check);
  }
  async saveClockCorrection(correction: ClockCorrection): Promise<void> {
    this.corrections.push(correction);
  }
  async logMarks(meterId: number): Promise<readonly LogMark[]> {
    return [...(this.marks.get(meterId)?.values() ?? [])];
  }
  async saveLogMark(meterId: number, mark: LogMark): Promise<void> {
    const marks = this.marks.get(meterId) ?? new Map<string, LogMark>();
    this.marks.set(meterId, marks.set(mark.log, mark));
  }
  async contacts(): Promise<readonly MeterContact[]> {
    return [...this.contactOf.values()];
  }
  async setting(key: string): Promise<string | undefined> {
    return this.settings[key];
  }
  async lastSuccess(meterId: number, itemId: number): Promise<number | undefined> {
    return this.attempts.findLast(
      (attempt) => attempt.meterId === meterId && attempt.itemId === itemId && attempt.error === undefined,
    )?.finishedAt;
  }
  async saveAttempt(attempt: Attempt): Promise<void> {
    this.attempts.push(attempt);
  }
  async saveMeterState(meterId: number, state: MeterState, atMs: number): Promise<void> {
    this.states.push({ meterId, state });
    const before = this.contactOf.get(meterId);
    const lastSeen = state === 'online' ? atMs : before?.lastSeen;
    const offlineSince = state === 'offline' ? (before?.offlineSince ?? atMs) : undefined;
    this.contactOf.set(meterId, {
      meterId,
      state,
      ...(lastSeen === undefined ? {} : { lastSeen }),
      ...(offlineSince === undefined ? {} : { offlineSince }),
    });
  }
  counters = {
    peek: async (keyId: string): Promise<number> => this.nextCounter.get(keyId) ?? 0,
    reserve: async (keyId: string, count: number): Promise<number> => {
      const first = this.nextCounter.get(keyId) ?? 0;
      this.nextCounter.set(keyId, first + count);
      return first;
    },
    raise: async (keyId: string, value: number): Promise<void> => {
      this.nextCounter.set(keyId, Math.max(value, this.nextCounter.get(keyId) ?? 0));
    },
  };

  times(meterId: number, kind: CollectionKind): number[] {
    return [...(this.rows.get(`${meterId}:${kind}`)?.keys() ?? [])].sort((a, b) => a - b);
  }

  #append(key: string, entries: readonly [number, string][], covered: Interval | undefined): number {
    if (this.failWrites !== undefined) throw this.failWrites();
    const known = this.rows.get(key) ?? new Map<number, string>();
    this.rows.set(key, known);
    let added = 0;
    for (const [time, value] of entries) {
      if (known.has(time)) this.duplicates++;
      else added++;
      known.set(time, value);
    }
    if (covered !== undefined) this.covered.set(key, merge([...(this.covered.get(key) ?? []), covered]));
    return added;
  }
}

export function merge(intervals: readonly Interval[]): Interval[] {
  const out: Interval[] = [];
  for (const next of intervals.toSorted((a, b) => a.fromMs - b.fromMs)) {
    const last = out.at(-1);
    if (last !== undefined && next.fromMs <= last.toMs) {
      out[out.length - 1] = { fromMs: last.fromMs, toMs: Math.max(last.toMs, next.toMs) };
    } else out.push(next);
  }
  return out;
}
