import { afterEach, beforeEach, expect, setDefaultTimeout, test } from 'bun:test';
import { listenPushes, type PushArrival, type PushListener } from '../../src/channels/push-listen.ts';
import {
  documentOf,
  type NotificationDocument,
  readNotification,
} from '../../src/cli/listen-notification.ts';
import { confirmPushed } from '../../src/dlms/notifications.ts';
import { ReplayGuard } from '../../src/dlms/replay-guard.ts';
import { sapOf } from '../../src/headend/meter-saps.ts';
import { AUTHENTICATION_KEY, ENCRYPTION_KEY, openServed, type ServedHouse } from '../headend/served.ts';
import { until } from './house.ts';

setDefaultTimeout(60_000);

const CHANNEL = 'hes_push';
const KEYS = {
  encryptionKey: Uint8Array.fromHex(ENCRYPTION_KEY),
  authenticationKey: Uint8Array.fromHex(AUTHENTICATION_KEY),
};
const HES_TITLE = Uint8Array.of(0x48, 0x45, 0x53, 0, 0, 0, 0, 1);

let served: ServedHouse;
let listener: PushListener;
let documents: NotificationDocument[];
let confirms = true;
let counter = 1;
const replays = new ReplayGuard({ limit: 16 });

/** What `dcu listen --confirm` does with what comes. */
function take(arrival: PushArrival): void {
  const reading = { keysOf: () => KEYS, systemTitle: undefined, replays };
  const notification = readNotification(arrival, reading);
  documents.push(documentOf(arrival, notification));
  if (!confirms) return;
  const confirmation = confirmPushed(notification.opened, notification.originator, KEYS, {
    systemTitle: HES_TITLE,
    nextInvocationCounter: () => counter++,
    randomBytes: (length) => new Uint8Array(length),
  });
  if (confirmation !== undefined) arrival.reply(confirmation);
}

beforeEach(async () => {
  documents = [];
  confirms = true;
  listener = await listenPushes(
    { host: '127.0.0.1', port: 0, transport: 'tcp' },
    {
      onArrival: take,
      onFault: ({ error }) => {
        throw error;
      },
    },
  );
  served = await openServed({ meters: 2 });
  await served.house.recall('Energy profile', 6 * 3600);
});
afterEach(async () => {
  await served.end();
  await listener.close();
});

async function push(change: Readonly<Record<string, string>> = {}): Promise<void> {
  await served.attributes({ host: '127.0.0.1', port: String(listener.port), ...change }, CHANNEL);
  await enable();
}

async function enable(): Promise<void> {
  const { configuration } = served.house.concentrator.store;
  const channel = (await configuration.channels()).find(({ name }) => name === CHANNEL);
  if (channel === undefined) throw new Error('there is no channel');
  await configuration.saveChannel({ ...channel, enabled: true });
  await served.house.concentrator.uplinks.settled();
}

interface Shown {
  readonly rows: readonly {
    readonly destination: string;
    readonly enabled: boolean;
    readonly link: { readonly connected: boolean; readonly sent: number } | null;
    readonly problem: string | null;
    readonly waiting: number;
    readonly acknowledged: number;
  }[];
}

async function shown(): Promise<Shown['rows'][number]> {
  const { rows } = await served.house.api<Shown>('/api/uplinks');
  const row = rows.find(({ destination }) => destination === CHANNEL);
  if (row === undefined) throw new Error('the channel is not among the uplinks');
  return row;
}

async function allConfirmed(): Promise<void> {
  while ((await shown()).waiting > 0) await Bun.sleep(20);
}

/** Values of a column by the name of the meter, in the order in which they came. */
function valuesOf(obis: string): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (const { readings } of documents) {
    const name = readings.find((reading) => reading.obis === '0.0.42.0.0.255')?.value ?? '';
    const own = readings.filter((reading) => reading.obis === obis && reading.unit === 'Wh');
    values.set(name, [...(values.get(name) ?? []), ...own.map(({ value }) => value)]);
  }
  return values;
}

async function checkRows(): Promise<void> {
  const told = valuesOf('1.0.1.8.0.255');
  for (const { id, meterNo } of served.meters) {
    const everything = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };
    const rows = await served.house.concentrator.store.readings.profile(id, 'energy', everything);
    const at = rows?.columns.findIndex(({ obis }) => obis === '1.0.1.8.0.255') ?? -1;
    const stored = [...(rows?.values[at]?.values ?? [])].map(String);
    expect(stored.length).toBeGreaterThan(20);
    expect(told.get(meterNo)).toEqual(stored);
  }
}

test.each(['no', 'yes'])(
  'what is read of meters is pushed, shown by a listener as readings, and confirmed; ciphered: %s',
  async (ciphered) => {
    await push({
      ciphered,
      'hes.encryption.key': ENCRYPTION_KEY,
      'hes.authentication.key': AUTHENTICATION_KEY,
    });
    await served.house.round(['Energy profile']);
    await allConfirmed();
    await checkRows();
    const saps = new Set(documents.map(({ addresses }) => addresses['serverAddress']));
    expect([...saps].filter((sap) => sap !== 1)).toEqual(served.meters.map(({ id }) => sapOf(id)));
    expect(new Set(documents.map(({ security }) => security?.policy))).toEqual(
      new Set([ciphered === 'yes' ? 'auth-enc' : undefined]),
    );
    // Neither the title that reads meters nor that of the servers: under one key each has counters of its own.
    for (const { systemTitle } of documents) {
      if (ciphered === 'yes') expect(systemTitle).toMatch(/^4F44432[0-3]/);
      else expect(systemTitle).toBeNull();
    }
    expect(await shown()).toMatchObject({ enabled: true, problem: null, waiting: 0 });
    expect((await shown()).acknowledged).toBe((await shown()).link?.sent ?? -1);
  },
);

test('what was not confirmed comes again after a restart, and only that', async () => {
  await push({ 'in.flight': '1', 'ack.timeout': '1' });
  confirms = false;
  await served.house.round(['Energy profile']);
  await until(() => documents.length > 0);
  await served.house.restart();
  documents = [];
  confirms = true;
  await allConfirmed();
  await checkRows();
});

test('a channel that cannot run says why, and what is owed stays owed', async () => {
  await enable();
  expect(await shown()).toMatchObject({ link: null, problem: 'no head-end is set' });
  await push({ ciphered: 'yes' });
  expect((await shown()).problem).toBe('hes.encryption.key is not set');
  await served.house.round(['Energy profile']);
  expect((await shown()).waiting).toBeGreaterThan(0);
  await served.attributes({ ciphered: 'no' }, CHANNEL);
  await allConfirmed();
  expect((await shown()).problem).toBeNull();
  await checkRows();
});
