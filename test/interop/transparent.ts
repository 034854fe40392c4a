import { listenTcp } from '../../src/channels/tcp-listen.ts';
import type { ServedMeter } from '../../src/simulator/neighbourhood.ts';
import { openServed, type ServedHouse } from '../headend/served.ts';
import type { Cell } from './directions.ts';
import { type Environment, javaPeer, pythonPeer } from './environments.ts';
import { askPeer, HES_TITLE, outcome } from './head-end-peer.ts';

export const TRANSPARENT = 'Foreign stacks at a meter through a concentrator';

const METERS = 3;
const REGISTER = '1.0.1.8.0.255';
/** A meter uses no more energy than that while a test looks away. */
const MOST_WH = 1_000;
/** Beyond what the concentrator itself has counted with the meter's keys. */
const COUNTER = 5_000_000;

/** In the clear the prefix is the library's own from end to end; see `gurux/through.py`. */
const MODES = [
  ['wrapper', 'lls'],
  ['wrapper', 'hls-gmac'],
  ['hdlc', 'hls-gmac'],
] as const;

/** What a program told of a meter. */
interface Told {
  readonly name: string;
  readonly value: string;
}

interface Way {
  readonly operation: string;
  readonly peer: 'gurux' | 'jdlms';
  readonly program: string;
  readonly through: 'gateway' | 'port';
  /** Of the simulated meters: each way has one of its own, for jDLMS counts from 1. */
  readonly meter: number;
}

const WAYS: readonly Way[] = [
  { operation: 'Gurux through the gateway', peer: 'gurux', program: 'through', through: 'gateway', meter: 0 },
  { operation: 'Gurux on its own port', peer: 'gurux', program: 'through', through: 'port', meter: 1 },
  { operation: 'jDLMS on its own port', peer: 'jdlms', program: 'MeterPort', through: 'port', meter: 2 },
];

/**
 * Clients of foreign stacks that have a meter's own keys read a live register of it, ciphered from end to end with HLS-GMAC and in
 * the clear, through the gateway and on the meter's own TCP port, whatever the meter's link is. The value must be what the meter counts.
 */
export async function transparentCells(): Promise<Cell[]> {
  const peers = { gurux: await pythonPeer('gurux', ['-O']), jdlms: await javaPeer() };
  const cells: Cell[] = [];
  for (const [framing, auth] of MODES) {
    const served = await openServed({ meters: METERS, framing, auth });
    try {
      const range = freeRange(METERS);
      await served.attributes({ gateway: 'open', 'meter.ports': `${range.first}-${range.last}` });
      for (const way of WAYS) {
        const told = await outcome(() => check(peers[way.peer], served, way, range.first));
        cells.push({
          direction: TRANSPARENT,
          framing,
          referencing: 'ln',
          association: auth,
          operation: way.operation,
          ...('value' in told ? { outcome: 'passed' } : { outcome: 'failed', reason: told.reason }),
        });
      }
    } finally {
      await served.end();
    }
  }
  return cells;
}

async function check(peer: Environment, served: ServedHouse, way: Way, firstPort: number): Promise<void> {
  const meter = served.meter(way.meter);
  const plan = served.street.at(way.meter);
  const told = await askPeer<Told>(peer, way.program, {
    port: way.through === 'gateway' ? served.port : firstPort + meter.id - 1,
    server: plan.server,
    register: REGISTER,
    counter: COUNTER,
    world: { clientTitle: HES_TITLE, password: new TextEncoder().encode(plan.password ?? '').toHex() },
    kind: kindOf(plan),
    ...(way.through === 'gateway'
      ? { gateway: { networkId: 0, address: new TextEncoder().encode(meter.meterNo).toHex() } }
      : {}),
  });
  if (!told.name.includes(meter.meterNo.slice(-6))) throw new Error(`${meter.meterNo} is ${told.name}`);
  const { registers } = await served.house.concentrator.collector.readNow(
    meter.id,
    new AbortController().signal,
  );
  const after = Number(registers.find(({ obis }) => obis === REGISTER)?.value);
  const value = Number(told.value);
  if (!(value <= after && after - value < MOST_WH)) {
    throw new Error(`${meter.meterNo} told ${told.value}, and ${after} afterwards`);
  }
}

function kindOf({ client, auth, encryptionKey, authenticationKey }: ServedMeter): object {
  const keys = { encryptionKey: encryptionKey?.toHex(), authenticationKey: authenticationKey?.toHex() };
  return { client, auth, ...(encryptionKey === undefined ? { suite: null } : { suite: 0, ...keys }) };
}

/** A range of ports that is free now. */
function freeRange(count: number): { readonly first: number; readonly last: number } {
  for (let first = 23_000; first < 60_000; first += 100) {
    try {
      const listeners = Array.from({ length: count }, (_, i) =>
        listenTcp({ host: '127.0.0.1', port: first + i }, () => undefined),
      );
      for (const listener of listeners) void listener.close();
      return { first, last: first + count - 1 };
    } catch {
      // Some of it is taken.
    }
  }
  throw new Error('no free ports');
}
