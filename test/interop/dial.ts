import { encodeDataNotification } from '../../src/dlms/apdu/notification.ts';
import { encodeData } from '../../src/dlms/axdr.ts';
import { octetString } from '../../src/dlms/values.ts';
import { sapOf } from '../../src/headend/meter-saps.ts';
import {
  AUTHENTICATION_KEY,
  ENCRYPTION_KEY,
  openServed,
  PASSWORD,
  type ServedHouse,
} from '../headend/served.ts';
import type { Cell } from './directions.ts';
import { type Environment, javaPeer, pythonPeer } from './environments.ts';
import { HES_TITLE, outcome } from './head-end-peer.ts';
import { linesOf } from './lines.ts';
import { PeerProgram } from './worker.ts';
import { CLOCK_BEFORE, KINDS, type Kind, PASSWORD as METER_PASSWORD, worldForPeers } from './world.ts';

export const DIALLED = 'Gurux as head-end that we dial';
export const DIALLED_SERVERS = 'we dial, and are the client of Gurux and jDLMS';

const CHANNEL = 'tcp_client';
const METERS = 3;
const ID = 'DCU-4711';
/** Of a meter with which the head-end has no association. */
const METER_SAP = 18;
const AUTHS = ['lls', 'hls-sha256', 'hls-gmac'] as const;
type Auth = (typeof AUTHS)[number];
const OPERATIONS = ['SAP list', 'clock', 'heartbeat', 'push'] as const;
type Operation = (typeof OPERATIONS)[number];
/** A concentrator that has been started just now tells the time of this machine. */
const JUST_NOW_MS = 60_000;
const PATIENCE_MS = 20_000;

/** What the program told. */
interface Told {
  readonly saps: Readonly<Record<string, number>>;
  readonly again: Readonly<Record<string, number>>;
  readonly clock: string;
  /** Identification packets, as hex. */
  readonly heartbeats: readonly string[];
  readonly pushed: { readonly source: number; readonly value: unknown };
}

/**
 * The Gurux client as a head-end that the concentrator dials: it associates on that connection, finds the meters in the SAP list and
 * reads the clock, while identification packets come and are answered, in both ways that there are.
 */
export async function dialledCells(): Promise<Cell[]> {
  const gurux = await pythonPeer('gurux', ['-O']);
  const served = await openServed({ meters: METERS });
  try {
    const cells: Cell[] = [];
    for (const [turn, auth] of AUTHS.entries()) {
      const told = await outcome(() => dialled(gurux, served, auth, turn));
      for (const operation of OPERATIONS) {
        const checked =
          'value' in told ? await outcome(async () => CHECKS[operation](told.value, served)) : told;
        cells.push(cellOf(DIALLED, auth, operation, checked));
      }
    }
    return cells;
  } finally {
    await served.end();
  }
}

const cellOf = (
  direction: string,
  association: string,
  operation: string,
  checked: { readonly value: unknown } | { readonly reason: string },
): Cell => ({
  direction,
  framing: 'wrapper',
  referencing: 'ln',
  association,
  operation,
  ...('value' in checked ? { outcome: 'passed' } : { outcome: 'failed', reason: checked.reason }),
});

const secrets = { 'hes.encryption.key': ENCRYPTION_KEY, 'hes.authentication.key': AUTHENTICATION_KEY };

async function dialled(gurux: Environment, served: ServedHouse, auth: Auth, turn: number): Promise<Told> {
  const ciphered = auth === 'hls-gmac';
  const child = Bun.spawn([...gurux.command('hes_dialled')], { stdio: ['pipe', 'pipe', 'pipe'] });
  const failure = new Response(child.stderr).text();
  const job = {
    // No counter of the key may come twice.
    counter: 1 + turn * 1000,
    short: turn % 2 === 1,
    world: { password: new TextEncoder().encode(PASSWORD).toHex(), clientTitle: HES_TITLE },
    kind: {
      client: 1,
      auth,
      suite: ciphered ? 0 : null,
      ...(ciphered ? { encryptionKey: ENCRYPTION_KEY, authenticationKey: AUTHENTICATION_KEY } : {}),
    },
  };
  void child.stdin.write(`${JSON.stringify(job)}\n`);
  await child.stdin.flush();
  try {
    const lines = linesOf(child.stdout);
    const next = async <Line>(): Promise<Line> => {
      const { value, done } = await lines.next();
      if (done === true) throw new Error((await failure).trimEnd().split('\n').slice(-4).join(' | '));
      return JSON.parse(value) as Line;
    };
    const { port } = await next<{ readonly port: number }>();
    await served.attributes(
      {
        'ip.1': '127.0.0.1',
        'port.1': String(port),
        'hes.auth': auth,
        'hes.password': PASSWORD,
        heartbeat: 'identification',
        'heartbeat.id': ID,
        'heartbeat.interval': '1',
        ...secrets,
      },
      CHANNEL,
    );
    const told = await next<Omit<Told, 'pushed'>>();
    const confirmed = push(served);
    const pushed = await next<Told['pushed']>();
    await confirmed;
    const answered = dialOf(served)?.heartbeats?.answered ?? 0;
    if (answered === 0) throw new Error('no heartbeat counts as answered');
    return { ...told, pushed };
  } finally {
    child.kill('SIGKILL');
    await child.exited;
  }
}

/** Resolves when it is confirmed. */
async function push(served: ServedHouse): Promise<void> {
  const open = served.house.concentrator.dialling.way(CHANNEL);
  if (open === undefined) throw new Error('the channel does not dial');
  const way = await open(AbortSignal.timeout(PATIENCE_MS));
  const body = encodeData({ type: 'structure', elements: [octetString(new TextEncoder().encode(ID))] });
  await way.send({ sap: METER_SAP, apdu: encodeDataNotification({ longInvoke: 0x40_00_00_07, body }) });
}

const dialOf = (served: ServedHouse) =>
  served.house.concentrator.dialling.views().find(({ channel }) => channel === CHANNEL)?.dial;

const CHECKS: Readonly<Record<Operation, (told: Told, served: ServedHouse) => void>> = {
  'SAP list': ({ saps, again }, { meters }) => {
    const wrong = meters.find(({ id, meterNo }) => saps[meterNo] !== sapOf(id));
    if (wrong !== undefined) throw new Error(`${wrong.meterNo} is logical device ${saps[wrong.meterNo]}`);
    if (!Bun.deepEquals(saps, again)) throw new Error('it is another one behind the heartbeats');
  },
  clock: ({ clock }) => {
    const offMs = Math.abs(Date.parse(clock) - Date.now());
    if (!(offMs < JUST_NOW_MS)) throw new Error(`the clock shows ${clock}`);
  },
  heartbeat: ({ heartbeats }) => {
    const expected = `dd1000000000${new TextEncoder().encode(ID.padStart(12, '0')).toHex()}`;
    if (heartbeats.length < 2 || heartbeats.some((one) => one !== expected)) {
      throw new Error(`it was told ${heartbeats.join(', ')}`);
    }
  },
  // It comes from the logical device that the head-end has associated with, not from the meter's.
  push: ({ pushed }) => {
    if (!Bun.deepEquals(pushed, { source: 1, value: [new TextEncoder().encode(ID).toHex()] })) {
      throw new Error(`it was told ${JSON.stringify(pushed)}`);
    }
  },
};

/** Servers of foreign stacks as head-ends of a concentrator that is their client (`server.mode` 0). */
const SERVERS = [
  {
    name: 'Gurux',
    peer: () => pythonPeer('gurux', ['-O']),
    program: 'meter',
    auths: AUTHS,
    port: 'wrapper',
    sapOf: () => 1,
  },
  {
    name: 'jDLMS',
    peer: javaPeer,
    program: 'InteropServer',
    // It has no other mechanisms that a head-end would use.
    auths: ['lls', 'hls-gmac'],
    port: 'wrapper/ln',
    sapOf: ({ client }: Kind) => client,
  },
] as const;

/** The concentrator dials, associates with the server that it finds there, and takes over what time it is. */
export async function dialledServerCells(): Promise<Cell[]> {
  const cells: Cell[] = [];
  for (const { name, peer, program, auths, port, sapOf: serverOf } of SERVERS) {
    const server = new PeerProgram((await peer()).command(program), worldForPeers());
    try {
      const { ports } = await server.ready();
      const at = (ports as Readonly<Record<string, number>>)[port] ?? 0;
      for (const auth of auths) {
        const kind = kindOf(auth);
        const checked = await outcome(() => timeTaken(kind, at, serverOf(kind)));
        cells.push(cellOf(DIALLED_SERVERS, `${auth}, ${name}`, 'clock taken over', checked));
      }
    } finally {
      await server.stop();
    }
  }
  return cells;
}

function kindOf(auth: Auth): Kind {
  const kind = KINDS.find((one) => one.auth === auth && (one.suite === 0) === (auth === 'hls-gmac'));
  if (kind === undefined) throw new Error(`no association with ${auth}`);
  return kind;
}

async function timeTaken(kind: Kind, port: number, server: number): Promise<void> {
  const served = await openServed({ meters: 1 });
  try {
    const { store, clockSync } = served.house.concentrator;
    const mode = (await store.configuration.protocolAttributes('dlms_up')).find(
      ({ key }) => key === 'server.mode',
    );
    if (mode === undefined) throw new Error('no attribute server.mode');
    await store.configuration.saveProtocolAttribute({ ...mode, value: '0' });
    await served.attributes(
      {
        'ip.1': '127.0.0.1',
        'port.1': String(port),
        'hes.client': String(kind.client),
        'hes.server': String(server),
        'hes.auth': kind.auth,
        'hes.password': new TextDecoder().decode(METER_PASSWORD),
        ...secrets,
      },
      CHANNEL,
    );
    const untilMs = Date.now() + PATIENCE_MS;
    while (clockSync.state.last === undefined && Date.now() < untilMs) await Bun.sleep(50);
    const { last } = clockSync.state;
    if (last === undefined) throw new Error(dialOf(served)?.lastError?.message ?? 'nobody has set the clock');
    const offMs = Math.abs(last.at - Date.parse(CLOCK_BEFORE));
    if (last.source !== 'hes' || !(offMs < JUST_NOW_MS)) throw new Error(`${last.source} said ${last.at}`);
  } finally {
    await served.end();
  }
}
