/**
 * The thread that owns the database, so that a slow disk blocks nobody who serves a line or a browser. Started by
 * `ThreadExecutor`; an entry point of its own for the compiled executable.
 */
import type { Executor } from './executor.ts';
import { LocalExecutor } from './local-executor.ts';
import { openDatabase } from './open-database.ts';
import { type Reply, type Request, toWire } from './thread-messages.ts';

declare const self: Worker;

/** Nobody else waits on this thread: groups may be larger than in the main one. */
const GROUP_MS = 20;

type AnyCall = (name: string, ...args: readonly unknown[]) => Promise<unknown>;

let executor: Executor | undefined;

async function answer(request: Request): Promise<unknown> {
  if (request.do === 'open') {
    const { db, ...before } = await openDatabase(request.directory, request.nowMs);
    executor = new LocalExecutor(db, () => performance.now(), GROUP_MS);
    return before;
  }
  if (executor === undefined) throw new Error('the database is not open');
  switch (request.do) {
    case 'read':
      return (executor.read.bind(executor) as AnyCall)(request.name, ...request.args);
    case 'write':
      return (executor.write.bind(executor) as AnyCall)(request.name, ...request.args);
    case 'close':
      return executor.close();
  }
}

self.onmessage = ({ data: request }: MessageEvent<Request>): void => {
  answer(request).then(
    (result) => self.postMessage({ id: request.id, ok: true, result } satisfies Reply),
    (error: unknown) => self.postMessage({ id: request.id, ok: false, error: toWire(error) } satisfies Reply),
  );
};
