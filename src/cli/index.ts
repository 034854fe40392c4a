import { benchCommand } from './bench.ts';
import type { CliCommand } from './command.ts';
import { conformanceCommand } from './conformance.ts';
import { decodeCommand } from './decode.ts';
import { demoCommand } from './demo.ts';
import { discoverCommand } from './discover.ts';
import { imageCommand } from './image.ts';
import { importCommand } from './import.ts';
import { listenCommand } from './listen.ts';
import { readCommand } from './read.ts';
import { readOutCommand } from './read-out.ts';
import { replayCommand } from './replay.ts';
import { serveCommand } from './serve.ts';
import { simulateCommand } from './simulate.ts';

/** Every command of `dcu`: a static list, for a compiled executable has no directory to scan. */
export const COMMANDS: readonly CliCommand[] = [
  serveCommand,
  demoCommand,
  simulateCommand,
  readCommand,
  readOutCommand,
  discoverCommand,
  importCommand,
  imageCommand,
  listenCommand,
  conformanceCommand,
  decodeCommand,
  replayCommand,
  benchCommand,
];
