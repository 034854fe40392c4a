import { isDeepStrictEqual } from 'node:util';
import { type Environment, javaPeer, pythonPeer } from './environments.ts';
import { ourClient } from './our-client.ts';
import { COMMAND_OPERATIONS, keyFiles, ourCommand } from './our-command.ts';
import { listenOurMeter } from './our-meter.ts';
import {
  dlmsCosemLacks,
  guruxClientLacks,
  guruxMeterLacks,
  jdlmsClientLacks,
  jdlmsServerLacks,
  type Lacks,
} from './peers.ts';
import { PeerProgram, type Told } from './worker.ts';
import {
  COLUMNS,
  type Column,
  EXPECTED,
  FRAMINGS,
  OPERATIONS,
  type Operation,
  REFERENCINGS,
  worldForPeers,
} from './world.ts';

export interface Cell {
  readonly direction: string;
  readonly framing: string;
  readonly referencing: string;
  readonly association: string;
  readonly operation: string;
  readonly outcome: 'passed' | 'failed' | 'peer lacks it' | 'n/a';
  /** Why it failed, or what the peer lacks. */
  readonly reason?: string;
}

/** Tries operations in one association and says what each brought. */
type Attempt = (column: Column, operations: readonly Operation[]) => Promise<Readonly<Record<string, Told>>>;

interface Direction {
  readonly name: string;
  readonly operations: readonly Operation[];
  readonly lacks: Lacks;
  /** Each takes columns from the same queue; none of them works on two at a time. */
  readonly workers: readonly Attempt[];
}

/** Clients of peers that run side by side, one for each core that the smallest machine has. */
const CLIENTS = 2;

export type Log = (line: string) => void;

/** Runs the directions that are `wanted` and tells what became of each cell. */
export async function runDirections(log: Log, wanted: (name: string) => boolean): Promise<readonly Cell[]> {
  const started = Date.now();
  const [gurux, dlmsCosem, jdlms] = await Promise.all([
    // -O: an assertion of the library says that a ciphered PDU with short names is empty.
    pythonPeer('gurux', ['-O']),
    pythonPeer('dlms-cosem'),
    javaPeer(),
  ]);
  log(`environments are ready after ${Math.round((Date.now() - started) / 1000)} s`);
  const files = keyFiles();
  const programs: PeerProgram[] = [];
  const start = (environment: Environment, program: string): PeerProgram => {
    const running = new PeerProgram(environment.command(program), worldForPeers());
    programs.push(running);
    return running;
  };
  const listeners = new Map(FRAMINGS.map((framing) => [framing, listenOurMeter(framing)]));
  const ourPort = (framing: Column['framing']): number => listeners.get(framing)?.port ?? 0;
  const peerClients = (environment: Environment): Attempt[] =>
    Array.from({ length: CLIENTS }, () =>
      clientOf(start(environment, environment === jdlms ? 'InteropClient' : 'client'), ourPort),
    );
  try {
    const [guruxMeter, jdlmsMeter] = [start(gurux, 'meter'), start(jdlms, 'InteropServer')];
    const [guruxPorts, jdlmsPorts] = await Promise.all([portsOf(guruxMeter), portsOf(jdlmsMeter)]);
    const directions: Direction[] = [
      {
        name: 'our client, Gurux meter',
        operations: OPERATIONS,
        lacks: guruxMeterLacks,
        workers: twice((column, operations) =>
          ourClient(
            { port: guruxPorts(column.framing), server: 1, refusesWrites: true, writesLists: false },
            column,
            operations,
          ),
        ),
      },
      {
        name: 'dcu read, Gurux meter',
        operations: COMMAND_OPERATIONS,
        lacks: guruxMeterLacks,
        workers: twice((column, operations) =>
          ourCommand(guruxPorts(column.framing), files.path, column, operations),
        ),
      },
      {
        name: 'our client, jDLMS meter',
        operations: OPERATIONS,
        lacks: jdlmsServerLacks,
        workers: twice((column, operations) => {
          const { framing, referencing, kind } = column;
          const port = jdlmsPorts(`${framing}/${referencing}`);
          return ourClient(
            { port, server: kind.client, refusesWrites: referencing === 'ln', writesLists: true },
            column,
            operations,
          );
        }),
      },
      {
        name: 'Gurux client, our meter',
        operations: OPERATIONS,
        lacks: guruxClientLacks,
        workers: peerClients(gurux),
      },
      {
        name: 'jDLMS client, our meter',
        operations: OPERATIONS,
        lacks: jdlmsClientLacks,
        workers: peerClients(jdlms),
      },
      {
        name: 'dlms-cosem client, our meter',
        operations: OPERATIONS,
        lacks: dlmsCosemLacks,
        workers: peerClients(dlmsCosem),
      },
    ];
    const cells: Cell[] = [];
    for (const direction of directions.filter(({ name }) => wanted(name))) {
      const began = Date.now();
      cells.push(...(await cellsOf(direction)));
      log(`${direction.name}: ${((Date.now() - began) / 1000).toFixed(1)} s`);
    }
    return cells;
  } finally {
    files.remove();
    await Promise.all(programs.map((program) => program.stop()));
    await Promise.all([...listeners.values()].map((listener) => listener.close()));
  }
}

const twice = (attempt: Attempt): readonly Attempt[] => [attempt, attempt];

function clientOf(program: PeerProgram, portOf: (framing: Column['framing']) => number): Attempt {
  return ({ framing, referencing, kind }, operations) =>
    program.run({ port: portOf(framing), framing, referencing, client: kind.client, operations });
}

async function portsOf(program: PeerProgram): Promise<(name: string) => number> {
  const { ports } = await program.ready();
  return (name) => {
    const port: unknown = typeof ports === 'object' && ports !== null ? Reflect.get(ports, name) : undefined;
    if (typeof port !== 'number') throw new Error(`the peer's meter has no port for ${name}`);
    return port;
  };
}

async function cellsOf(direction: Direction): Promise<Cell[]> {
  const cells: Cell[] = [];
  const queue = COLUMNS.filter(({ referencing }) => REFERENCINGS.includes(referencing));
  await Promise.all(
    direction.workers.map(async (attempt) => {
      for (let column = queue.shift(); column !== undefined; column = queue.shift()) {
        cells.push(...(await columnCells(direction, column, attempt)));
      }
    }),
  );
  return cells;
}

async function columnCells(
  { name, operations, lacks }: Direction,
  column: Column,
  attempt: Attempt,
): Promise<Cell[]> {
  const { framing, referencing, kind } = column;
  const cell = (operation: string, outcome: Cell['outcome'], reason?: string): Cell => ({
    direction: name,
    framing,
    referencing,
    association: kind.name,
    operation,
    outcome,
    ...(reason === undefined ? {} : { reason }),
  });
  const cells: Cell[] = [];
  const tried = operations.filter((operation) => {
    if (operation === 'access' && referencing === 'sn') {
      cells.push(cell(operation, 'n/a', 'the unified service is for logical names'));
      return false;
    }
    const reason = lacks(column, operation);
    if (reason !== undefined) cells.push(cell(operation, 'peer lacks it', reason));
    else if (operation === 'wrong secret' && kind.auth === 'none' && kind.suite === undefined) {
      cells.push(cell(operation, 'n/a', 'there is no secret'));
    } else return true;
    return false;
  });
  if (tried.length === 0) return cells;
  const told = await attempt(column, tried).catch((thrown: unknown) => {
    const error = thrown instanceof Error ? thrown.message : String(thrown);
    return Object.fromEntries(tried.map((operation): [string, Told] => [operation, { error }]));
  });
  for (const operation of tried) {
    const reason = complaint(told[operation], EXPECTED[operation]);
    cells.push(reason === undefined ? cell(operation, 'passed') : cell(operation, 'failed', reason));
  }
  const release = complaint(told['release'], undefined);
  if (told['release'] !== undefined && release !== undefined) cells.push(cell('release', 'failed', release));
  return cells;
}

/** What is wrong with what was told; undefined when it is what must come. */
function complaint(told: Told | undefined, expected: unknown): string | undefined {
  if (told === undefined) return 'nothing was told';
  if ('error' in told) return told.error;
  if (isDeepStrictEqual(told.value, expected)) return undefined;
  const [found, due] = [told.value, expected].map((value) => JSON.stringify(value)?.slice(0, 200));
  return `${found} where ${due} is due`;
}
