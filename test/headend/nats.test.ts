import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { systemClock } from '../../src/base/clock.ts';
import { DcuError } from '../../src/base/errors.ts';
import { silentLog } from '../../src/base/log.ts';
import { systemRandom } from '../../src/base/random.ts';
import { connectBroker } from '../../src/headend/mqtt/broker.ts';
import { MqttUplink } from '../../src/headend/mqtt/uplink.ts';
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
import { subscriber, until } from './mqtt-broker-fixture.ts';
import { natsServer, TestNats } from './nats-fixture.ts';

const BATCHES = 60;
const METERS = ['N1', 'N.2', 'N 3', 'N>*4'];

interface Message {
  readonly id: number;
  readonly meterNo: string;
  readonly rows: readonly { readonly values: readonly number[] }[];
}

const refused = async (): Promise<never> => {
  throw new DcuError('unsupported', 'no commands here');
};

describe.skipIf(natsServer === null)('a nats-server with JetStream as the broker', () => {
  const directory = temporaryDirectory();
  /** Each message as often as it was given to the broker. */
  const given: number[] = [];
  let nats: TestNats;
  let store: Store;
  let uplink: MqttUplink;

  beforeAll(async () => {
    nats = await TestNats.make();
    await nats.start();
    store = await openTestStore(directory);
    await store.outbox.open('mqtt');
    for (const meterNo of METERS) await createMeter(store, meterNo);
    uplink = new MqttUplink(
      {
        broker: {
          host: '127.0.0.1',
          port: nats.port,
          connectTimeoutMs: 2000,
          clientId: 'dcu',
          keepaliveS: 5,
          version: 4,
        },
        prefix: 'opendcu',
        serialNumber: '1234567890',
        version: '0.0.0',
        discovery: true,
        commands: new Set(),
        inFlight: 8,
        ackTimeoutMs: 2000,
        inWindow: () => true,
      },
      {
        outbox: store.outbox,
        destination: 'mqtt',
        meters: () => store.collection.meters(),
        work: { read: refused, relay: refused, clock: refused, audit: refused },
        connect: async (...to) => {
          const link = await connectBroker(...to);
          return {
            ...link,
            publish: (topic, payload, options) => {
              if (topic.endsWith('/energy')) given.push((JSON.parse(payload) as Message).id);
              return link.publish(topic, payload, options);
            },
          };
        },
        // Without the long pauses of a broker that stays away.
        clock: { ...systemClock, after: (ms, fn) => systemClock.after(Math.min(ms, 100), fn) },
        random: systemRandom,
        log: silentLog,
      },
    );
  });

  afterAll(async () => {
    await uplink.stop();
    await store.close();
    await nats.remove();
    removeDirectory(directory);
  });

  test('all that is owed comes, though it is killed in the middle', async () => {
    const hes = await subscriber(nats, 'opendcu/1234567890/meters/+/profile/energy');
    const messages = (): Message[] => hes.received.map(({ text }) => JSON.parse(text) as Message);
    const distinct = (): number => new Set(messages().map(({ id }) => id)).size;
    try {
      uplink.start();
      for (const { id } of await store.collection.meters()) {
        for (let batch = 0; batch < BATCHES; batch++) {
          const rows = profileRows([batch * QUARTER_MS], [numbers(batch)]);
          await store.collection.appendProfile(id, 'energy', rows, undefined);
        }
      }
      await until('some came', () => distinct() >= BATCHES);
      await nats.kill();
      expect((await store.outbox.state())[0]?.waiting).toBeGreaterThan(0);
      await nats.start();
      await until('nothing is owed', async () => (await store.outbox.state())[0]?.waiting === 0);
      await until('all has come', () => distinct() >= BATCHES * METERS.length);
      for (const meterNo of METERS) {
        const own = messages().filter((message) => message.meterNo === meterNo);
        const values = new Set(own.map(({ rows }) => rows[0]?.values[0]));
        expect([...values].sort((a = 0, b = 0) => a - b)).toEqual(
          Array.from({ length: BATCHES }, (_, i) => i),
        );
      }
      // The broker repeats to the head-end what that has not acknowledged; from us comes again only what it has not.
      expect(given.length - new Set(given).size).toBeLessThanOrEqual(8);
    } finally {
      await hes.end();
    }
  }, 60_000);

  test('who comes later finds the meters, and not those that are gone', async () => {
    const [first] = await store.collection.meters();
    if (first === undefined) throw new Error('there is no meter');
    await store.archive.remove(first.id);
    uplink.metersChanged();
    const found = async (): Promise<readonly string[]> => {
      const late = await subscriber(nats, 'opendcu/1234567890/meters/+', { clientId: 'late', clean: true });
      await until('the others come', () => late.received.length >= METERS.length - 1);
      await late.end();
      return late.received
        .filter(({ retain, text }) => retain && text !== '')
        .map(({ text }) => (JSON.parse(text) as { readonly meterNo: string }).meterNo);
    };
    let names: readonly string[] = [];
    await until('the first is gone', async () => {
      names = await found();
      return !names.includes('N1');
    });
    expect([...names].sort()).toEqual(METERS.slice(1).sort());
  }, 60_000);
});
