import { ok, deepStrictEqual as same } from 'node:assert/strict';
import { join } from 'node:path';
import { fromHex } from '../../src/base/bytes.ts';
import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { openDlmsClient } from '../../src/channels/dlms-client.ts';
import { openTcp } from '../../src/channels/tcp.ts';
import { decodeData } from '../../src/dlms/axdr.ts';
import type { AssociationConfig, ClientConfig } from '../../src/dlms/client.ts';
import type { LinkConfig } from '../../src/dlms/link/link.ts';
import { type Cell, type Combination, cellOf, NotApplicable, readWithGurux, serve } from './peer.ts';

const MAIN = join(import.meta.dir, '../../src/main.ts');

const REGISTERS = ['1.0.1.8.0.255', '1.0.32.7.0.255', '1.0.1.7.0.255'];
const PROFILE = '1.0.99.1.0.255';
const QUARTER_MS = 15 * 60_000;
const DAY_MS = 24 * 60 * 60_000;
const RANGE_ROWS = 48;
/** Where our own counters stay clear of those that the Gurux client has used up. */
let counter = 1_000_000;

/** One entry of what `dcu simulate --json` prints. */
interface SimulatedMeter {
  readonly meterNo: string;
  readonly host: string;
  readonly port: number;
  readonly client: number;
  readonly server: number;
  readonly physicalAddress?: number;
  readonly addressBytes?: 1 | 2 | 4;
  readonly password?: string;
  readonly systemTitle?: string;
  readonly encryptionKey?: string;
  readonly authenticationKey?: string;
}

interface Neighbourhood {
  readonly meters: readonly SimulatedMeter[];
}

function isNeighbourhood(line: unknown): line is Neighbourhood {
  return typeof line === 'object' && line !== null && 'meters' in line && Array.isArray(line.meters);
}

/** What `test/interop/gurux/reader.py` prints. */
interface Document {
  readonly objects: readonly (readonly [number, string])[];
  readonly clock: string;
  readonly registers: readonly {
    readonly obis: string;
    readonly value: number;
    readonly scaler: number;
    readonly unit: number;
  }[];
  readonly list: readonly number[];
  readonly relay: readonly boolean[];
  readonly columns: readonly (readonly [number, string, number])[];
  readonly entriesInUse: number;
  readonly byEntry: readonly (readonly (string | number)[])[];
  readonly byRange: readonly (readonly (string | number)[])[];
}

function isDocument(value: unknown): value is Document {
  const keys = [
    'objects',
    'clock',
    'registers',
    'list',
    'relay',
    'columns',
    'entriesInUse',
    'byEntry',
    'byRange',
  ];
  return typeof value === 'object' && value !== null && keys.every((key) => key in value);
}

function argumentsFor(
  meter: SimulatedMeter,
  { framing, auth }: Combination,
  fromMs: number,
  toMs: number,
): string[] {
  const iso = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');
  const named = (options: Readonly<Record<string, string | number | undefined>>): string[] =>
    Object.entries(options).flatMap(([name, value]) =>
      value === undefined ? [] : [`--${name}`, String(value)],
    );
  return [
    ...named({
      host: meter.host,
      port: meter.port,
      framing,
      auth,
      client: meter.client,
      server: meter.server,
      physical: meter.physicalAddress,
      'address-bytes': meter.addressBytes,
      password: meter.password,
      'encryption-key': meter.encryptionKey,
      'authentication-key': meter.authenticationKey,
      profile: PROFILE,
      'first-entry': 3,
      'entry-count': 100,
      from: iso(fromMs),
      to: iso(toMs),
    }),
    ...REGISTERS.flatMap((obis) => ['--register', obis]),
  ];
}

function configFor(meter: SimulatedMeter, { framing, auth }: Combination): ClientConfig {
  const addresses = { clientAddress: meter.client, serverAddress: meter.server, responseTimeoutMs: 5000 };
  const link: LinkConfig =
    framing === 'wrapper'
      ? { framing, ...addresses, maxApdu: 65_535 }
      : {
          framing,
          ...addresses,
          ...(meter.physicalAddress === undefined ? {} : { physicalAddress: meter.physicalAddress }),
          addressBytes: meter.addressBytes ?? 1,
          maxInfoTransmit: 128,
          maxInfoReceive: 128,
          windowTransmit: 1,
          windowReceive: 1,
          interOctetTimeoutMs: 1000,
          retries: 1,
        };
  const secrets: Partial<AssociationConfig> =
    auth === 'hls-gmac'
      ? {
          policy: 'auth-enc',
          systemTitle: new TextEncoder().encode('DCU00001'),
          meterSystemTitle: fromHex(meter.systemTitle ?? ''),
          encryptionKey: fromHex(meter.encryptionKey ?? ''),
          authenticationKey: fromHex(meter.authenticationKey ?? ''),
          nextInvocationCounter: () => counter++,
        }
      : auth === 'lls'
        ? { password: new TextEncoder().encode(meter.password ?? '') }
        : {};
  return {
    link,
    association: { auth, policy: 'none', maxPduSize: 1024, ...secrets },
    randomBytes: (length) => systemRandom.bytes(length),
  };
}

/** Scaler and unit of a register and the meter's object list, as our own client reads them. */
async function readOurselves(meter: SimulatedMeter, combination: Combination) {
  const channel = await openTcp({ host: meter.host, port: meter.port, connectTimeoutMs: 5000 });
  try {
    const client = await openDlmsClient(channel, configFor(meter, combination), systemClock);
    const get = async (classId: number, obis: string, attribute: number) => {
      const result = await client.get({ classId, obis, attribute });
      ok(result.ok, `${obis} attribute ${attribute} was refused`);
      return decodeData(result.data);
    };
    const scalers = [];
    for (const obis of REGISTERS) scalers.push(await get(3, obis, 3));
    const list = await get(15, '0.0.40.0.0.255', 2);
    await client.release();
    return { scalers, objects: list.type === 'array' ? list.elements.length : -1 };
  } finally {
    await channel.close();
  }
}

type Test = (document: Document, context: Context) => Promise<void> | void;

interface Context {
  readonly meter: SimulatedMeter;
  readonly combination: Combination;
  readonly fromMs: number;
}

const timesOf = (rows: Document['byRange']): number[] => rows.map(([at]) => Date.parse(String(at)));

const TESTS: Readonly<Record<string, Test>> = {
  'association view': async ({ objects }, { meter, combination }) => {
    const classes = new Set(objects.map(([classId]) => classId));
    for (const classId of [1, 3, 7, 8, 15, 70]) ok(classes.has(classId), `no object of class ${classId}`);
    same((await readOurselves(meter, combination)).objects, objects.length);
  },
  clock: ({ clock }) => {
    const apartMs = Math.abs(Date.parse(clock) - Date.now());
    ok(apartMs < 5 * 60_000, `the clock says ${clock}, it is ${new Date().toISOString()}`);
  },
  'registers with scaler and unit': async ({ registers }, { meter, combination }) => {
    const { scalers } = await readOurselves(meter, combination);
    registers.forEach(({ obis, value, scaler, unit }, i) => {
      ok(Number.isInteger(value) && value > 0, `${obis} is ${value}`);
      const exponent = Math.round(Math.log10(scaler));
      same(scalers[i], {
        type: 'structure',
        elements: [
          { type: 'integer', value: exponent },
          { type: 'enum', value: unit },
        ],
      });
    });
    same(
      registers.map(({ unit }) => unit),
      [30, 35, 27],
    );
  },
  'list of attributes': ({ list, registers }) => {
    same(list.length, registers.length);
    // Energy only grows; the others are values of the moment.
    ok((list[0] ?? 0) >= (registers[0]?.value ?? 0), `energy ${list[0]} after ${registers[0]?.value}`);
    for (const value of list) ok(Number.isInteger(value) && value > 0, `value ${value}`);
  },
  'relay off and on': ({ relay }) => same(relay, [false, true]),
  'capture objects': ({ columns, entriesInUse }) => {
    same(columns[0], [8, '0.0.1.0.0.255', 2]);
    ok(columns.length > 2, `${columns.length} columns`);
    ok(entriesInUse >= 20 * 96, `${entriesInUse} rows`);
  },
  'profile by entry': ({ byEntry, columns }) => {
    same(byEntry.length, 100);
    for (const row of byEntry) same(row.length, columns.length);
    const times = timesOf(byEntry);
    for (const [i, at] of times.entries()) {
      ok(at % QUARTER_MS === 0 && (i === 0 || at > (times[i - 1] ?? 0)), `row ${i}: ${at}`);
    }
  },
  'profile by range': ({ byRange, columns }, { fromMs }) => {
    const expected = Array.from({ length: RANGE_ROWS + 1 }, (_, i) => fromMs + i * QUARTER_MS);
    same(timesOf(byRange), expected);
    for (const row of byRange) same(row.length, columns.length);
    const energy = byRange.map((row) =>
      Number(row[columns.findIndex(([, obis]) => obis === '1.0.1.8.0.255')]),
    );
    for (const [i, value] of energy.entries()) {
      ok(i === 0 || value >= (energy[i - 1] ?? 0), `energy runs back in row ${i}`);
    }
  },
};

/** The Gurux client reads one of our simulated meters. */
export async function guruxReadsSimulator(python: string, combination: Combination): Promise<Cell[]> {
  const { framing, auth } = combination;
  const command = [process.execPath, MAIN, 'simulate', '--meters', '1', '--tcp', '0', '--json'];
  const simulator = await serve([...command, '--framing', framing, '--auth', auth], isNeighbourhood);
  try {
    const meter = simulator.ready.meters[0];
    if (meter === undefined) throw new Error('no meter was simulated');
    // Two days back at UTC midnight: complete, and older than any outage of the last hours.
    const fromMs = Math.floor(Date.now() / DAY_MS) * DAY_MS - 2 * DAY_MS;
    const args = argumentsFor(meter, combination, fromMs, fromMs + RANGE_ROWS * QUARTER_MS);
    let document: Document | undefined;
    const cells = [
      await cellOf('reads to the end', combination, async () => {
        const read = await readWithGurux(python, args);
        if (!isDocument(read)) throw new Error('the Gurux client printed something else');
        document = read;
      }),
    ];
    for (const [name, test] of Object.entries(TESTS)) {
      cells.push(
        await cellOf(name, combination, () => {
          if (document === undefined) throw new Error('nothing was read');
          return test(document, { meter, combination, fromMs });
        }),
      );
    }
    cells.push(
      await cellOf('a wrong secret is refused', combination, async () => {
        if (auth === 'none') throw new NotApplicable('there is no secret');
        const wrong = { password: '00000000', authenticationKey: '0'.repeat(32) };
        const refused = await readWithGurux(
          python,
          argumentsFor(
            {
              ...meter,
              ...(auth === 'lls'
                ? { password: wrong.password }
                : { authenticationKey: wrong.authenticationKey }),
            },
            combination,
            fromMs,
            fromMs,
          ),
        ).then(
          () => false,
          () => true,
        );
        ok(refused, 'the association was opened');
      }),
    );
    return cells;
  } finally {
    await simulator.stop();
  }
}
