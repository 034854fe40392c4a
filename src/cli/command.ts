import type { Command } from 'commander';

/** Where a command writes: results to `out` (stdout), everything else to `err` (stderr). */
export interface CliIo {
  out(line: string): void;
  err(line: string): void;
  /** Aborts on SIGINT and SIGTERM; long commands end in an orderly way. */
  readonly signal: AbortSignal;
}

/**
 * One file of `cli/` defines one command. Its action throws a DcuError on failure; `main.ts` turns `usage` and
 * `invalid-argument` into exit status 2, everything else into 1, and prints it in the form asked for.
 */
export interface CliCommand {
  build(io: CliIo): Command;
}

/** The command has printed what went wrong as part of its result; nothing is left but exit status 1. */
export class ReportedFailure extends Error {
  override readonly name = 'ReportedFailure';
}
