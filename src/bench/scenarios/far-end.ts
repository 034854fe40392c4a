import { join } from 'node:path';
import { DcuError } from '../../base/errors.ts';

/** Files of a compiled executable are in it. */
const isCompiled = (): boolean => Bun.main.startsWith('/$bunfs/');

/**
 * The far end of a scenario in a process of its own, so that the two do not share an event loop. It is this program,
 * started with `bench NAME --far-end ARGS`; it says one line of JSON when it is ready and ends with its standard input.
 */
export class FarEnd {
  readonly #child: Bun.Subprocess<'pipe', 'pipe', 'inherit'>;
  readonly #lines: AsyncIterator<string>;

  /** `environment` is added to this process's own. */
  constructor(scenario: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    const main = isCompiled() ? [] : [join(import.meta.dir, '../../main.ts')];
    this.#child = Bun.spawn([process.execPath, ...main, 'bench', scenario, '--far-end', args.join(',')], {
      stdin: 'pipe',
      stdout: 'pipe',
      stderr: 'inherit',
      env: { ...process.env, ...environment },
    });
    this.#lines = linesOf(this.#child.stdout);
  }

  /** The next that it says: of itself when it is ready, later what it was told to do. @throws DcuError `internal` when it ends before */
  async ready(): Promise<unknown> {
    const { value, done } = await this.#lines.next();
    if (done !== true) return JSON.parse(value);
    throw new DcuError('internal', 'the far end of the benchmark ended before it was ready');
  }

  /** A line for its standard input. */
  async tell(line: string): Promise<void> {
    await this.#child.stdin.write(`${line}\n`);
    await this.#child.stdin.flush();
  }

  async stop(): Promise<void> {
    await this.#child.stdin.end();
    await this.#child.exited;
  }
}

/** Lines as they come, without their ends. */
export async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
      yield text.slice(0, end);
      text = text.slice(end + 1);
    }
  }
}

/** Resolves when whoever started this far end is done with it, or gone. */
export async function untilLetGo(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  process.stdin.on('end', resolve);
  process.stdin.on('error', resolve);
  process.stdin.resume();
  signal.addEventListener('abort', () => resolve(), { once: true });
  await promise;
}
