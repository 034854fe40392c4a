import { afterEach, beforeEach, expect, setDefaultTimeout, test } from 'bun:test';
import { DcuError } from '../../../src/base/errors.ts';
import { systemRandom } from '../../../src/base/random.ts';
import {
  decodeDataNotification,
  encodeDataNotification,
  encodeDataNotificationConfirm,
} from '../../../src/dlms/apdu/notification.ts';
import { encodeData } from '../../../src/dlms/axdr.ts';
import { encodeDateTime, fromUtcMs } from '../../../src/dlms/datetime.ts';
import { createPushReceiver } from '../../../src/dlms/link/push-receiver.ts';
import { openPushed } from '../../../src/dlms/notifications.ts';
import type { CosemResponse, LogicalDevice } from '../../../src/dlms/server.ts';
import { octetString } from '../../../src/dlms/values.ts';
import type { WrapperTap } from '../../../src/headend/dial/wrapper-tap.ts';
import { pushProtection } from '../../../src/headend/push/protection.ts';
import {
  AUTHENTICATION_KEY,
  ENCRYPTION_KEY,
  elements,
  openServed,
  PASSWORD,
  readValue,
  type ServedHouse,
} from '../served.ts';
import { DialledHes } from './dialled-hes.ts';

setDefaultTimeout(60_000);

const CHANNEL = 'tcp_client';
const SAPS = { classId: 17, obis: '0.0.41.0.0.255', attribute: 2 };
const HOUR_MS = 3_600_000;

let served: ServedHouse;
let hes: DialledHes;
beforeEach(async () => {
  served = await openServed({ meters: 1 });
  hes = new DialledHes();
});
afterEach(async () => {
  await served.end();
  await hes.close();
});

const dialTo = (port: number, more: Readonly<Record<string, string>> = {}): Promise<void> =>
  served.attributes(
    {
      'ip.1': '127.0.0.1',
      'port.1': String(port),
      'hes.auth': 'lls',
      'hes.password': PASSWORD,
      'redial.first': '1',
      'redial.max': '1',
      ...more,
    },
    CHANNEL,
  );

const view = () => {
  const found = served.house.concentrator.dialling.views().find(({ channel }) => channel === CHANNEL);
  if (found === undefined) throw new Error('no such channel');
  return found;
};

const logged = async (type: string): Promise<readonly string[]> => {
  const { rows } = await served.house.concentrator.store.logbook.list({ limit: 500, offset: 0 });
  return rows.filter((row) => row.type === type).map(({ detail }) => detail);
};

/** Looks again until it is so; the test's time limit is the only one. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await Bun.sleep(20);
}

async function protocolAttribute(key: string, value: string): Promise<void> {
  const { configuration } = served.house.concentrator.store;
  const attribute = (await configuration.protocolAttributes('dlms_up')).find((one) => one.key === key);
  if (attribute === undefined) throw new Error(`no attribute ${key}`);
  await configuration.saveProtocolAttribute({ ...attribute, value });
}

test('nobody is dialled until there is an address', () => {
  expect(view()).toEqual({
    channel: CHANNEL,
    kind: 'client',
    enabled: true,
    dial: undefined,
    problem: undefined,
    connections: [],
  });
});

test('the head-end that was dialled reads the SAP list; heartbeats go beside that', async () => {
  await dialTo(hes.port, { heartbeat: 'identification', 'heartbeat.interval': '1', 'heartbeat.id': 'DCU42' });
  const tap = await hes.connection();
  const client = await hes.associate(tap);
  expect(elements(await readValue(client, SAPS))).toHaveLength(2);
  await until(() => hes.heartbeats.length >= 2 && (view().dial?.heartbeats?.answered ?? 0) >= 2);
  expect(elements(await readValue(client, SAPS))).toHaveLength(2);
  expect(new TextDecoder().decode(hes.heartbeats[0]?.apdu.subarray(6))).toBe('0000000DCU42');
  expect(view().dial).toMatchObject({ state: 'connected', mode: 'server', attempts: 0 });
  expect(view().connections).toMatchObject([{ associations: [{ client: 1, sap: 1 }] }]);
  await until(async () => (await logged('hes-connected')).length > 0);
  expect(await logged('hes-connected')).toEqual([`${CHANNEL}, 127.0.0.1:${hes.port}`]);
});

test('a channel that is changed or switched off lets its own head-end go, and nobody else', async () => {
  await dialTo(hes.port);
  const other = await served.associate(1);
  const first = await hes.connection();
  const client = await hes.associate(first);
  // What is read later ends no connection.
  await served.attributes({ 'in.flight': '8', 'hes.rights': 'full' }, CHANNEL);
  expect(elements(await readValue(client, SAPS))).toHaveLength(2);
  await served.attributes({ 'heartbeat.interval': '30' }, CHANNEL);
  expect(elements(await readValue(await hes.associate(await hes.connection(2)), SAPS))).toHaveLength(2);
  expect(first.ended).toBeDefined();
  const { configuration } = served.house.concentrator.store;
  const channel = (await configuration.channels()).find(({ name }) => name === CHANNEL);
  if (channel === undefined) throw new Error('no such channel');
  await configuration.saveChannel({ ...channel, enabled: false });
  expect(view()).toMatchObject({ enabled: false, dial: undefined });
  await until(() => hes.connections[1]?.ended !== undefined);
  await configuration.saveChannel({ ...channel, enabled: true });
  expect(elements(await readValue(await hes.associate(await hes.connection(3)), SAPS))).toHaveLength(2);
  expect(elements(await readValue(other, SAPS))).toHaveLength(2);
});

test('the API shows every channel, without a secret', async () => {
  await dialTo(hes.port);
  await hes.associate(await hes.connection());
  const { rows } = await served.house.api<{ readonly rows: readonly unknown[] }>('/api/headend');
  expect(JSON.stringify(rows)).not.toContain(PASSWORD);
  const byKind = ['server', 'local', 'balance', 'client'].map((kind) =>
    rows.find((row) => typeof row === 'object' && row !== null && 'kind' in row && row.kind === kind),
  );
  expect(byKind).toMatchObject([
    { channel: 'tcp_server', kind: 'server', listening: { port: served.port }, dial: null },
    { channel: 'tcp_server_gui', kind: 'local', listening: null },
    { channel: 'tcp_server_im', kind: 'balance', listening: null },
    {
      channel: CHANNEL,
      kind: 'client',
      listening: null,
      dial: { state: 'connected', mode: 'server', peer: `127.0.0.1:${hes.port}`, nextTryAt: null },
      connections: [{ peer: `127.0.0.1:${hes.port}`, associations: [{ client: 1, sap: 1 }] }],
    },
  ]);
});

test('the next address is taken when the first one refuses', async () => {
  const gone = new DialledHes();
  const { port } = gone;
  await gone.close();
  await dialTo(port, { 'ip.2': '127.0.0.1', 'port.2': String(hes.port), 'ip.size': '2' });
  await hes.connection();
  await until(() => view().dial?.state === 'connected');
  expect(view().dial).toMatchObject({ peer: `127.0.0.1:${hes.port}` });
});

test('one that does not answer heartbeats is left and dialled again', async () => {
  const deaf = new DialledHes(0, false);
  await dialTo(deaf.port, {
    heartbeat: 'identification',
    'heartbeat.interval': '1',
    'heartbeat.timeout': '1',
    'heartbeat.misses': '2',
  });
  const first = await deaf.connection();
  await deaf.connection(2);
  expect(first.ended).toBeDefined();
  expect(view().dial?.lastError?.message).toContain('2 heartbeats were not answered');
  await deaf.close();
});

test('garbage, a wrong password and a flood cost only the connection that they come on', async () => {
  const other = await served.associate(1);
  await dialTo(hes.port);
  await (await hes.connection(1)).write(new Uint8Array(4096).fill(0x55));
  const second = await hes.connection(2);
  const wrong = hes.associate(second, 1, { password: new TextEncoder().encode('no') });
  await expect(wrong).rejects.toMatchObject({ code: expect.any(String) });
  const third = await hes.connection(3);
  for (let i = 0; i < 200 && third.ended === undefined; i++) {
    await third.write(new Uint8Array(65_536)).catch(() => undefined);
  }
  await until(() => third.ended !== undefined);
  expect(elements(await readValue(other, SAPS))).toHaveLength(2);
  expect((await logged('hes-refused')).length).toBeLessThanOrEqual(2);
});

const notification = (id: number): Uint8Array =>
  encodeDataNotification({
    longInvoke: (0x40_00_00_00 | id) >>> 0,
    body: encodeData(octetString(Uint8Array.of(1, 2, 3))),
  });

test('what is pushed goes under the association of the head-end, which confirms it', async () => {
  await dialTo(hes.port);
  const open = served.house.concentrator.dialling.way(CHANNEL);
  if (open === undefined) throw new Error('no way');
  const way = await open(new AbortController().signal);
  const tap = await hes.connection();
  const pushed: Uint8Array[] = [];
  const client = await hes.associate(tap, 1, {}, (apdu) => pushed.push(apdu));
  const sent = way.send({ sap: 17, apdu: notification(5) });
  await until(() => pushed.length > 0);
  expect(pushed.map((apdu) => decodeDataNotification(apdu).longInvoke)).toEqual([0x40_00_00_05]);
  await tap.send({ source: 1, destination: 1, apdu: Uint8Array.of(0x10, 0x40, 0, 0, 5, 0) });
  await sent;
  expect(elements(await readValue(client, SAPS))).toHaveLength(2);
  await hes.close();
  const gone = /^(?:link-closed|channel-lost)$/;
  expect((await way.closed).code).toMatch(gone);
  const codeOf = ({ code }: DcuError): string => code;
  expect(await way.send({ sap: 17, apdu: notification(6) }).catch(codeOf)).toMatch(gone);
});

test('what the outbox owes is pushed on the connection, ciphered where nobody has associated, and again until it is confirmed', async () => {
  const { store, uplinks, collector } = served.house.concentrator;
  await dialTo(hes.port, {
    push: 'yes',
    'hes.encryption.key': ENCRYPTION_KEY,
    'hes.authentication.key': AUTHENTICATION_KEY,
  });
  const keys = {
    encryptionKey: Uint8Array.fromHex(ENCRYPTION_KEY),
    authenticationKey: Uint8Array.fromHex(AUTHENTICATION_KEY),
  };
  let counter = 1;
  const protection = pushProtection({
    ...keys,
    systemTitle: new TextEncoder().encode('HES00001'),
    counters: { ready: async () => {}, next: () => counter++ },
    random: systemRandom,
  });
  const asked: string[] = [];
  /** Takes what is pushed; confirms it, or hangs up. */
  const take = (tap: WrapperTap, confirms: boolean): void => {
    const receiver = createPushReceiver({ framing: 'wrapper', gapMs: 1000 });
    tap.onBytes((bytes) => {
      for (const effect of receiver.step({ on: 'bytes', bytes }, 0)) {
        if (effect.do !== 'emit') continue;
        const { apdu, peer } = effect.event;
        const { plaintext } = openPushed(apdu, { ...keys, recipient: new TextEncoder().encode('HES00001') });
        const { longInvoke } = decodeDataNotification(plaintext);
        asked.push(`${confirms ? 'confirmed' : 'refused'} ${apdu[0]?.toString(16)}`);
        if (!confirms) {
          tap.abandon(new DcuError('cancelled', 'no'));
          return;
        }
        const confirm = protection.protect(encodeDataNotificationConfirm({ longInvoke }));
        void tap.send({ source: 1, destination: peer.serverAddress ?? 0, apdu: confirm });
      }
    });
  };
  take(await hes.connection(1), false);
  // The outbox has it from the transaction that stores it.
  await until(() => uplinks.views().some(({ destination, enabled }) => destination === CHANNEL && enabled));
  const meterId = served.meter(0).id;
  const time = Date.now();
  const events = [{ time, code: 40, clockStatus: 0, extra: {} }];
  await store.collection.appendEvents(meterId, 'fraud', events, { fromMs: time, toMs: time + 1 });
  collector.bus.emit('meter-data', { meterId, kind: 'fraud', added: 1 });
  take(await hes.connection(2), true);
  const owed = async (): Promise<number> =>
    (await store.outbox.state()).find(({ destination }) => destination === CHANNEL)?.waiting ?? -1;
  await until(async () => asked.some((one) => one.startsWith('confirmed')) && (await owed()) === 0);
  expect(asked[0]).toBe('refused db');
  expect(asked.filter((one) => one === 'confirmed db').length).toBeGreaterThan(0);
  protection.release();
});

/** A head-end's server that says it is `aheadMs` later. */
const clockDevice = (aheadMs: number): LogicalDevice => ({
  address: 7,
  systemTitle: Uint8Array.fromHex('4845530000000007'),
  associations: [
    { clientAddress: 1, auth: 'lls', policy: 'none', password: new TextEncoder().encode(PASSWORD) },
  ],
  nextInvocationCounter: () => 1,
  acceptInvocationCounter: () => true,
  handle: (request): CosemResponse =>
    request.type === 'get' && request.attribute.obis === '0.0.1.0.0.255' && request.attribute.attribute === 2
      ? {
          result: 'success',
          data: encodeData(octetString(encodeDateTime(fromUtcMs(Date.now() + aheadMs, -120)))),
        }
      : { result: 'object-undefined' },
});

test('as a client it asks the head-end what time it is, and sets its own clock', async () => {
  await protocolAttribute('server.mode', '0');
  await dialTo(hes.port, { 'hes.server': '7' });
  hes.serve(await hes.connection(), clockDevice(HOUR_MS));
  const { clockSync } = served.house.concentrator;
  await until(() => clockSync.state.synchronised);
  expect(clockSync.state.last).toMatchObject({ source: 'hes', who: `127.0.0.1:${hes.port}` });
  const offMs = (clockSync.state.last?.at ?? 0) - Date.now();
  expect(Math.abs(offMs - HOUR_MS)).toBeLessThan(60_000);
  expect(view().dial).toMatchObject({ state: 'connected', mode: 'client' });
});

test('as a client that is not let in it comes again ever later', async () => {
  await protocolAttribute('server.mode', '0');
  await dialTo(hes.port, { 'hes.server': '7', 'hes.password': 'another' });
  hes.serve(await hes.connection(1), clockDevice(0));
  hes.serve(await hes.connection(2), clockDevice(0));
  expect(view().dial?.lastError?.code).toBe('association-refused');
  expect(view().dial?.attempts).toBeGreaterThan(0);
  expect(served.house.concentrator.clockSync.state.synchronised).toBe(false);
});

test('a change of the mode begins a new connection', async () => {
  await dialTo(hes.port);
  const first = await hes.connection();
  expect(view().dial?.mode).toBe('server');
  await protocolAttribute('server.mode', '0');
  await hes.connection(2);
  expect(view().dial?.mode).toBe('client');
  expect(first.ended).toBeDefined();
});
