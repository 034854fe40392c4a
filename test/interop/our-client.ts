import { ok, deepStrictEqual as same } from 'node:assert/strict';
import { fromHex, toHex } from '../../src/base/bytes.ts';
import { systemClock } from '../../src/base/clock.ts';
import { DcuError } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import { type DlmsClient, openDlmsClient } from '../../src/channels/dlms-client.ts';
import { openTcp } from '../../src/channels/tcp.ts';
import { decodeData } from '../../src/dlms/axdr.ts';
import type {
  AccessSelection,
  AssociationConfig,
  ClientConfig,
  CosemAttribute,
  GetResult,
} from '../../src/dlms/client.ts';
import { encodeDateTime, parseDateTime } from '../../src/dlms/datetime.ts';
import type { LinkConfig } from '../../src/dlms/link/link.ts';
import { octetString, u8, u32 } from '../../src/dlms/values.ts';
import { decodeProfile } from '../../src/kernels/index.ts';
import { type Cell, type Combination, cellOf, NotApplicable, serveGuruxMeter } from './peer.ts';

const PASSWORD = new TextEncoder().encode('12345678');
const ENCRYPTION_KEY = fromHex('000102030405060708090A0B0C0D0E0F');
const AUTHENTICATION_KEY = fromHex('D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF');
const METER_TITLE = new TextEncoder().encode('GUX12345');
const OUR_TITLE = new TextEncoder().encode('DCU00001');

/** What `test/interop/gurux/objects.py` holds. */
const PROFILE_START_MS = Date.UTC(2026, 0, 1);
const PROFILE_ROWS = 288;
const QUARTER_MS = 15 * 60_000;

const CLOCK = attribute(8, '0.0.1.0.0.255', 2);
const BUFFER = attribute(7, '1.0.99.1.0.255', 2);
const WRITABLE = attribute(1, '0.0.96.1.10.255', 2);

let counter = Math.floor(Date.now() / 1000);

function attribute(classId: number, obis: string, number: number): CosemAttribute {
  return { classId, obis, attribute: number };
}

function linkOf(framing: Combination['framing'], hdlc: { maxInfo: number; window: number }): LinkConfig {
  const common = { clientAddress: 1, serverAddress: 1, responseTimeoutMs: 5000 };
  if (framing === 'wrapper') return { framing, ...common, maxApdu: 65_535 };
  return {
    framing,
    ...common,
    addressBytes: 1,
    maxInfoTransmit: hdlc.maxInfo,
    maxInfoReceive: hdlc.maxInfo,
    windowTransmit: hdlc.window,
    windowReceive: hdlc.window,
    interOctetTimeoutMs: 1000,
    retries: 1,
  };
}

function associationOf(auth: Combination['auth']): AssociationConfig {
  const common = { maxPduSize: 1024 };
  if (auth === 'none') return { auth, policy: 'none', ...common };
  if (auth === 'lls') return { auth, policy: 'none', password: PASSWORD, ...common };
  return {
    auth,
    policy: 'auth-enc',
    systemTitle: OUR_TITLE,
    meterSystemTitle: METER_TITLE,
    encryptionKey: ENCRYPTION_KEY,
    authenticationKey: AUTHENTICATION_KEY,
    nextInvocationCounter: () => counter++,
    ...common,
  };
}

function configOf({ framing, auth }: Combination, hdlc = { maxInfo: 128, window: 1 }): ClientConfig {
  return {
    link: linkOf(framing, hdlc),
    association: associationOf(auth),
    randomBytes: (length) => systemRandom.bytes(length),
  };
}

async function withClient(
  port: number,
  config: ClientConfig,
  use: (client: DlmsClient) => Promise<void>,
): Promise<void> {
  const channel = await openTcp({ host: '127.0.0.1', port, connectTimeoutMs: 5000 });
  try {
    const client = await openDlmsClient(channel, config, systemClock);
    await use(client);
    await client.release();
  } finally {
    await channel.close();
  }
}

function dataOf(result: GetResult | undefined): unknown {
  if (result === undefined) return undefined;
  return result.ok ? decodeData(result.data) : { refused: result.result };
}

/** Rows of the buffer as [UTC ms, energy, status]. */
function rowsOf(result: GetResult): (readonly [number, number, number])[] {
  ok(result.ok, 'the buffer was refused');
  const decoded = decodeProfile(result.data, ['date-time', 'number', 'number'], PROFILE_ROWS);
  same(decoded.status, 'complete');
  const [at, energy, status] = decoded.columns;
  if (at?.kind !== 'date-time' || energy?.kind !== 'number' || status?.kind !== 'number') {
    throw new Error(`columns are ${decoded.columns.map(({ kind }) => kind).join(', ')}`);
  }
  return Array.from(
    { length: decoded.rows },
    (_, row) => [at.values[row] ?? 0, energy.values[row] ?? 0, status.values[row] ?? 0] as const,
  );
}

/** What the Gurux meter has in its rows `first`..`last`, counted from 0. */
function expectedRows(first: number, last: number): (readonly [number, number, number])[] {
  return Array.from({ length: last - first + 1 }, (_, i) => {
    const row = first + i;
    return [PROFILE_START_MS + row * QUARTER_MS, 1_000_000 + 250 * row, row % 96 === 4 ? 0x80 : 0] as const;
  });
}

type Test = (client: DlmsClient) => Promise<void>;

const TESTS: Readonly<Record<string, Test>> = {
  'association opens and is released': async (client) => {
    ok(client.association.conformance.includes('get'));
    ok(client.association.conformance.includes('selective-access'));
    same(client.association.serverMaxPduSize, 1024);
  },
  clock: async (client) => {
    same(dataOf(await client.get(CLOCK)), octetString(fromHex('07ea020302040506 00 0000 00')));
  },
  'registers with scaler and unit': async (client) => {
    const scaled = async (obis: string): Promise<unknown[]> => [
      dataOf(await client.get(attribute(3, obis, 2))),
      dataOf(await client.get(attribute(3, obis, 3))),
    ];
    const scalerUnit = (scaler: number, unit: number): object => ({
      type: 'structure',
      elements: [
        { type: 'integer', value: scaler },
        { type: 'enum', value: unit },
      ],
    });
    same(await scaled('1.0.1.8.0.255'), [{ type: 'double-long-unsigned', value: 123456 }, scalerUnit(0, 30)]);
    same(await scaled('1.0.32.7.0.255'), [{ type: 'long-unsigned', value: 2301 }, scalerUnit(-1, 35)]);
    same(await scaled('1.0.2.8.0.255'), [
      { type: 'long64-unsigned', value: 2n ** 63n + 5n },
      scalerUnit(-3, 30),
    ]);
  },
  'extended register': async (client) => {
    same(dataOf(await client.get(attribute(4, '1.0.1.6.0.255', 2))), u32(4321));
    same(dataOf(await client.get(attribute(4, '1.0.1.6.0.255', 4))), u8(1));
    same(
      dataOf(await client.get(attribute(4, '1.0.1.6.0.255', 5))),
      octetString(fromHex('07ea0102 05 121e0000 0000 00')),
    );
  },
  'an object that does not exist': async (client) => {
    same(dataOf(await client.get(attribute(3, '1.0.99.99.99.255', 2))), { refused: 'object-undefined' });
  },
  'list with a refusal in it': async (client) => {
    const results = await client.getList([
      attribute(3, '1.0.1.8.0.255', 2),
      attribute(3, '1.0.99.99.99.255', 2),
      CLOCK,
    ]);
    same(results.map(dataOf), [
      u32(123456),
      { refused: 'object-undefined' },
      octetString(fromHex('07ea020302040506 00 0000 00')),
    ]);
  },
  'list in blocks': async (client) => {
    const long = attribute(1, '0.0.96.1.20.255', 2);
    const results = await client.getList([WRITABLE, long, long]);
    same(
      results.map((result) => (result.ok ? result.data.length : result.result)),
      [5, 3004, 3004],
    );
  },
  'long value in blocks': async (client) => {
    const result = await client.get(attribute(1, '0.0.96.1.20.255', 2));
    const expected = Uint8Array.from({ length: 3000 }, (_, i) => i % 251);
    same(result.ok && toHex(result.data), `09820bb8${toHex(expected)}`);
  },
  'profile, whole buffer': async (client) => {
    const blocks: number[] = [];
    const result = await client.get(BUFFER, undefined, (_data, number) => blocks.push(number));
    same(rowsOf(result), expectedRows(0, PROFILE_ROWS - 1));
    same(
      blocks,
      blocks.map((_, i) => i + 1),
    );
  },
  'profile by range': async (client) => {
    const at = (text: string) => octetString(encodeDateTime(parseDateTime(text)));
    const selection: AccessSelection = {
      by: 'range',
      restricting: CLOCK,
      from: at('2026-01-02T10:00:00Z'),
      to: at('2026-01-02T12:00:00Z'),
    };
    same(rowsOf(await client.get(BUFFER, selection)), expectedRows(96 + 40, 96 + 48));
  },
  'profile by range, without a row in it': async (client) => {
    const at = (text: string) => octetString(encodeDateTime(parseDateTime(text)));
    const selection: AccessSelection = {
      by: 'range',
      restricting: CLOCK,
      from: at('2027-01-02T10:00:00Z'),
      to: at('2027-01-02T12:00:00Z'),
    };
    same(dataOf(await client.get(BUFFER, selection)), { type: 'array', elements: [] });
  },
  'profile by entry': async (client) => {
    const selection: AccessSelection = { by: 'entry', fromEntry: 5, toEntry: 14 };
    same(rowsOf(await client.get(BUFFER, selection)), expectedRows(4, 13));
    const last: AccessSelection = { by: 'entry', fromEntry: 280, toEntry: 0 };
    same(rowsOf(await client.get(BUFFER, last)), expectedRows(279, 287));
  },
  'set, and what a set is refused for': async (client) => {
    same(await client.set(WRITABLE, u32(4711)), 'success');
    same(dataOf(await client.get(WRITABLE)), u32(4711));
    same(await client.set(WRITABLE, u8(1)), 'type-unmatched');
    same(await client.set(attribute(3, '1.0.1.8.0.255', 2), u32(0)), 'read-write-denied');
    same(await client.set(attribute(3, '1.0.99.99.99.255', 2), u32(0)), 'object-undefined');
  },
  'action: relay off and on': async (client) => {
    const relay = (number: number) => attribute(70, '0.0.96.3.10.255', number);
    const state = async () => dataOf(await client.get(relay(2)));
    same((await client.action(relay(1), { type: 'integer', value: 0 })).result, 'success');
    same(await state(), { type: 'boolean', value: false });
    same((await client.action(relay(2), { type: 'integer', value: 0 })).result, 'success');
    same(await state(), { type: 'boolean', value: true });
    same((await client.action(relay(9))).result, 'object-undefined');
  },
};

/** Opening with a wrong secret; the error that it must end in. */
async function refusesWrongSecret(port: number, combination: Combination): Promise<void> {
  const config = configOf(combination);
  if (combination.auth === 'none') throw new NotApplicable('there is no secret');
  const wrong =
    combination.auth === 'lls'
      ? { password: new TextEncoder().encode('87654321') }
      : { authenticationKey: new Uint8Array(16) };
  const association = { ...config.association, ...wrong };
  const error = await withClient(port, { ...config, association }, () => Promise.resolve()).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  ok(error instanceof DcuError, `opened, or threw ${String(error)}`);
  const allowed = [
    'association-refused',
    'authentication-failed',
    'decryption-failed',
    'link-closed',
    'channel-lost',
  ];
  ok(allowed.includes(error.code), `ended in ${error.code}: ${error.message}`);
}

/** Frames as long as HDLC allows, and a window that the other side cuts to one. */
async function longFrames(port: number, combination: Combination): Promise<void> {
  if (combination.framing !== 'hdlc') throw new NotApplicable('HDLC only');
  await withClient(port, configOf(combination, { maxInfo: 2030, window: 7 }), async (client) => {
    same(rowsOf(await client.get(BUFFER)), expectedRows(0, PROFILE_ROWS - 1));
  });
}

/** Our client reads a meter that is made of the Gurux library. */
export async function ourClientReadsGurux(python: string, combination: Combination): Promise<Cell[]> {
  const meter = await serveGuruxMeter(python, combination);
  const { port } = meter.ready;
  try {
    const cells: Cell[] = [];
    for (const [name, test] of Object.entries(TESTS)) {
      cells.push(await cellOf(name, combination, () => withClient(port, configOf(combination), test)));
    }
    cells.push(
      await cellOf('every test in one association', combination, () =>
        withClient(port, configOf(combination), async (client) => {
          for (const test of Object.values(TESTS)) await test(client);
        }),
      ),
      await cellOf('a wrong secret is refused', combination, () => refusesWrongSecret(port, combination)),
      await cellOf('long frames, window proposed', combination, () => longFrames(port, combination)),
    );
    return cells;
  } finally {
    await meter.stop();
  }
}
