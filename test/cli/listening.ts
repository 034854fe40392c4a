import type { CliIo } from '../../src/cli/command.ts';
import { listenCommand } from '../../src/cli/listen.ts';
import { runCli } from '../../src/cli/program.ts';

/** A `dcu listen` in this process, on a free port. */
export class Listening {
  readonly out: string[] = [];
  readonly err: string[] = [];
  readonly #stop = new AbortController();
  readonly #waiting = new Set<() => void>();
  readonly status: Promise<number>;

  constructor(...args: string[]) {
    const io: CliIo = {
      out: (line) => this.#said(this.out, line),
      err: (line) => this.#said(this.err, line),
      signal: this.#stop.signal,
    };
    const all = ['listen', '--port', '0', '--host', '127.0.0.1', ...args];
    this.status = runCli(all, io, [listenCommand]);
  }

  /** The port once it is open. */
  async port(): Promise<number> {
    await this.until(() => this.err.some((line) => line.startsWith('listening on')));
    return Number(/:(\d+)/.exec(this.err.find((line) => line.startsWith('listening on')) ?? '')?.[1]);
  }

  /** JSON documents so far, without the first. */
  documents(): Record<string, unknown>[] {
    return this.out.slice(1).map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  async until(done: () => boolean, timeoutMs = 3000): Promise<void> {
    const endMs = performance.now() + timeoutMs;
    while (!done()) {
      const leftMs = endMs - performance.now();
      if (leftMs <= 0)
        throw new Error(
          `not within ${timeoutMs} ms; out: ${this.out.join('\n')}; err: ${this.err.join('\n')}`,
        );
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#waiting.add(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  async stop(): Promise<number> {
    this.#stop.abort(new Error('the test is over'));
    return this.status;
  }

  #said(into: string[], line: string): void {
    into.push(line);
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}

/** Sends bytes over a connection of its own and leaves it open until `close`; what comes back is in `heard`. */
export async function sendTcp(
  port: number,
  ...runs: Uint8Array[]
): Promise<{ readonly heard: Uint8Array[]; close(): void }> {
  const heard: Uint8Array[] = [];
  const socket = await Bun.connect({
    hostname: '127.0.0.1',
    port,
    socket: { data: (_, bytes: Uint8Array) => void heard.push(new Uint8Array(bytes)) },
  });
  for (const run of runs) socket.write(run);
  socket.flush();
  return { heard, close: () => void socket.end() };
}

export async function sendUdp(
  port: number,
  ...datagrams: Uint8Array[]
): Promise<{ readonly heard: Uint8Array[]; close(): void }> {
  const heard: Uint8Array[] = [];
  const socket = await Bun.udpSocket({
    connect: { hostname: '127.0.0.1', port },
    socket: { data: (_, bytes: Uint8Array) => void heard.push(new Uint8Array(bytes)) },
  });
  for (const datagram of datagrams) socket.send(datagram);
  return { heard, close: () => socket.close() };
}
