import { DcuError } from './base/errors.ts';
import type { CliIo } from './cli/command.ts';
import { COMMANDS } from './cli/index.ts';
import { runCli } from './cli/program.ts';

/** Writes lines in order and knows when the last of them has left the process. */
class LineWriter {
  readonly #stream: NodeJS.WriteStream;
  #pending = 0;
  #drained: (() => void) | undefined;

  constructor(stream: NodeJS.WriteStream, onError: () => void) {
    this.#stream = stream;
    stream.on('error', onError);
  }

  write(line: string): void {
    this.#pending++;
    // Only a write's own callback tells that it is done: an empty write behind it is called back at once.
    this.#stream.write(`${line}\n`, () => {
      if (--this.#pending === 0) this.#drained?.();
    });
  }

  drained(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#pending === 0) resolve();
      else this.#drained = resolve;
    });
  }
}

async function main(): Promise<never> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    // Once: a second one finds the system's own handling and ends a command that does not come to its end.
    process.once(signal, () => stop.abort(new DcuError('cancelled', `stopped by ${signal}`)));
  }
  // A reader that has gone (`dcu … | head`) is no failure of ours: nobody listens, so we stop.
  const out = new LineWriter(process.stdout, () =>
    stop.abort(new DcuError('cancelled', 'standard output is closed')),
  );
  const err = new LineWriter(process.stderr, () => {});
  const io: CliIo = {
    out: (line) => out.write(line),
    err: (line) => err.write(line),
    signal: stop.signal,
  };
  const status = await runCli(process.argv.slice(2), io, COMMANDS);
  await Promise.all([out.drained(), err.drained()]);
  process.exit(status);
}

void main();
