import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DcuError } from '../../base/errors.ts';

const PACKAGE = 'gurux-dlms==1.0.203';
/** The environment of the tests against other stacks, where they have been run here. */
const READY = join(import.meta.dir, '../../../.interop/gurux/bin/python');
const INSTALL_MS = 120_000;

/**
 * A Python that has the Gurux library, in an environment of its own below `directory` where there is none.
 * @throws DcuError `unsupported` when Python or the package cannot be had
 */
export async function pythonWithGurux(directory: string, signal: AbortSignal): Promise<string> {
  if (existsSync(READY)) return READY;
  const system = Bun.which('python3');
  if (system === null) throw new DcuError('unsupported', 'there is no python3');
  const home = join(directory, 'environment');
  const python = join(home, 'bin', 'python');
  try {
    await run([system, '-m', 'venv', home], INSTALL_MS, signal);
    const quiet = ['--quiet', '--disable-pip-version-check', '--no-deps'];
    await run([python, '-m', 'pip', 'install', ...quiet, PACKAGE], INSTALL_MS, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    throw new DcuError('unsupported', `${PACKAGE} cannot be had`, { cause: error });
  }
  return python;
}

/** Standard output of a program that ends well. @throws DcuError `internal` with the end of what it said otherwise */
export async function run(
  command: readonly string[],
  timeout: number,
  signal: AbortSignal,
  input = '',
): Promise<string> {
  const child = Bun.spawn([...command], {
    stdin: new TextEncoder().encode(input),
    stdout: 'pipe',
    stderr: 'pipe',
    signal,
    timeout,
  });
  const [out, said, status] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (signal.aborted) throw new DcuError('cancelled', 'the benchmark was interrupted');
  if (status !== 0) {
    const last = said.trim().split('\n').slice(-2).join(' | ');
    throw new DcuError('internal', `${command[0]} ended with ${status}: ${last}`);
  }
  return out;
}
