import type { Arguments, ReadName, Result, WriteName } from './operations.ts';

/** Runs operations, here or on another thread. A write's promise resolves when its transaction is on disk. */
export interface Executor {
  read<Name extends ReadName>(name: Name, ...args: Arguments<Name>): Promise<Result<Name>>;
  write<Name extends WriteName>(name: Name, ...args: Arguments<Name>): Promise<Result<Name>>;
  /** Finishes what was asked for, marks the file as cleanly closed and closes it. */
  close(): Promise<void>;
}
