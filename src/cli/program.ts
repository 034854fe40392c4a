import { Command, CommanderError } from 'commander';
import { DcuError, toDcuError } from '../base/errors.ts';
import { type CliCommand, type CliIo, ReportedFailure } from './command.ts';
import { VERSION } from './version.ts';

const USAGE_CODES: ReadonlySet<string> = new Set(['usage', 'invalid-argument']);

/** Commander ends every line itself; `CliIo` takes lines without their end. */
const trimEnd = (text: string): string => text.replace(/\n$/, '');

function program(io: CliIo, commands: readonly CliCommand[]): Command {
  const root = new Command('dcu')
    .description('Software of a smart-meter data concentrator.')
    .version(VERSION, '--version', 'print the version')
    .exitOverride()
    .showHelpAfterError('(try --help)')
    .configureOutput({
      writeOut: (text) => io.out(trimEnd(text)),
      writeErr: (text) => io.err(trimEnd(text)),
    });
  for (const command of commands) root.addCommand(inherited(command.build(io), root));
  return root;
}

/** Errors and output of a command, and of those within it, are the program's. */
function inherited(command: Command, from: Command): Command {
  command.copyInheritedSettings(from);
  for (const inner of command.commands) inherited(inner, command);
  return command;
}

/**
 * Runs the command line `args` (without program name).
 *
 * Exit status: 0 done; 1 the command failed; 2 it was called wrongly. The reason goes to stderr, and with
 * `--json` also to stdout as `{"ok":false,"error":{"code","message",…}}`.
 */
export async function runCli(
  args: readonly string[],
  io: CliIo,
  commands: readonly CliCommand[],
): Promise<number> {
  try {
    await program(io, commands).parseAsync(args, { from: 'user' });
    return 0;
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return 0;
    if (thrown instanceof ReportedFailure) return 1;
    const ends = args.indexOf('--');
    const json = (ends < 0 ? args : args.slice(0, ends)).includes('--json');
    const error = thrown instanceof CommanderError ? usageError(thrown) : toDcuError(thrown);
    if (json) io.out(JSON.stringify({ ok: false, error: error.toJSON() }));
    // Commander has printed its own complaint already.
    if (!(thrown instanceof CommanderError)) io.err(`dcu: ${error.message} (${error.code})`);
    return USAGE_CODES.has(error.code) ? 2 : 1;
  }
}

function usageError(thrown: CommanderError): DcuError {
  const message =
    thrown.code === 'commander.help' ? 'no command given' : thrown.message.replace(/^error: /, '');
  return new DcuError('usage', message);
}
