import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bus } from '../../src/base/bus.ts';
import { systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { systemRandom } from '../../src/base/random.ts';
import { Uplinks } from '../../src/concentrator/uplink.ts';
import { BUILT_IN_PROFILES } from '../../src/meters/profiles/index.ts';
import type { Store } from '../../src/store/types.ts';
import type { CollectorEvents } from '../../src/tasks/events.ts';
import {
  createMeter,
  numbers,
  openTestStore,
  profileRows,
  removeDirectory,
  temporaryDirectory,
} from '../store/fixture.ts';
import { mosquitto, subscriber, TestBroker, until } from './mqtt-broker-fixture.ts';

const tools = mosquitto !== null && Bun.which('openssl') !== null && Bun.which('mosquitto_passwd') !== null;

/** A certificate signed by the authority `ca` of the directory. */
async function certificates(directory: string): Promise<void> {
  const at = (name: string): string => join(directory, name);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const openssl = async (...args: string[]): Promise<void> => {
    const made = Bun.spawn(['openssl', ...args], { stdout: 'ignore', stderr: 'ignore' });
    if ((await made.exited) !== 0) throw new Error(`openssl ${args[0]} has failed`);
  };
  await openssl('req', '-x509', ...key, '-subj', '/CN=ca', '-keyout', at('ca.key'), '-out', at('ca.pem'));
  const signed = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-addext', 'subjectAltName=IP:127.0.0.1'];
  for (const name of ['broker', 'dcu']) {
    const files = ['-keyout', at(`${name}.key`), '-out', at(`${name}.pem`)];
    await openssl('req', '-x509', ...key, '-subj', `/CN=${name}`, ...signed, ...files);
  }
}

describe.skipIf(!tools)('a broker with TLS', () => {
  const directory = temporaryDirectory();
  let broker: TestBroker;
  let store: Store;
  let uplinks: Uplinks;

  beforeAll(async () => {
    broker = await TestBroker.make(
      [
        'allow_anonymous false',
        'password_file $DIR/passwords',
        'cafile $DIR/ca.pem',
        'certfile $DIR/broker.pem',
        'keyfile $DIR/broker.key',
        'require_certificate true',
      ].join('\n'),
    );
    await certificates(broker.directory);
    const passwords = join(broker.directory, 'passwords');
    writeFileSync(passwords, '');
    for (const [name, password] of [
      ['dcu', 'right'],
      ['hes', 'hes'],
    ] as const)
      await Bun.spawn(['mosquitto_passwd', '-b', passwords, name, password], { stderr: 'ignore' }).exited;
    await broker.start();
    store = await openTestStore(directory);
    mkdirSync(join(directory, 'tls'));
    for (const name of ['ca.pem', 'dcu.pem', 'dcu.key'])
      writeFileSync(join(directory, 'tls', name), readFileSync(join(broker.directory, name)));
    uplinks = new Uplinks({
      directory,
      store,
      collector: {
        bus: new Bus<CollectorEvents>(() => {}),
        readNow: () => Promise.reject(new Error('not here')),
        relay: () => Promise.reject(new Error('not here')),
        withSession: () => Promise.reject(new Error('not here')),
      },
      profiles: BUILT_IN_PROFILES,
      serialNumber: '1234567890',
      systemTitle: new Uint8Array(8),
      version: '1.0.0',
      zone: () => 'UTC',
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
    });
  });

  afterAll(async () => {
    await uplinks.close();
    await store.close();
    await broker.remove();
    removeDirectory(directory);
  });

  const set = async (values: Readonly<Record<string, string>>): Promise<void> => {
    for (const attribute of await store.configuration.channelAttributes('mqtt')) {
      const value = values[attribute.key];
      if (value !== undefined) await store.configuration.saveChannelAttribute({ ...attribute, value });
    }
    await uplinks.reload();
  };
  const view = () => uplinks.views().find(({ destination }) => destination === 'mqtt');
  const trouble = async (what: string, holds: (message: string) => boolean): Promise<void> =>
    until(what, () => holds(view()?.link?.lastError?.message ?? ''));

  test('is brought what there is with certificate and password, and nothing by whoever else says to be it', async () => {
    await uplinks.start();
    expect(view()).toMatchObject({ destination: 'mqtt', enabled: false, link: undefined });
    const channel = (await store.configuration.channels()).find(({ name }) => name === 'mqtt');
    if (channel === undefined) throw new Error('there is no channel mqtt');
    await store.configuration.saveChannel({ ...channel, enabled: true });
    await uplinks.reload();
    expect(view()).toMatchObject({ enabled: true, link: undefined, problem: 'no broker is set' });

    await store.configuration.saveSetting('mqtt.password', 'wrong');
    expect((await store.configuration.settings()).find(({ key }) => key === 'mqtt.password')?.value).toBe(
      '***',
    );
    const own = { 'tls.certificate': 'dcu.pem', 'tls.key': 'dcu.key' };
    await set({ url: `mqtts://127.0.0.1:${broker.port}`, username: 'dcu', ...own });
    await trouble('an unknown authority is refused', (message) =>
      /certificate|self.signed|issuer/i.test(message),
    );

    await set({ 'tls.fingerprint': 'ab'.repeat(32) });
    await trouble('another certificate is refused', (message) =>
      message.includes('shows another certificate'),
    );

    await set({ 'tls.fingerprint': '', 'tls.ca': 'ca.pem', version: '4' });
    await trouble('the password is refused', (message) => /not authorized|bad user/i.test(message));

    const meter = await createMeter(store, 'A');
    await store.collection.appendProfile(meter.id, 'energy', profileRows([900_000], [numbers(7)]), undefined);
    const tls = (name: string): Buffer => readFileSync(join(broker.directory, name));
    const hes = await subscriber(broker, 'opendcu/#', {
      protocol: 'mqtts',
      username: 'hes',
      password: 'hes',
      ca: tls('ca.pem'),
      cert: tls('dcu.pem'),
      key: tls('dcu.key'),
    });
    try {
      await store.configuration.saveSetting('mqtt.password', 'right');
      await uplinks.reload();
      await until('the row comes', () => hes.received.some(({ topic }) => topic.endsWith('/profile/energy')));
      await until('it is settled', async () => (await store.outbox.state())[0]?.waiting === 0);
      expect(hes.received.filter(({ topic }) => topic.endsWith('/profile/energy'))).toHaveLength(1);

      const fingerprint = new X509Certificate(tls('broker.pem')).fingerprint256;
      await set({ 'tls.ca': '', 'tls.fingerprint': fingerprint, version: '5' });
      await until('the pinned one is trusted', () => view()?.link?.connected === true);
      const status = (): string[] =>
        hes.received.filter(({ topic }) => topic.endsWith('90/status')).map(({ text }) => text);
      const before = status().length;
      await store.configuration.saveChannel({ ...channel, enabled: false });
      await uplinks.reload();
      await until(
        'it says that it goes',
        () => status().length > before && (status().at(-1) ?? '').includes('false'),
      );
      // What is stored while the channel is off waits for it.
      await store.collection.appendProfile(
        meter.id,
        'energy',
        profileRows([1_800_000], [numbers(8)]),
        undefined,
      );
      expect((await store.outbox.state())[0]).toMatchObject({ waiting: 1 });
      expect(await uplinks.clear('mqtt')).toBe(1);
      expect(await store.outbox.state()).toEqual([]);
    } finally {
      await hes.end();
    }
  }, 90_000);
});
