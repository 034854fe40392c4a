import { benchCommand } from './bench.ts';
import type { CliCommand } from './command.ts';
import { decodeCommand } from './decode.ts';
import { readCommand } from './read.ts';

/** Every command of `dcu`: a static list, for a compiled executable has no directory to scan. */
export const COMMANDS: readonly CliCommand[] = [readCommand, decodeCommand, benchCommand];
