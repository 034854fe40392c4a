import { expect, test } from 'bun:test';
import { systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { systemRandom } from '../../src/base/random.ts';
import { memoryPair } from '../../src/channels/memory.ts';
import type { AssociationConfig } from '../../src/dlms/client.ts';
import { MeterConnector } from '../../src/meters/connector.ts';
import type { MeterLink } from '../../src/meters/meter-link.ts';
import { meter } from '../tasks/fake-meter.ts';
import { MemoryStore } from '../tasks/memory-store.ts';

const key = (byte: number): Uint8Array => new Uint8Array(16).fill(byte);

test('what a meter has said is no news in a later session either, until it has another key', async () => {
  const store = new MemoryStore();
  store.attributes = { dlms_down: {} };
  const associations: AssociationConfig[] = [];
  const connector = new MeterConnector({
    store,
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    systemTitle: Uint8Array.of(0x44, 0x43, 0x55, 0, 0, 0, 0, 1),
    openLine: () => ({
      lineName: 'line',
      opener: { name: 'line', open: async () => memoryPair()[0] },
      protocol: 'dlms_down',
      shared: false,
    }),
    connect: (_, { association }): Promise<MeterLink> => {
      associations.push(association);
      return Promise.reject(new Error('it is enough to be asked'));
    },
  });
  const security = { auth: 'hls-gmac', policy: 'auth-enc' } as const;
  const open = async (id: number): Promise<AssociationConfig> => {
    const opening = await connector.prepare(meter(id, { security }));
    await opening.open(new AbortController().signal, false, () => {}).catch(() => undefined);
    const association = associations.at(-1);
    if (association === undefined) throw new Error('nobody was asked');
    return association;
  };
  const keys = (encryptionKey: Uint8Array) => ({ encryptionKey, authenticationKey: key(9) });
  for (const id of [1, 2]) store.secretsOf.set(id, keys(key(1)));

  const first = await open(1);
  expect(first.lowestMeterCounter).toBe(0);
  first.onMeterCounter?.(502);
  expect((await open(1)).lowestMeterCounter).toBe(502);
  expect((await open(2)).lowestMeterCounter).toBe(0);
  store.secretsOf.set(1, keys(key(2)));
  expect((await open(1)).lowestMeterCounter).toBe(0);
  await connector.close();
});
