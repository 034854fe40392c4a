import type { Environment } from './environments.ts';

/** System title of the head-end, as hex. */
export const HES_TITLE = '4845530000000001';

/** Runs a program of a foreign stack with one job, a line of JSON; hands back the line that it answers. */
export async function askPeer<Told>(peer: Environment, program: string, job: object): Promise<Told> {
  const child = Bun.spawn([...peer.command(program)], {
    stdin: new Blob([`${JSON.stringify(job)}\n`]),
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  if ((await child.exited) !== 0) throw new Error(err.trimEnd().split('\n').slice(-4).join(' | '));
  return JSON.parse(out) as Told;
}

/** What some work came to, as a cell tells it. */
export async function outcome<Value>(
  work: () => Promise<Value>,
): Promise<{ readonly value: Value } | { readonly reason: string }> {
  try {
    return { value: await work() };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) };
  }
}
