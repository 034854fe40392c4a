import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { equalBytes } from '../../src/base/bytes.ts';
import type { Clock } from '../../src/base/clock.ts';
import { DcuError } from '../../src/base/errors.ts';
import { silentLog } from '../../src/base/log.ts';
import type { Channel, Meter } from '../../src/base/model.ts';
import { NetworkKeys } from '../../src/concentrator/network-keys.ts';
import { encodeData } from '../../src/dlms/axdr.ts';
import { octetString } from '../../src/dlms/values.ts';
import { unwrapKey } from '../../src/kernels/index.ts';
import type { G3PskObject } from '../../src/meters/meter-profile.ts';
import type { MeterSession } from '../../src/meters/session.ts';
import { G3KeyPlace, type KeyFailure } from '../../src/simulator/g3/network-key.ts';
import type { NetworkKeyStore, Store } from '../../src/store/types.ts';
import { newMeter, openTestStore, removeDirectory, temporaryDirectory } from '../store/fixture.ts';

const OLD = new Uint8Array(16).fill(0x11);
const NEW = Uint8Array.from({ length: 16 }, (_, i) => 0xa0 + i);
const MASTER = new Uint8Array(16).fill(0x5a);
const OBJECT: G3PskObject = {
  classId: 1,
  obis: '0.0.29.2.128.255',
  by: { attribute: 2 },
  wrap: 'kek',
  checkValue: { classId: 1, obis: '0.0.29.2.129.255', attribute: 2 },
};

/** Timers fire at once, and time goes on to them. */
class QuickClock implements Clock {
  #ms = Date.UTC(2026, 5, 1);
  now = (): number => this.#ms;
  monotonicMs = (): number => this.#ms;
  after(delayMs: number, fn: () => void): () => void {
    const timer = setImmediate(() => {
      this.#ms += delayMs;
      fn();
    });
    return () => clearImmediate(timer);
  }
}

let directory: string;
let store: Store;
let channelNumber = 0;

beforeAll(async () => {
  directory = temporaryDirectory();
  store = await openTestStore(directory, { clock: new QuickClock() });
});

afterAll(async () => {
  await store.close();
  removeDirectory(directory);
});

interface Scene {
  readonly meters: number;
  readonly object?: G3PskObject;
  /** By meter id. */
  readonly failures?: Readonly<Record<number, KeyFailure>>;
}

/** A network of meters that keep their keys through deaths of the concentrator. */
class Network {
  readonly channel = `g3-${++channelNumber}`;
  readonly meters: readonly Meter[];
  readonly places: ReadonlyMap<number, G3KeyPlace>;
  readonly clock = new QuickClock();
  readonly logbook: string[] = [];
  /** In the order in which they were given keys. */
  readonly given: number[] = [];
  readonly #object: G3PskObject;
  /** Words to store and meters until the process dies. */
  lives = Number.POSITIVE_INFINITY;
  words = 0;

  constructor({ meters, object = OBJECT, failures = {} }: Scene) {
    this.#object = object;
    this.meters = Array.from({ length: meters }, (_, i) => ({
      ...newMeter(`meter-${this.channel}-${i}`, { channel: this.channel }),
      security: { auth: 'hls-gmac' as const, policy: 'auth-enc' as const },
      id: i + 1,
      createdAt: 0,
      hasPassword: false,
      hasKeys: true,
    }));
    this.places = new Map(
      this.meters.map(({ id }) => {
        const place = new G3KeyPlace(OLD, 15_000);
        place.fail(failures[id]);
        return [id, place];
      }),
    );
  }

  service(): NetworkKeys {
    const channel = { name: this.channel, commType: 14 } as Channel;
    return new NetworkKeys({
      keys: this.#mortal(store.networkKeys),
      channels: async () => [channel],
      meters: async () => this.meters,
      secrets: async () => ({ masterKey: MASTER }),
      states: async () => new Map(),
      level: async (id) => id,
      objectOf: () => this.#object,
      work: async (meterId, _name, signal, work) => {
        this.#live();
        signal.throwIfAborted();
        const place = this.places.get(meterId);
        if (place === undefined || place.lost(this.clock.now()))
          throw new DcuError('link-timeout', 'no answer');
        const result = await work(this.#session(meterId, place));
        // The meter has heard it, and the answer comes to nobody.
        this.#live();
        return result;
      },
      clock: this.clock,
      log: silentLog,
      logbook: {
        record: async (_type, detail) => {
          this.logbook.push(detail);
        },
      },
      patienceMs: 60_000,
      pauseMs: 10_000,
    });
  }

  /** Whether each meter has one of the keys that are kept for it. */
  async keysAreHeld(): Promise<boolean> {
    const keys = await store.networkKeys.keys(this.channel);
    const held: Uint8Array[] = [];
    for (const { id, channel } of await store.networkKeys.changes()) {
      const key = channel === this.channel ? await store.networkKeys.changeKey(id) : undefined;
      if (key !== undefined) held.push(key);
    }
    return this.meters.every(({ id }) => {
      const own = keys.find(({ meterId }) => meterId === id) ?? keys.find(({ meterId }) => meterId === 0);
      const all = [...held, ...(own === undefined ? [] : [own.key, ...(own.previous ? [own.previous] : [])])];
      const has = this.places.get(id)?.at(this.clock.now() + 1_000_000) ?? new Uint8Array(0);
      return all.some((key) => equalBytes(key, has));
    });
  }

  keyOf(id: number): string {
    const has = this.places.get(id)?.at(this.clock.now() + 1_000_000) ?? new Uint8Array(0);
    return equalBytes(has, NEW) ? 'new' : equalBytes(has, OLD) ? 'old' : 'other';
  }

  #live(): void {
    this.words++;
    if (--this.lives < 0) throw new DcuError('internal', 'the process is dead');
  }

  #mortal(keys: NetworkKeyStore): NetworkKeyStore {
    return {
      ...keys,
      step: async (...step) => {
        this.#live();
        await keys.step(...step);
        this.#live();
      },
      settle: async (...settled) => {
        this.#live();
        await keys.settle(...settled);
        this.#live();
      },
      move: async (...move) => {
        this.#live();
        await keys.move(...move);
      },
    };
  }

  #session(meterId: number, place: G3KeyPlace): MeterSession {
    const session: Pick<MeterSession, 'write' | 'invoke' | 'readAttributes' | 'readClock'> = {
      write: async (_attribute, value) => {
        if (value.type !== 'octet-string') throw new Error('no octets');
        const key = this.#object.wrap === 'kek' ? unwrapKey(MASTER, value.value) : value.value;
        if (key === undefined) throw new Error('not wrapped with the master key');
        this.given.push(meterId);
        const result = place.offer(key, this.clock.now());
        if (result !== 'success') throw new DcuError('not-granted', `the pre-shared key: ${result}`);
      },
      invoke: async () => {
        throw new Error('not by a method');
      },
      readAttributes: async () => [
        { ok: true, data: encodeData(octetString(place.checkValue(this.clock.now()))) },
      ],
      readClock: async () => ({}) as Awaited<ReturnType<MeterSession['readClock']>>,
    };
    return session as MeterSession;
  }
}

async function planned(network: Network): Promise<{ readonly service: NetworkKeys; readonly id: number }> {
  const service = network.service();
  await store.networkKeys.save(network.channel, 0, OLD);
  const { change } = await service.plan(network.channel, 0, NEW, 'admin');
  return { service, id: change.id };
}

const stepsOf = async (id: number) =>
  Object.fromEntries(
    (await store.networkKeys.change(id)).steps.map(({ meterId, state }) => [meterId, state]),
  );

describe('a change of the pre-shared key', () => {
  test('reaches the farthest meter first and the network last; the key before is kept until it is confirmed', async () => {
    const network = new Network({ meters: 4 });
    const { service, id } = await planned(network);
    await service.run(id, 'admin');
    await service.ended(id);
    expect(network.given).toEqual([4, 3, 2, 1]);
    expect(await stepsOf(id)).toEqual({ 1: 'confirmed', 2: 'confirmed', 3: 'confirmed', 4: 'confirmed' });
    expect(await store.networkKeys.change(id)).toMatchObject({ state: 'done' });
    expect(await store.networkKeys.changeKey(id)).toBeUndefined();
    const [known, ...others] = await store.networkKeys.keys(network.channel);
    expect(others).toEqual([]);
    expect(known).toMatchObject({ meterId: 0, key: NEW, previous: OLD });
    await service.confirm(network.channel, 'admin');
    expect((await store.networkKeys.keys(network.channel))[0]?.previous).toBeUndefined();
    await expect(service.rollBack(id, 'admin')).rejects.toMatchObject({ code: 'conflict' });
  });

  test('is planned without a word to anybody, with the meters that cannot take the key and why', async () => {
    const network = new Network({ meters: 3 });
    const meters = network.meters as unknown as { security: object; enabled: boolean }[];
    if (meters[0]) meters[0].security = { auth: 'lls', policy: 'none' };
    if (meters[1]) meters[1].enabled = false;
    const service = network.service();
    await expect(service.plan(network.channel, 0, NEW, 'admin')).rejects.toMatchObject({ code: 'conflict' });
    await store.networkKeys.save(network.channel, 0, OLD);
    const { meters: rows, change } = await service.plan(network.channel, 0, NEW, 'admin');
    expect(rows.map(({ meterId, obstacle }) => [meterId, obstacle])).toEqual([
      [3, null],
      [2, 'it is disabled'],
      [1, 'its association is not authenticated and encrypted'],
    ]);
    expect(change.steps.map(({ meterId }) => meterId)).toEqual([3]);
    expect(network.given).toEqual([]);
    await expect(service.plan(network.channel, 0, OLD, 'admin')).rejects.toMatchObject({
      code: 'invalid-field',
    });
    await expect(service.plan('nowhere', 0, NEW, 'admin')).rejects.toMatchObject({ code: 'not-found' });
  });

  test('that too many meters refuse is taken back at all others', async () => {
    const network = new Network({ meters: 5, failures: { 3: 'refuse', 2: 'ignore' } });
    const { service, id } = await planned(network);
    await service.run(id, 'admin');
    await service.ended(id);
    expect(network.meters.map(({ id: meter }) => network.keyOf(meter))).toEqual([
      'old',
      'old',
      'old',
      'old',
      'old',
    ]);
    expect(await store.networkKeys.change(id)).toMatchObject({ state: 'rolled-back' });
    expect(await stepsOf(id)).toEqual({
      1: 'waiting',
      2: 'rolled-back',
      3: 'rolled-back',
      4: 'rolled-back',
      5: 'rolled-back',
    });
    expect(network.logbook.join('\n')).toContain('too many meters have failed');
    expect(await store.networkKeys.keys(network.channel)).toMatchObject([{ meterId: 0, key: OLD }]);
  });

  test('leaves both keys with a meter that does not come back, and can be tried again', async () => {
    const network = new Network({ meters: 5, failures: { 5: 'lose', 4: 'refuse' } });
    const { service, id } = await planned(network);
    await service.run(id, 'admin');
    await service.ended(id);
    expect(await store.networkKeys.change(id)).toMatchObject({ state: 'failed' });
    const own = (await store.networkKeys.keys(network.channel)).find(({ meterId }) => meterId === 5);
    expect(own).toMatchObject({ key: OLD, previous: NEW });
    expect(await network.keysAreHeld()).toBe(true);
    network.places.get(5)?.fail(undefined);
    await service.rollBack(id, 'admin');
    await service.ended(id);
    expect(await store.networkKeys.change(id)).toMatchObject({ state: 'rolled-back' });
    expect(network.keyOf(5)).toBe('old');
    expect(await store.networkKeys.keys(network.channel)).toMatchObject([{ meterId: 0, key: OLD }]);
  });

  test('with few failures ends, and those who failed keep what they had', async () => {
    const network = new Network({ meters: 4, failures: { 2: 'refuse' } });
    const { service, id } = await planned(network);
    await service.run(id, 'admin');
    await service.ended(id);
    expect(await store.networkKeys.change(id)).toMatchObject({ state: 'done' });
    expect([1, 2, 3, 4].map((meter) => network.keyOf(meter))).toEqual(['new', 'old', 'new', 'new']);
    const keys = await store.networkKeys.keys(network.channel);
    expect(keys.find(({ meterId }) => meterId === 2)).toMatchObject({ key: OLD, previous: NEW });
    expect(await network.keysAreHeld()).toBe(true);
    await service.confirm(network.channel, 'admin');
    expect(await network.keysAreHeld()).toBe(true);
  });

  test('at its end is taken back as long as nobody has confirmed it', async () => {
    const network = new Network({ meters: 3 });
    const { service, id } = await planned(network);
    await service.run(id, 'admin');
    await service.ended(id);
    await service.rollBack(id, 'admin');
    await service.ended(id);
    expect(await store.networkKeys.change(id)).toMatchObject({ state: 'rolled-back' });
    expect([1, 2, 3].map((meter) => network.keyOf(meter))).toEqual(['old', 'old', 'old']);
    expect(await store.networkKeys.keys(network.channel)).toMatchObject([{ meterId: 0, key: OLD }]);
  });

  test('of one meter is its own; one at a time on a network', async () => {
    const network = new Network({ meters: 3 });
    const service = network.service();
    await store.networkKeys.save(network.channel, 0, OLD);
    const { change } = await service.plan(network.channel, 2, NEW, 'admin');
    await store.networkKeys.move(change.id, ['planned'], 'running');
    await expect(service.plan(network.channel, 0, NEW, 'admin')).rejects.toMatchObject({ code: 'conflict' });
    await expect(service.set(network.channel, 0, NEW, 'admin')).rejects.toMatchObject({ code: 'conflict' });
    await service.start();
    await service.ended(change.id);
    expect([1, 2, 3].map((meter) => network.keyOf(meter))).toEqual(['old', 'new', 'old']);
    const keys = await store.networkKeys.keys(network.channel);
    expect(keys.map(({ meterId, key }) => [meterId, equalBytes(key, NEW)])).toEqual([
      [0, false],
      [2, true],
    ]);
  });

  test('without a check value of the meter goes by its answers', async () => {
    const { checkValue: _, ...object } = OBJECT;
    const network = new Network({ meters: 2, object: { ...object, wrap: 'none' } });
    const { service, id } = await planned(network);
    await service.run(id, 'admin');
    await service.ended(id);
    expect([1, 2].map((meter) => network.keyOf(meter))).toEqual(['new', 'new']);
  });
});

/** Runs a change whose process dies after so many words; then another process goes on with it. */
async function interrupted(
  scene: Scene,
  lives: number,
): Promise<{ readonly network: Network; readonly id: number }> {
  const network = new Network(scene);
  const { service, id } = await planned(network);
  await service.run(id, 'admin');
  network.lives = lives;
  await service.ended(id);
  expect(await network.keysAreHeld()).toBe(true);
  network.lives = Number.POSITIVE_INFINITY;
  const next = network.service();
  await next.start();
  await next.ended(id);
  expect(await network.keysAreHeld()).toBe(true);
  return { network, id };
}

describe('a process that dies in the middle of a change', () => {
  const scenes: readonly (readonly [string, Scene, string, string])[] = [
    ['all goes well', { meters: 3 }, 'done', 'new,new,new'],
    [
      'it is taken back',
      { meters: 4, failures: { 3: 'refuse', 2: 'ignore' } },
      'rolled-back',
      'old,old,old,old',
    ],
  ];
  test.each(scenes)(
    'at any word, %s: every meter has a key that is kept, and it comes to its end',
    async (_, scene, state, keys) => {
      const whole = await interrupted(scene, Number.POSITIVE_INFINITY);
      expect(whole.network.words).toBeGreaterThan(20);
      for (let lives = 0; lives <= whole.network.words; lives++) {
        const { network, id } = await interrupted(scene, lives);
        expect((await store.networkKeys.change(id)).state).toBe(state as 'done');
        expect(network.meters.map((meter) => network.keyOf(meter.id)).join()).toBe(keys);
      }
    },
    60_000,
  );

  test('any failures, any death: every meter has a key that is kept', async () => {
    const failure = fc.option(fc.constantFrom<KeyFailure>('refuse', 'ignore', 'lose'), {
      nil: undefined,
      freq: 2,
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(failure, { minLength: 2, maxLength: 6 }),
        fc.nat(60),
        async (failures, lives) => {
          const chosen = failures.flatMap((one, i) => (one === undefined ? [] : [[i + 1, one] as const]));
          await interrupted({ meters: failures.length, failures: Object.fromEntries(chosen) }, lives);
        },
      ),
      { numRuns: 40 },
    );
  }, 60_000);
});

describe('what is kept', () => {
  test('keys are sealed for their place, and in no list, log or error', async () => {
    const network = new Network({ meters: 4, failures: { 4: 'refuse', 3: 'refuse' } });
    const { service, id } = await planned(network);
    await service.run(id, 'admin');
    await service.ended(id);
    const shown = JSON.stringify([
      await store.networkKeys.list(),
      await store.networkKeys.changes(),
      network.logbook,
    ]);
    for (const secret of [OLD, NEW, MASTER]) {
      expect(shown.toLowerCase()).not.toContain(secret.toHex());
      expect(shown).not.toContain(secret.toBase64());
    }
    await expect(store.networkKeys.save(network.channel, 0, new Uint8Array(15))).rejects.toMatchObject({
      code: 'invalid-field',
      field: 'key',
    });
  });
});
