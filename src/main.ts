import { DcuError } from './base/errors.ts';
import type { CliIo } from './cli/command.ts';
import { COMMANDS } from './cli/index.ts';
import { runCli } from './cli/program.ts';

/** Resolves when everything written to the stream so far has left the process. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed) resolve();
    else stream.write('', () => resolve());
  });
}

async function main(): Promise<never> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    // Once: a second one finds the system's own handling and ends a command that does not come to its end.
    process.once(signal, () => stop.abort(new DcuError('cancelled', `stopped by ${signal}`)));
  }
  // A reader that has gone (`dcu … | head`) is no failure of ours: nobody listens, so we stop.
  process.stdout.on('error', () => stop.abort(new DcuError('cancelled', 'standard output is closed')));
  process.stderr.on('error', () => {});
  const io: CliIo = {
    out: (line) => {
      process.stdout.write(`${line}\n`);
    },
    err: (line) => {
      process.stderr.write(`${line}\n`);
    },
    signal: stop.signal,
  };
  const status = await runCli(process.argv.slice(2), io, COMMANDS);
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  process.exit(status);
}

void main();
