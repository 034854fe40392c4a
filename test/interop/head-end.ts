import { sapOf } from '../../src/headend/meter-saps.ts';
import {
  AUTHENTICATION_KEY,
  ENCRYPTION_KEY,
  openServed,
  PASSWORD,
  type ServedHouse,
} from '../headend/served.ts';
import type { Cell } from './directions.ts';
import { type Environment, pythonPeer } from './environments.ts';
import { askPeer, HES_TITLE, outcome } from './head-end-peer.ts';

export const HEAD_END = 'Gurux as head-end, we are the concentrator';

const METERS = 3;
const AUTHS = ['lls', 'hls-sha256', 'hls-gmac'] as const;
type Auth = (typeof AUTHS)[number];
const OPERATIONS = ['SAP list', 'profile by range'] as const;
const DAY_MS = 86_400_000;
const PROFILE = '1.0.99.1.0.255';
const REGISTER = '1.0.1.8.0.255';
const WATT_HOURS = 30;

/** What the program told. */
interface Told {
  readonly saps: Readonly<Record<string, number>>;
  readonly meters: Readonly<
    Record<
      string,
      {
        readonly name: string;
        readonly unit: number;
        readonly columns: readonly string[];
        readonly rows: readonly (readonly string[])[];
      }
    >
  >;
}

/**
 * The Gurux client as the head-end of a whole concentrator with simulated meters that were read before: it finds the
 * meters in the SAP list and reads a day of each of them, which must be what the store has, cell by cell.
 */
export async function headEndCells(environment?: Environment): Promise<Cell[]> {
  const gurux = environment ?? (await pythonPeer('gurux', ['-O']));
  const served = await openServed({ meters: METERS });
  try {
    const { house } = served;
    await house.recall('Energy profile', 2 * 86_400);
    await house.round(['Energy profile']);
    await served.attributes({
      'hes.encryption.key': ENCRYPTION_KEY,
      'hes.authentication.key': AUTHENTICATION_KEY,
    });
    const cells: Cell[] = [];
    for (const auth of AUTHS) cells.push(...(await cellsOf(gurux, served, auth)));
    return cells;
  } finally {
    await served.end();
  }
}

async function cellsOf(gurux: Environment, served: ServedHouse, auth: Auth): Promise<Cell[]> {
  const toMs = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const day = { fromMs: toMs - DAY_MS, toMs };
  const common = { direction: HEAD_END, framing: 'wrapper', referencing: 'ln', association: auth };
  const checks: Readonly<Record<(typeof OPERATIONS)[number], (told: Told) => Promise<void>>> = {
    'SAP list': (told) => checkSaps(told, served),
    'profile by range': (told) => checkRows(told, served, day),
  };
  await served.attributes({ 'hes.auth': auth });
  const told = await outcome(() => ask(gurux, served, auth, day));
  const cells: Cell[] = [];
  for (const operation of OPERATIONS) {
    const checked = 'value' in told ? await outcome(() => checks[operation](told.value)) : told;
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

/** Like Gurux writes times, to the second. */
const isoOf = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');

async function ask(gurux: Environment, served: ServedHouse, auth: Auth, day: Day): Promise<Told> {
  const ciphered = auth === 'hls-gmac';
  const job = {
    port: served.port,
    world: { password: new TextEncoder().encode(PASSWORD).toHex(), clientTitle: HES_TITLE },
    kind: {
      client: 1,
      auth,
      suite: ciphered ? 0 : null,
      ...(ciphered ? { encryptionKey: ENCRYPTION_KEY, authenticationKey: AUTHENTICATION_KEY } : {}),
    },
    meters: served.meters.map(({ meterNo }) => meterNo),
    wanted: { profile: PROFILE, register: REGISTER, from: isoOf(day.fromMs), to: isoOf(day.toMs) },
  };
  return askPeer<Told>(gurux, 'hes', job);
}

async function checkSaps({ saps }: Told, { meters }: ServedHouse): Promise<void> {
  const { length } = Object.keys(saps);
  if (length !== meters.length + 1) throw new Error(`${length} logical devices`);
  for (const { id, meterNo } of meters) {
    if (saps[meterNo] !== sapOf(id)) throw new Error(`${meterNo} is logical device ${saps[meterNo]}`);
  }
}

async function checkRows(told: Told, { house, meters }: ServedHouse, day: Day): Promise<void> {
  const { readings } = house.concentrator.store;
  for (const { id, meterNo } of meters) {
    const stored = await readings.profile(id, 'energy', { fromMs: day.fromMs, toMs: day.toMs + 1 });
    const meter = told.meters[meterNo];
    if (stored === undefined || meter === undefined) throw new Error(`nothing of ${meterNo}`);
    if (meter.name !== meterNo || meter.unit !== WATT_HOURS) {
      throw new Error(`${meterNo} is ${meter.name}, unit ${meter.unit}`);
    }
    const expected = [...stored.times].map((time, row) => [
      isoOf(time),
      ...stored.values.map(({ values }) => String(values[row])),
    ]);
    if (expected.length < DAY_MS / 900_000)
      throw new Error(`the store has ${expected.length} rows of ${meterNo}`);
    if (!Bun.deepEquals(meter.rows, expected)) {
      throw new Error(
        `${meterNo}: ${meter.rows.length} rows, ${String(meter.rows[0])} for ${String(expected[0])}`,
      );
    }
  }
}
