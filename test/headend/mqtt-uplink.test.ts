import { expect, test } from 'bun:test';
import { VirtualClock } from '../../src/base/clock.ts';
import { DcuError } from '../../src/base/errors.ts';
import { silentLog } from '../../src/base/log.ts';
import type { Meter } from '../../src/base/model.ts';
import { SeededRandom } from '../../src/base/random.ts';
import type { CommandWork } from '../../src/headend/mqtt/commands.ts';
import { MqttUplink, type MqttUplinkOptions } from '../../src/headend/mqtt/uplink.ts';
import type { Store } from '../../src/store/types.ts';
import {
  createMeter,
  numbers,
  openTestStore,
  profileRows,
  QUARTER_MS,
  removeDirectory,
  temporaryDirectory,
} from '../store/fixture.ts';
import { FakeBroker } from './fake-broker.ts';

const START = Date.UTC(2026, 2, 1);
const BASE = 'opendcu/1234567890';

interface World {
  readonly store: Store;
  readonly clock: VirtualClock;
  readonly broker: FakeBroker;
  readonly uplink: MqttUplink;
  readonly meter: Meter;
  readonly did: string[];
  append(quarter: number): Promise<unknown>;
}

async function world(
  body: (world: World) => Promise<void>,
  change: Partial<MqttUplinkOptions> = {},
  work: Partial<CommandWork> = {},
): Promise<void> {
  const directory = temporaryDirectory();
  const clock = new VirtualClock(START);
  const store = await openTestStore(directory, { clock });
  await store.outbox.open('mqtt');
  const meter = await createMeter(store, 'A/1');
  const broker = new FakeBroker();
  const did: string[] = [];
  const uplink = new MqttUplink(
    {
      broker: {
        host: 'broker',
        port: 1883,
        connectTimeoutMs: 1000,
        clientId: 'dcu',
        keepaliveS: 60,
        version: 5,
      },
      prefix: 'opendcu',
      serialNumber: '1234567890',
      version: '1.2.3',
      discovery: false,
      commands: new Set(),
      inFlight: 4,
      ackTimeoutMs: 30_000,
      inWindow: () => true,
      ...change,
    },
    {
      outbox: store.outbox,
      destination: 'mqtt',
      meters: () => store.collection.meters(),
      work: {
        read: async (id) => ({ read: id }),
        relay: async (id, to) => {
          did.push(`relay ${id} ${to}`);
          return { relay: to };
        },
        clock: async () => ({ driftMs: 5 }),
        audit: async (command, { meterNo }, detail) => void did.push(`audit ${command} ${meterNo} ${detail}`),
        ...work,
      },
      connect: broker.connect,
      clock,
      random: new SeededRandom(1),
      log: silentLog,
    },
  );
  try {
    await body({
      store,
      clock,
      broker,
      uplink,
      meter,
      did,
      append: (quarter) =>
        store.collection.appendProfile(
          meter.id,
          'energy',
          profileRows([START + quarter * QUARTER_MS], [numbers(quarter)]),
          undefined,
        ),
    });
  } finally {
    const stopping = uplink.stop();
    await clock.advance(10_000);
    await stopping;
    await store.close();
    removeDirectory(directory);
  }
}

const waiting = async (store: Store): Promise<number> => (await store.outbox.state())[0]?.waiting ?? -1;
const never = (): Promise<void> => new Promise(() => {});
const isData = ({ topic }: { readonly topic: string }): boolean => /\/profile\//.test(topic);

test('a row comes once, below the name of its meter, and is settled', () =>
  world(async ({ store, clock, broker, uplink, append }) => {
    await append(1);
    uplink.start();
    await clock.advance(3000);
    const [status, data, ...more] = broker.published;
    expect(more).toEqual([]);
    expect(status).toMatchObject({ topic: `${BASE}/status`, retain: true });
    expect(JSON.parse(status?.payload ?? '')).toMatchObject({ online: true, version: '1.2.3' });
    expect(broker.connections[0]?.will).toMatchObject({ topic: `${BASE}/status` });
    expect(data?.topic).toBe(`${BASE}/meters/A%2F1/profile/energy`);
    expect(JSON.parse(data?.payload ?? '')).toMatchObject({ meterNo: 'A/1', rows: [{ values: [1] }] });
    expect(await waiting(store)).toBe(0);
    expect(uplink.state()).toMatchObject({ connected: true, sent: 1, inFlight: 0 });
    await append(2);
    await clock.advance(3000);
    expect(broker.published.filter(isData)).toHaveLength(2);
  }));

test('a broker that refuses is asked again, ever more seldom and never in step', () =>
  world(async ({ store, clock, broker, uplink, append }) => {
    broker.onConnect = () => {
      throw new DcuError('association-refused', 'Not authorized');
    };
    await append(1);
    uplink.start();
    await clock.advance(10_000);
    const early = broker.connections.length;
    expect(early).toBeGreaterThan(2);
    await clock.advance(3_600_000);
    expect(broker.connections.length - early).toBeLessThan(60);
    expect(uplink.state()).toMatchObject({
      connected: false,
      lastError: { code: 'association-refused', message: 'Not authorized' },
    });
    broker.onConnect = () => {};
    await clock.advance(600_000);
    expect(broker.published.filter(isData)).toHaveLength(1);
    expect(await waiting(store)).toBe(0);
  }));

test('a broker that never acknowledges gets no more than may be under way, is left, and loses nothing', () =>
  world(async ({ store, clock, broker, uplink, append }) => {
    for (let quarter = 0; quarter < 10; quarter++) await append(quarter);
    broker.onPublish = (message) => (isData(message) ? never() : Promise.resolve());
    uplink.start();
    await clock.advance(20_000);
    expect(broker.published.filter(isData)).toHaveLength(4);
    expect(uplink.state().inFlight).toBe(4);
    await clock.advance(20_000);
    expect(uplink.state().lastError).toMatchObject({ code: 'link-timeout' });
    expect(await waiting(store)).toBe(10);
    broker.onPublish = async () => {};
    const from = broker.published.length;
    // The store works in real time: virtual time must not run away from it.
    for (let second = 0; second < 60 && (await waiting(store)) > 0; second++) await clock.advance(1000);
    const values = broker.published
      .slice(from)
      .filter(isData)
      .map(({ payload }) => (JSON.parse(payload) as { rows: { values: number[] }[] }).rows[0]?.values[0]);
    expect(values).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(await waiting(store)).toBe(0);
  }));

test('a slow broker is not left, and the bound that it names holds', () =>
  world(async ({ store, clock, broker, uplink, append }) => {
    broker.receiveMaximum = 2;
    let under = 0;
    let most = 0;
    broker.onPublish = (message) => {
      if (!isData(message)) return Promise.resolve();
      most = Math.max(most, ++under);
      return new Promise((resolve) => {
        clock.after(20_000, () => {
          under--;
          resolve();
        });
      });
    };
    for (let quarter = 0; quarter < 10; quarter++) await append(quarter);
    uplink.start();
    await clock.advance(300_000);
    expect(most).toBe(2);
    expect(broker.connections).toHaveLength(1);
    expect(broker.published.filter(isData)).toHaveLength(10);
    expect(await waiting(store)).toBe(0);
  }));

test('a broker that refuses a message gets it again, and nothing is settled for it', () =>
  world(async ({ store, clock, broker, uplink, append }) => {
    await append(1);
    let refusals = 0;
    broker.onPublish = async (message) => {
      if (isData(message) && refusals++ < 2) throw new DcuError('link-refused', 'Quota exceeded');
    };
    uplink.start();
    await clock.advance(500);
    expect(await waiting(store)).toBe(1);
    await clock.advance(60_000);
    expect(broker.published.filter(isData)).toHaveLength(3);
    expect(await waiting(store)).toBe(0);
  }));

test('an event overtakes the rows that wait', () =>
  world(async ({ store, clock, broker, uplink, append, meter }) => {
    for (let quarter = 0; quarter < 10; quarter++) await append(quarter);
    broker.onPublish = (message) =>
      isData(message) ? new Promise((resolve) => void clock.after(5000, resolve)) : Promise.resolve();
    uplink.start();
    await clock.advance(1000);
    const event = { time: START, code: 40, clockStatus: 0, extra: {} };
    await store.collection.appendEvents(meter.id, 'fraud', [event], undefined);
    await clock.advance(5500);
    const at = broker.published.findIndex(({ topic }) => topic.endsWith('/events/fraud'));
    expect(broker.published.slice(0, at).filter(isData)).toHaveLength(4);
  }));

test('meters are announced, anew when they change, and taken back', () =>
  world(
    async ({ store, clock, broker, uplink, meter }) => {
      uplink.start();
      await clock.advance(2000);
      const about = (): readonly { payload: string; retain: boolean }[] => broker.on(/\/meters\/[^/]+$/);
      expect(about()).toHaveLength(1);
      expect(about()[0]?.retain).toBe(true);
      await store.archive.update(meter.id, { phase: 2 });
      uplink.metersChanged();
      await clock.advance(2000);
      expect(JSON.parse(about()[1]?.payload ?? '')).toMatchObject({ meterNo: 'A/1', phase: 2 });
      await store.archive.remove(meter.id);
      uplink.metersChanged();
      await clock.advance(2000);
      expect(about()[2]).toMatchObject({ payload: '', retain: true });
      expect(about()).toHaveLength(3);
    },
    { discovery: true },
  ));

test('nothing may be asked for unless it is allowed', () =>
  world(async ({ clock, broker, uplink, did }) => {
    uplink.start();
    await clock.advance(1000);
    expect(broker.subscribed).toEqual([]);
    broker.send(`${BASE}/meters/A%2F1/command/relay`, { id: '1', state: 'off' });
    await clock.advance(1000);
    expect(did).toEqual([]);
  }));

test('an allowed command is audited, carried out once and answered; others are left alone', () =>
  world(
    async ({ clock, broker, uplink, did, meter }) => {
      uplink.start();
      await clock.advance(1000);
      expect(broker.subscribed).toEqual([`${BASE}/meters/+/command/relay`]);
      const topic = `${BASE}/meters/A%2F1/command/relay`;
      broker.send(topic, { id: 'kept', state: 'off' }, true);
      broker.send(topic, { id: '1', state: 'off' });
      broker.send(topic, { id: '1', state: 'off' });
      broker.send(topic, { id: '2', state: 'half' });
      broker.send(topic, 'no json');
      broker.send(topic, { state: 'off' });
      broker.send(`${BASE}/meters/B/command/relay`, { id: '3', state: 'off' });
      broker.send(`${BASE}/meters/A%2F1/command/read`, { id: '4' });
      await clock.advance(3000);
      expect(did).toEqual(['audit relay A/1 request 1, off', `relay ${meter.id} off`]);
      const answers = broker.on(/response\/relay$/).map(({ payload }) => JSON.parse(payload) as object);
      expect(answers).toMatchObject([
        { request: '2', ok: false, error: { code: 'invalid-field' } },
        { request: '1', ok: true, result: { relay: 'off' } },
      ]);
    },
    { commands: new Set(['relay']) },
  ));

test('a flood of commands is answered as such, and what fails is told', () =>
  world(
    async ({ clock, broker, uplink }) => {
      uplink.start();
      await clock.advance(1000);
      for (let i = 0; i < 20; i++) broker.send(`${BASE}/meters/A%2F1/command/read`, { id: `${i}` });
      await clock.advance(400_000);
      const codes = broker
        .on(/response\/read$/)
        .map(({ payload }) => (JSON.parse(payload) as { error: { code: string } }).error.code);
      expect(codes.filter((code) => code === 'rate-limited')).toHaveLength(12);
      expect(codes.filter((code) => code === 'link-timeout')).toHaveLength(8);
    },
    { commands: new Set(['read']) },
    {
      read: (_id, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new DcuError('link-timeout', 'no answer')));
        }),
    },
  ));
