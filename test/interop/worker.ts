import type { Operation } from './world.ts';

/** What a peer's program says about one operation. */
export type Told = { readonly value: unknown } | { readonly error: string };

export interface Job {
  readonly port: number;
  readonly framing: string;
  readonly referencing: string;
  readonly client: number;
  readonly operations: readonly Operation[];
}

type Line = Readonly<Record<string, unknown>>;

const READY_MS = 60_000;
const JOB_MS = 120_000;

/** A peer's program that takes lines of JSON and answers with lines of JSON; the first line it is told is the world. */
export class PeerProgram {
  readonly #command: readonly string[];
  readonly #child: Bun.Subprocess<'pipe', 'pipe', 'pipe'>;
  readonly #waiting: { readonly resolve: (line: Line) => void; readonly reject: (error: Error) => void }[] =
    [];
  readonly #ended: Promise<void>;
  #last: Promise<unknown> = Promise.resolve();
  #error: Error | undefined;

  constructor(command: readonly string[], world: string) {
    this.#command = command;
    this.#child = Bun.spawn([...command], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#tell(world);
    this.#ended = this.#read();
  }

  /** The line that a server says of itself once it listens. */
  ready(): Promise<Line> {
    return this.#next(READY_MS);
  }

  /** Jobs of one program run one after the other. */
  run(job: Job): Promise<Readonly<Record<string, Told>>> {
    const done = this.#last.then(async () => {
      const answer = this.#next(JOB_MS);
      this.#tell(JSON.stringify(job));
      const { results } = await answer;
      if (!isTold(results))
        throw new Error(`${this.#command.join(' ')} answers with ${JSON.stringify(results)}`);
      return results;
    });
    this.#last = done.catch(() => undefined);
    return done;
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL');
    await Promise.all([this.#child.exited, this.#ended]);
  }

  #tell(line: string): void {
    void this.#child.stdin.write(`${line}\n`);
    void this.#child.stdin.flush();
  }

  #next(timeoutMs: number): Promise<Line> {
    return new Promise((resolve, reject) => {
      if (this.#error !== undefined) {
        reject(this.#error);
        return;
      }
      const timer = setTimeout(() => {
        this.#error = new Error(`${this.#command.join(' ')} was silent for ${timeoutMs} ms`);
        this.#child.kill('SIGKILL');
      }, timeoutMs);
      this.#waiting.push({
        resolve: (line) => {
          clearTimeout(timer);
          resolve(line);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
    });
  }

  #heard(text: string): void {
    const waiting = this.#waiting.shift();
    try {
      const line: Line = JSON.parse(text);
      waiting?.resolve(line);
    } catch {
      waiting?.reject(new Error(`${this.#command.join(' ')} says ${text.slice(0, 200)}`));
    }
  }

  async #read(): Promise<void> {
    const errors = new Response(this.#child.stderr).text();
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of this.#child.stdout) {
      text += decoder.decode(chunk, { stream: true });
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
        this.#heard(text.slice(0, end));
        text = text.slice(end + 1);
      }
    }
    const said = (await errors).trim().split('\n').slice(-6).join(' | ');
    this.#error ??= new Error(`${this.#command.join(' ')} ended: ${said}`);
    for (const { reject } of this.#waiting.splice(0)) reject(this.#error);
  }
}

function isTold(value: unknown): value is Readonly<Record<string, Told>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every(
      (told) => typeof told === 'object' && told !== null && ('value' in told || 'error' in told),
    )
  );
}
