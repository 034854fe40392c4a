/**
 * Stores rows and has them sent to a broker until it is killed. Prints `sent <id>` for each message, and `ack <ids>` once acknowledgements are on disk. Arguments:
 * directory, broker's port, first batch, batches.
 */
import { systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { systemRandom } from '../../src/base/random.ts';
import { connectBroker } from '../../src/headend/mqtt/broker.ts';
import { MqttUplink } from '../../src/headend/mqtt/uplink.ts';
import { createMeter, numbers, openTestStore, profileRows, QUARTER_MS } from '../store/fixture.ts';

const [directory = '', port = '0', first = '0', batches = '0'] = process.argv.slice(2);
const store = await openTestStore(directory, { thread: 'own' });
await store.outbox.open('mqtt');
const { rows: known } = await store.archive.list({});
const meters =
  known.length > 0 ? known : await Promise.all([1, 2, 3, 4].map((i) => createMeter(store, `K${i}`)));
const refused = async (): Promise<never> => {
  throw new Error('no commands here');
};
const uplink = new MqttUplink(
  {
    broker: {
      host: '127.0.0.1',
      port: Number(port),
      connectTimeoutMs: 2000,
      clientId: 'dcu',
      keepaliveS: 5,
      version: 5,
    },
    prefix: 'opendcu',
    serialNumber: '1234567890',
    version: '0.0.0',
    discovery: false,
    commands: new Set(),
    inFlight: 8,
    ackTimeoutMs: 2000,
    inWindow: () => true,
  },
  {
    outbox: {
      ...store.outbox,
      acknowledge: async (destination, ids) => {
        await store.outbox.acknowledge(destination, ids);
        process.stdout.write(`ack ${ids.join(' ')}\n`);
      },
    },
    destination: 'mqtt',
    meters: () => store.collection.meters(),
    work: { read: refused, relay: refused, clock: refused, audit: refused },
    connect: async (...to) => {
      const link = await connectBroker(...to);
      return {
        ...link,
        publish: (topic, payload, options) => {
          const message: unknown = JSON.parse(payload);
          if (typeof message === 'object' && message !== null && 'id' in message)
            process.stdout.write(`sent ${message.id}\n`);
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
uplink.start();
process.stdout.write('ready\n');
for (let batch = Number(first); batch < Number(first) + Number(batches); batch++) {
  await Promise.all(
    meters.map(async (meter) => {
      const times = [0, 1].map((i) => (batch * 2 + i) * QUARTER_MS);
      const rows = profileRows(times, [numbers(...times.map((_, i) => batch * 2 + i))]);
      await store.collection.appendProfile(meter.id, 'energy', rows, undefined);
      process.stdout.write(`stored ${meter.meterNo} ${batch}\n`);
    }),
  );
}
// With an argument too many it ends in order once all is sent.
if (process.argv.length > 6) {
  while ((await store.outbox.state())[0]?.waiting !== 0) await Bun.sleep(20);
  await uplink.stop();
  await store.close();
  process.stdout.write('done\n');
  process.exit(0);
}
