import { sapOf } from '../../src/headend/meter-saps.ts';
import { AUTHENTICATION_KEY, ENCRYPTION_KEY, PASSWORD } from '../headend/served.ts';
import type { Cell } from './directions.ts';
import { type Environment, javaPeer, pythonPeer } from './environments.ts';
import { askPeer, HES_TITLE, outcome } from './head-end-peer.ts';
import { openServeProcess, type ServeProcess } from './serve-process.ts';

export const HEAD_ENDS = ['Gurux as head-end of dcu serve', 'jDLMS as head-end of dcu serve'] as const;
type HeadEnd = (typeof HEAD_ENDS)[number];

const METERS = 50;
/** So many of them are read. */
const READ = 3;
const OPERATIONS = ['SAP list', 'profile by range', 'live register', 'relay'] as const;
type Operation = (typeof OPERATIONS)[number];
const DAY_MS = 86_400_000;
const PROFILE = '1.0.99.1.0.255';
/** In the store. */
const REGISTER = '1.0.1.8.0.255';
/** Never read by a task, and so asked of the meter. */
const LIVE = '1.0.32.7.0.255';
const RELAY = '0.0.96.3.10.255';
const WATT_HOURS = 30;
const VOLT = 35;

/** What a program told of one meter. */
interface ToldMeter {
  readonly name: string;
  readonly unit: number;
  readonly rows: readonly (readonly string[])[];
  /** Raw value and unit of the live register. */
  readonly live: readonly [value: string, unit: number];
  /** output_state after disconnecting and after reconnecting. */
  readonly relay: readonly string[];
}

interface Told {
  readonly saps: Readonly<Record<string, number>>;
  readonly meters: Readonly<Record<string, ToldMeter>>;
}

interface Row {
  readonly program: string;
  readonly peer: () => Promise<Environment>;
  readonly auths: readonly ('lls' | 'hls-sha256' | 'hls-gmac')[];
}

const ROWS: Readonly<Record<HeadEnd, Row>> = {
  'Gurux as head-end of dcu serve': {
    program: 'hes',
    peer: () => pythonPeer('gurux', ['-O']),
    auths: ['lls', 'hls-sha256', 'hls-gmac'],
  },
  // It has no other mechanisms that a head-end would use.
  'jDLMS as head-end of dcu serve': { program: 'HeadEnd', peer: javaPeer, auths: ['lls', 'hls-gmac'] },
};

/**
 * Foreign clients as the head-end of `dcu serve` with 50 simulated meters that were read before: each finds the meters in the SAP
 * list, reads a day of three of them from the store, which must be what the store has, cell by cell, asks the meters themselves for
 * a register, and works their relays.
 */
export async function headEndCells(direction: HeadEnd): Promise<Cell[]> {
  const { program, peer, auths } = ROWS[direction];
  const environment = await peer();
  const cells: Cell[] = [];
  for (const [turn, auth] of auths.entries()) {
    const served = await openServeProcess({
      meters: METERS,
      sinceS: (2 * DAY_MS) / 1000,
      attributes: {
        'hes.auth': auth,
        'hes.rights': 'full',
        'hes.password': PASSWORD,
        'hes.encryption.key': ENCRYPTION_KEY,
        'hes.authentication.key': AUTHENTICATION_KEY,
      },
    });
    try {
      cells.push(...(await cellsOf(direction, environment, program, served, auth, turn)));
    } finally {
      await served.end();
    }
  }
  return cells;
}

async function cellsOf(
  direction: HeadEnd,
  peer: Environment,
  program: string,
  served: ServeProcess,
  auth: string,
  turn: number,
): Promise<Cell[]> {
  const toMs = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const day = { fromMs: toMs - DAY_MS, toMs };
  const common = { direction, framing: 'wrapper', referencing: 'ln', association: auth } as const;
  const told = await outcome(() => askPeer<Told>(peer, program, jobOf(served, auth, day, turn)));
  const checks: Readonly<Record<Operation, (told: Told) => void>> = {
    'SAP list': ({ saps }) => checkSaps(saps, served),
    'profile by range': (all) => eachMeter(all, served, (meter, id) => checkRows(meter, served, id, day)),
    'live register': (all) => eachMeter(all, served, ({ live: [value, unit] }) => checkLive(value, unit)),
    relay: (all) => eachMeter(all, served, ({ relay }) => checkRelay(relay)),
  };
  const cells: Cell[] = [];
  for (const operation of OPERATIONS) {
    const checked = 'value' in told ? await outcome(async () => checks[operation](told.value)) : told;
    cells.push(
      'value' in checked
        ? { ...common, operation, outcome: 'passed' }
        : { ...common, operation, outcome: 'failed', reason: checked.reason },
    );
  }
  return cells;
}

interface Day {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Like the programs write times, to the second. */
const isoOf = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');

function jobOf(served: ServeProcess, auth: string, day: Day, turn: number): object {
  const ciphered = auth === 'hls-gmac';
  return {
    port: served.port,
    // No counter of the key may come twice.
    counter: 1 + turn * 100_000,
    world: { password: new TextEncoder().encode(PASSWORD).toHex(), clientTitle: HES_TITLE },
    kind: {
      client: 1,
      auth,
      suite: ciphered ? 0 : null,
      ...(ciphered ? { encryptionKey: ENCRYPTION_KEY, authenticationKey: AUTHENTICATION_KEY } : {}),
    },
    meters: served.meters.slice(0, READ).map(({ meterNo }) => meterNo),
    wanted: {
      profile: PROFILE,
      register: REGISTER,
      live: LIVE,
      relay: RELAY,
      from: isoOf(day.fromMs),
      to: isoOf(day.toMs),
    },
  };
}

function eachMeter(told: Told, served: ServeProcess, check: (meter: ToldMeter, id: number) => void): void {
  for (const { id, meterNo } of served.meters.slice(0, READ)) {
    const meter = told.meters[meterNo];
    if (meter === undefined) throw new Error(`nothing of ${meterNo}`);
    if (meter.name !== meterNo) throw new Error(`${meterNo} is ${meter.name}`);
    check(meter, id);
  }
}

function checkSaps(saps: Told['saps'], { meters }: ServeProcess): void {
  const { length } = Object.keys(saps);
  if (length !== meters.length + 1) throw new Error(`${length} logical devices`);
  for (const { id, meterNo } of meters) {
    if (saps[meterNo] !== sapOf(id)) throw new Error(`${meterNo} is logical device ${saps[meterNo]}`);
  }
}

function checkRows(meter: ToldMeter, served: ServeProcess, id: number, day: Day): void {
  const { times, values } = served.stored(id);
  const expected = [...times].flatMap((time, row) =>
    time < day.fromMs || time > day.toMs
      ? []
      : [[isoOf(time), ...values.map(({ values: column }) => String(column[row]))]],
  );
  const written = served.written(id, day.fromMs, day.toMs + 1);
  if (written === 0 || expected.length !== written) {
    throw new Error(`the store has ${expected.length} rows, the meter ${written}`);
  }
  if (meter.unit !== WATT_HOURS) throw new Error(`unit ${meter.unit}`);
  if (!Bun.deepEquals(meter.rows, expected)) {
    throw new Error(`${meter.rows.length} rows, ${String(meter.rows[0])} for ${String(expected[0])}`);
  }
}

/** Mains, in tenths of a volt or whole ones. */
function checkLive(value: string, unit: number): void {
  const volts = Number(value) > 1000 ? Number(value) / 10 : Number(value);
  if (unit !== VOLT || !(volts > 180 && volts < 260)) throw new Error(`${value}, unit ${unit}`);
}

function checkRelay(states: readonly string[]): void {
  if (states.join() !== 'false,true') throw new Error(`the relay was ${states.join()}`);
}
