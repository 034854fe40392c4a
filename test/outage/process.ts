import { join } from 'node:path';

/** A program of this folder in a process of its own. */
export class Child {
  readonly lines: AsyncIterable<string>;
  readonly #process: Bun.Subprocess<'ignore', 'pipe', 'inherit'>;

  constructor(file: string, job: object) {
    this.#process = Bun.spawn([process.execPath, join(import.meta.dir, file), JSON.stringify(job)], {
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'inherit',
    });
    this.lines = linesOf(this.#process.stdout);
  }

  /** Whether it has ended, of itself or not. */
  get ended(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  /** SIGKILL: it has no chance to do anything. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#process.exited;
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of stream) {
    const whole = (text + decoder.decode(chunk, { stream: true })).split('\n');
    text = whole.pop() ?? '';
    yield* whole;
  }
}
