import type { CliCommand } from './command.ts';

/** Every command of `dcu`: a static list, for a compiled executable has no directory to scan. */
export const COMMANDS: readonly CliCommand[] = [];
