import { DcuError } from '../base/errors.ts';
import { type Database, storageError } from './database.ts';
import type { Executor } from './executor.ts';
import { closeDatabase } from './open-database.ts';
import { type Arguments, READS, type ReadName, type Result, WRITES, type WriteName } from './operations.ts';

interface Job {
  readonly run: () => unknown;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface Outcome {
  readonly job: Job;
  readonly result?: unknown;
  readonly error?: unknown;
}

/** Runs a commit a little later, so that what is asked for meanwhile joins it. */
export type Defer = (commit: () => void) => void;

/** Either table seen as functions of any arguments; `read` and `write` are what checks them. */
type AnyOperation = (db: Database, ...args: readonly unknown[]) => unknown;

/**
 * The one writer queue. Writes that wait are committed together: one transaction, one sync of the disk, then all of their promises
 * resolve. A group takes no more writes after `groupMs`, so that the thread gets to other things in between; each write has a
 * savepoint, so that one that fails does not take the others along.
 */
export class LocalExecutor implements Executor {
  readonly #db: Database;
  readonly #monotonicMs: () => number;
  readonly #groupMs: number;
  readonly #defer: Defer;
  readonly #queue: Job[] = [];
  #scheduled = false;
  #closed = false;

  constructor(db: Database, monotonicMs: () => number, groupMs: number, defer: Defer = setImmediate) {
    this.#db = db;
    this.#monotonicMs = monotonicMs;
    this.#groupMs = groupMs;
    this.#defer = defer;
  }

  async read<Name extends ReadName>(name: Name, ...args: Arguments<Name>): Promise<Result<Name>> {
    this.#requireOpen();
    const operation = READS[name] as unknown as AnyOperation;
    try {
      return operation(this.#db, ...args) as Result<Name>;
    } catch (error) {
      throw storageError(error);
    }
  }

  write<Name extends WriteName>(name: Name, ...args: Arguments<Name>): Promise<Result<Name>> {
    return new Promise((resolve, reject) => {
      this.#requireOpen();
      const operation = WRITES[name] as unknown as AnyOperation;
      this.#queue.push({
        run: () => operation(this.#db, ...args),
        resolve: (result) => resolve(result as Result<Name>),
        reject,
      });
      this.#schedule();
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    while (this.#queue.length > 0) this.#commitGroup();
    closeDatabase(this.#db);
  }

  #requireOpen(): void {
    if (this.#closed) throw new DcuError('cancelled', 'the store is closed');
  }

  #schedule(): void {
    if (this.#scheduled || this.#queue.length === 0) return;
    this.#scheduled = true;
    this.#defer(() => {
      this.#scheduled = false;
      if (this.#queue.length > 0) this.#commitGroup();
      this.#schedule();
    });
  }

  #commitGroup(): void {
    const taken: Job[] = [];
    let outcomes: readonly Outcome[];
    try {
      this.#db.run('BEGIN IMMEDIATE');
      outcomes = this.#runGroup(taken);
      this.#db.run('COMMIT');
    } catch (error) {
      // Nothing of the group is on disk: none of it may be acknowledged.
      this.#db.rollback();
      const reason = storageError(error);
      for (const job of taken.length > 0 ? taken : this.#queue.splice(0)) job.reject(reason);
      return;
    }
    for (const { job, result, error } of outcomes) {
      if (error === undefined) job.resolve(result);
      else job.reject(error);
    }
  }

  #runGroup(taken: Job[]): readonly Outcome[] {
    const outcomes: Outcome[] = [];
    const endsAt = this.#monotonicMs() + this.#groupMs;
    do {
      const job = this.#queue.shift();
      if (job === undefined) break;
      taken.push(job);
      outcomes.push(this.#runJob(job));
    } while (this.#monotonicMs() < endsAt);
    return outcomes;
  }

  #runJob(job: Job): Outcome {
    this.#db.run('SAVEPOINT one');
    try {
      const result = job.run();
      this.#db.run('RELEASE one');
      return { job, result };
    } catch (error) {
      // A failing disk may have ended the whole transaction already.
      if (!this.#db.inTransaction) throw error;
      this.#db.run('ROLLBACK TO one');
      this.#db.run('RELEASE one');
      return { job, error: storageError(error) };
    }
  }
}
