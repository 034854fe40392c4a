import { join } from 'node:path';

export const FRAMINGS = ['wrapper', 'hdlc'] as const;
export const MECHANISMS = ['none', 'lls', 'hls-gmac'] as const;

/** One column of the table: how the two sides talk to each other. */
export interface Combination {
  readonly framing: (typeof FRAMINGS)[number];
  readonly auth: (typeof MECHANISMS)[number];
}

export const COMBINATIONS: readonly Combination[] = FRAMINGS.flatMap((framing) =>
  MECHANISMS.map((auth) => ({ framing, auth })),
);

export interface Cell {
  readonly test: string;
  readonly combination: Combination;
  readonly outcome: 'passed' | 'failed' | 'peer lacks it' | 'n/a';
  /** Why it failed, or what the peer lacks. */
  readonly reason?: string;
}

/** Thrown by a test for what the other stack cannot do; no failure of either side. */
export class PeerLacks extends Error {}

/** Thrown by a test that means nothing with this framing or authentication. */
export class NotApplicable extends Error {}

/** One test in one combination; whatever it throws becomes its cell. */
export async function cellOf(
  test: string,
  combination: Combination,
  run: () => Promise<void> | void,
): Promise<Cell> {
  try {
    await run();
    return { test, combination, outcome: 'passed' };
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    if (thrown instanceof NotApplicable) return { test, combination, outcome: 'n/a', reason };
    if (thrown instanceof PeerLacks) return { test, combination, outcome: 'peer lacks it', reason };
    return { test, combination, outcome: 'failed', reason };
  }
}

const GURUX = join(import.meta.dir, 'gurux');

/** A program that keeps running and says on its first line of JSON where it can be reached. */
export interface Served<Ready> {
  readonly ready: Ready;
  stop(): Promise<void>;
}

/** Starts a server and waits for its line; `isReady` is that line's shape. */
export async function serve<Ready>(
  command: readonly string[],
  isReady: (line: unknown) => line is Ready,
): Promise<Served<Ready>> {
  const child = Bun.spawn([...command], { stdio: ['ignore', 'pipe', 'pipe'] });
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await child.exited;
  };
  const errors = new Response(child.stderr).text();
  const timer = setTimeout(() => child.kill('SIGKILL'), 60_000);
  let text = '';
  const decoder = new TextDecoder();
  const reader = child.stdout.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) throw new Error(`${command.join(' ')} ended before it was ready: ${await errors}`);
      text += decoder.decode(value, { stream: true });
      const end = text.indexOf('\n');
      if (end < 0) continue;
      const line: unknown = JSON.parse(text.slice(0, end));
      if (!isReady(line)) throw new Error(`${command.join(' ')} said ${text.slice(0, 200)}`);
      return { ready: line, stop };
    }
  } catch (thrown) {
    child.kill('SIGKILL');
    throw thrown;
  } finally {
    clearTimeout(timer);
    reader.releaseLock();
  }
}

/** A meter made of the Gurux library, on a port of its own. */
export function serveGuruxMeter(
  python: string,
  { framing, auth }: Combination,
): Promise<Served<{ readonly port: number }>> {
  const command = [python, join(GURUX, 'meter.py'), '--framing', framing, '--auth', auth];
  return serve(command, (line): line is { readonly port: number } => {
    return typeof line === 'object' && line !== null && 'port' in line && typeof line.port === 'number';
  });
}

/** Reads a meter with the Gurux client; its document stands on the last line. */
export async function readWithGurux(python: string, args: readonly string[]): Promise<unknown> {
  const child = Bun.spawn([python, join(GURUX, 'reader.py'), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), 120_000);
  const [out, err, status] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  clearTimeout(timer);
  if (status !== 0)
    throw new Error(`the Gurux client failed: ${err.trim().split('\n').slice(-4).join(' | ')}`);
  return JSON.parse(out.trimEnd().split('\n').at(-1) ?? '');
}
