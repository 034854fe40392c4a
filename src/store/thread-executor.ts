import { DcuError } from '../base/errors.ts';
import type { Executor } from './executor.ts';
import type { OpenedDatabase } from './open-database.ts';
import type { Arguments, ReadName, Result, WriteName } from './operations.ts';
import { fromWire, type Reply, type Request } from './thread-messages.ts';

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

type Unnumbered<Message> = Message extends unknown ? Omit<Message, 'id'> : never;

/** In a compiled executable entry points are found from the directory that all of them share, `src/`. */
const isCompiled = (): boolean => Bun.main.startsWith('/$bunfs/');
const threadUrl = (): string | URL =>
  isCompiled() ? './store/writer-thread.ts' : new URL('./writer-thread.ts', import.meta.url);

/** Runs operations on a thread of their own. Should the thread die, everything asked of it fails. */
export class ThreadExecutor implements Executor {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 0;
  #dead: DcuError | undefined;

  private constructor() {
    this.#worker = new Worker(threadUrl());
    this.#worker.onmessage = ({ data: reply }: MessageEvent<Reply>) => this.#settle(reply);
    this.#worker.onerror = (event) => this.#die(event.message);
  }

  /** Opens the database on a new thread. @throws what `openDatabase` throws */
  static async open(
    directory: string,
    nowMs: number,
  ): Promise<{ readonly executor: ThreadExecutor; readonly before: Omit<OpenedDatabase, 'db'> }> {
    const executor = new ThreadExecutor();
    try {
      const before = await executor.#ask({ do: 'open', directory, nowMs });
      return { executor, before: before as Omit<OpenedDatabase, 'db'> };
    } catch (error) {
      executor.#worker.terminate();
      throw error;
    }
  }

  read<Name extends ReadName>(name: Name, ...args: Arguments<Name>): Promise<Result<Name>> {
    return this.#ask({ do: 'read', name, args }) as Promise<Result<Name>>;
  }

  write<Name extends WriteName>(name: Name, ...args: Arguments<Name>): Promise<Result<Name>> {
    return this.#ask({ do: 'write', name, args }) as Promise<Result<Name>>;
  }

  async close(): Promise<void> {
    if (this.#dead !== undefined) return;
    const closed = this.#ask({ do: 'close' });
    this.#dead = new DcuError('cancelled', 'the store is closed');
    try {
      await closed;
    } finally {
      this.#worker.terminate();
    }
  }

  #ask(request: Unnumbered<Request>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#dead !== undefined) throw this.#dead;
      const id = this.#nextId++;
      this.#worker.postMessage({ ...request, id });
      this.#waiting.set(id, { resolve, reject });
    });
  }

  #settle(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (reply.ok) waiting?.resolve(reply.result);
    else waiting?.reject(fromWire(reply.error));
  }

  #die(reason: string): void {
    this.#dead = new DcuError('storage-failed', `the thread of the store ended: ${reason}`);
    for (const waiting of this.#waiting.values()) waiting.reject(this.#dead);
    this.#waiting.clear();
  }
}
