import { afterEach, describe, expect, test } from 'bun:test';
import { SeededRandom } from '../../src/base/random.ts';
import type { ByteChannel, ChannelOpener } from '../../src/channels/channel.ts';
import type { Transports } from '../../src/concentrator/transports.ts';
import { G3World } from './world.ts';

let world: G3World | undefined;

afterEach(async () => {
  await world?.close();
  world = undefined;
});

/** Loses datagrams of either direction, and has some come twice. */
class Lossy implements ByteChannel {
  lost = 0;
  readonly #inner: ByteChannel;
  readonly #random: SeededRandom;
  readonly #loss: number;

  constructor(inner: ByteChannel, random: SeededRandom, loss: number) {
    this.#inner = inner;
    this.#random = random;
    this.#loss = loss;
  }

  get name(): string {
    return this.#inner.name;
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let copies = this.#copies(); copies > 0; copies--) await this.#inner.write(bytes);
  }

  onBytes(listener: (bytes: Uint8Array) => void): void {
    this.#inner.onBytes((bytes) => {
      for (let copies = this.#copies(); copies > 0; copies--) listener(bytes.slice());
    });
  }

  onClosed(listener: Parameters<ByteChannel['onClosed']>[0]): void {
    this.#inner.onClosed(listener);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  #copies(): number {
    const drawn = this.#random.next();
    if (drawn < this.#loss) {
      this.lost++;
      return 0;
    }
    return drawn > 1 - this.#loss / 2 ? 2 : 1;
  }
}

function lossy(loss: number): {
  readonly wrap: (plain: Transports) => Transports;
  readonly lost: () => number;
} {
  const made: Lossy[] = [];
  const random = new SeededRandom(31);
  const udp =
    (plain: Transports) =>
    (endpoint: Parameters<Transports['udp']>[0]): ChannelOpener => {
      const opener = plain.udp(endpoint);
      return {
        name: opener.name,
        open: async (signal) => {
          const channel = new Lossy(await opener.open(signal), random.fork(made.length), loss);
          made.push(channel);
          return channel;
        },
      };
    };
  return {
    wrap: (plain) => ({ ...plain, udp: udp(plain) }),
    lost: () => made.reduce((sum, one) => sum + one.lost, 0),
  };
}

describe('meters by UDP', () => {
  test.each(['none', 'hls-gmac'] as const)(
    'are read whole with 5 %% of the datagrams lost and others twice, %s',
    async (auth) => {
      const { wrap, lost } = lossy(0.05);
      world = new G3World({
        seed: 12,
        meters: 16,
        auth,
        transports: wrap,
        attributes: { 'send.timeout': '1', 'send.retry': '5', 'max.bytes': '256' },
      });
      await world.open();
      const served = world.street.meters.filter(({ transport }) => transport === 'udp');
      expect(served.length).toBeGreaterThan(5);
      for (const one of served) await world.add(one);
      const { configuration } = world.core.store;
      for (const item of await configuration.taskItems()) {
        await configuration.saveTaskItem({ ...item, maxRecallS: 86_400 });
      }
      const summary = await world.core.collector.round({ types: ['G3 Path Discovery', 'Energy profile'] });
      expect(lost()).toBeGreaterThan(20);
      expect(summary.failed).toBe(0);
      for (const meter of await world.core.store.collection.meters()) {
        expect((await world.core.store.g3.path(meter.id))?.detail.neighbours.length ?? 0).toBeGreaterThan(0);
        const rows = await world.core.store.readings.profile(meter.id, 'energy', {
          fromMs: 0,
          toMs: Number.MAX_SAFE_INTEGER,
        });
        expect(rows?.times.length ?? 0).toBeGreaterThanOrEqual(23);
        expect(new Set(rows?.times).size).toBe(rows?.times.length ?? 0);
      }
    },
    60_000,
  );
});
