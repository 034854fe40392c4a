import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { TaskType } from '../../src/base/model.ts';
import type { AcknowledgedBatch } from '../../src/concentrator/core.ts';

/** What the concentrator says of itself; a line of JSON each, written whole before anything else happens. */
export type Note =
  /** Rows or events of which the store has said that they are on disk. */
  | { readonly stored: AcknowledgedBatch }
  /** A task that went well, and the time by its clock at which the meter was first asked. */
  | { readonly read: { readonly meterId: number; readonly type: TaskType; readonly startMs: number } }
  /** An item on its way to the head-end. */
  | { readonly sent: number }
  /** Items whose acknowledgement is on disk. */
  | { readonly settled: readonly number[] };

/** A process that is killed leaves in it whatever it has said until then. */
export class Journal {
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, 'a');
  }

  write(note: Note): void {
    writeSync(this.#file, `${JSON.stringify(note)}\n`);
  }

  close(): void {
    closeSync(this.#file);
  }
}

export function readJournal(path: string): Note[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.slice(0, -1).map((line) => JSON.parse(line) as Note);
}
