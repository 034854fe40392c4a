import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Meter, ProfileRows } from '../../src/base/model.ts';
import { openHouse } from '../concentrator/house.ts';
import { type Neighbours, startNeighbours, writtenRows } from '../faults/neighbours.ts';

const MAIN = join(import.meta.dir, '../../src/main.ts');

export interface ServeOptions {
  readonly meters: number;
  /** Attributes of the channel `tcp_server` besides address and port. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Rows of the meters' energy profile from here on are in the store beforehand. */
  readonly sinceS: number;
}

/** `dcu serve` in a process of its own, for simulated meters that it has read before. */
export class ServeProcess {
  readonly port: number;
  readonly meters: readonly Meter[];
  readonly #stored: ReadonlyMap<number, ProfileRows>;
  readonly #directory: string;
  readonly #street: Neighbours;
  readonly #child: Bun.Subprocess;

  constructor(
    port: number,
    meters: readonly Meter[],
    stored: ReadonlyMap<number, ProfileRows>,
    directory: string,
    street: Neighbours,
    child: Bun.Subprocess,
  ) {
    this.port = port;
    this.meters = meters;
    this.#stored = stored;
    this.#directory = directory;
    this.#street = street;
    this.#child = child;
  }

  /** What the store had of a meter when the process was started. */
  stored(meterId: number): ProfileRows {
    const rows = this.#stored.get(meterId);
    if (rows === undefined) throw new Error(`nothing is stored of meter ${meterId}`);
    return rows;
  }

  /** How many energy rows the simulated meter itself wrote within [fromMs, toMs): fewer than a row a quarter hour after an outage. */
  written(meterId: number, fromMs: number, toMs: number): number {
    return writtenRows(this.#street.at(this.meters.findIndex(({ id }) => id === meterId)), fromMs, toMs)
      .length;
  }

  async end(): Promise<void> {
    this.#child.kill();
    await this.#child.exited;
    await this.#street.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** The archive is entered and the meters are read in this process; then the command takes the data directory over. */
export async function openServeProcess(options: ServeOptions): Promise<ServeProcess> {
  const directory = mkdtempSync(join(tmpdir(), 'opendcu-serve-'));
  const street = await startNeighbours({ meters: options.meters, auth: 'mixed' });
  const port = freePort();
  const house = await openHouse({ directory });
  const meters: Meter[] = [];
  const stored = new Map<number, ProfileRows>();
  try {
    for (const served of street.meters) meters.push(await house.serve(served));
    await house.recall('Energy profile', options.sinceS);
    await house.round(['Energy profile']);
    const { configuration, readings } = house.concentrator.store;
    for (const { id } of meters) {
      const rows = await readings.profile(id, 'energy', { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER });
      if (rows !== undefined) stored.set(id, rows);
    }
    await configuration.changeChannelAttributes('tcp_server', {
      ...options.attributes,
      host: '127.0.0.1',
      port: String(port),
    });
  } finally {
    await house.end();
  }
  const child = Bun.spawn([process.execPath, MAIN, 'serve', '--data', directory, '--port', '0', '--json'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ready = await child.stdout.getReader().read();
  if (ready.value === undefined) throw new Error(`dcu serve ended with ${await child.exited}`);
  return new ServeProcess(port, meters, stored, directory, street, child);
}

/** Nobody else is likely to take it in the moment until it is opened again. */
function freePort(): number {
  const server = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => {} } });
  const { port } = server;
  server.stop();
  return port;
}
