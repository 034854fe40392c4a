import { afterEach, expect, setDefaultTimeout, test } from 'bun:test';
import { openPlcHouse, type PlcHouse, type PlcHouseOptions } from './plc-house.ts';

const CHANNEL = 'reading_module';
const HOUR_MS = 3_600_000;

setDefaultTimeout(60_000);

let house: PlcHouse | undefined;
afterEach(async () => {
  await house?.close();
  house = undefined;
});

async function open(options: PlcHouseOptions): Promise<PlcHouse> {
  house = await openPlcHouse(options);
  await house.until(() => house?.core.modules.get(CHANNEL)?.view.state === 'running');
  return house;
}

const entries = async (of: PlcHouse, type: string): Promise<string[]> =>
  (await of.logbook()).filter((entry) => entry.type === type).map(({ detail }) => detail);

test('the network is looked at after the start and every hour, node by node as it is', async () => {
  const at = await open({ meters: 60 });
  const { store, plc } = at.core;
  await at.pass(HOUR_MS / 2);
  const nodes = await store.networks.nodes(CHANNEL);
  expect(nodes.length).toBe(61);
  expect(nodes.filter(({ role }) => role === 'coordinator').length).toBe(1);
  const { network } = at.module;
  for (const { address, parent, level, phases, quality } of nodes) {
    const real = network.node(address);
    if (real === undefined) continue;
    expect([address, parent, level, phases]).toEqual([
      address,
      real.proxy?.address ?? null,
      real.level,
      real.phaseBits,
    ]);
    expect(quality).toBeWithin(1, 16);
  }
  const first = plc.port.list()[0]?.network.lookedAt ?? 0;
  // A street without power is not there at the next look, and is remembered.
  const gone = at.module.cutStreet(at.module.feeders[0] ?? 0, 3 * 3600);
  expect(gone.length).toBeGreaterThan(10);
  await at.pass(HOUR_MS + 60_000);
  const later = await store.networks.nodes(CHANNEL);
  expect(later.length).toBe(61);
  const old = later.filter(({ seenAt }) => seenAt === first).map(({ address }) => address);
  expect(old.toSorted()).toEqual([...gone].toSorted());
  const off = await entries(at, 'meter-power-off');
  expect(off.length).toBeGreaterThan(0);
});

test('a channel that is switched off is looked at no more, and soon after it is on again', async () => {
  const at = await open({ meters: 4 });
  const { store, plc } = at.core;
  const switched = async (enabled: boolean): Promise<void> => {
    const [channel] = (await store.configuration.channels()).filter(({ name }) => name === CHANNEL);
    if (channel !== undefined) await at.settle(store.configuration.saveChannel({ ...channel, enabled }));
  };
  await at.pass(HOUR_MS / 2);
  await switched(false);
  const seenAt = async (): Promise<number> =>
    Math.max(...(await store.networks.nodes(CHANNEL)).map((node) => node.seenAt));
  const before = await seenAt();
  await at.pass(3 * HOUR_MS);
  expect(await seenAt()).toBe(before);
  await switched(true);
  await at.pass(HOUR_MS / 4);
  expect(await seenAt()).toBeGreaterThan(before);
  expect(plc.port.list()[0]?.network).toMatchObject({ looking: false, error: null });
});

test('meters on another phase than in the archive are told once', async () => {
  const at = await open({ meters: 12 });
  await at.pass(4 * HOUR_MS);
  const told = await entries(at, 'meter-phase');
  expect(told.length).toBe(1);
  const { network } = at.module;
  const wrong = at.meters.filter(({ meterNo }) => {
    const bits = network.node(meterNo)?.phaseBits;
    return bits === 2 || bits === 4;
  });
  expect(wrong.length).toBeGreaterThan(0);
  for (const { meterNo } of wrong) expect(told[0]).toContain(meterNo);
});

test('who is in the network and in no archive is found; who is on the blacklist is told of', async () => {
  const at = await open({ meters: 10, strangers: 3 });
  const { store, plc } = at.core;
  const [first, second, third] = at.street.strangers;
  await store.blacklist.add(third?.meterNo ?? '', 'stolen');
  await at.settle(plc.port.discover(CHANNEL, 10));
  expect(plc.port.list()[0]?.searching).toBe(true);
  await at.pass(HOUR_MS);
  expect(plc.port.list()[0]?.searching).toBe(false);
  const found = await store.found.list({ limit: 10, offset: 0 });
  expect(found.rows.map(({ address, channel }) => `${channel} ${address}`).toSorted()).toEqual(
    [first, second].map((served) => `${CHANNEL} ${served?.meterNo}`),
  );
  expect((await entries(at, 'device-found')).join(' ')).toContain(first?.meterNo ?? '');
  expect((await entries(at, 'device-blacklisted')).join(' ')).toContain(third?.meterNo ?? '');
  expect(at.module.module.memory.archive.has(third?.meterNo ?? '')).toBe(false);
});

test('another band is kept, and given to the next module in the slot', async () => {
  const at = await open({ meters: 4 });
  await at.set({ band: '2' });
  await at.until(() => at.module.module.memory.band === 2);
  await expect(at.core.plc.port.setBand(CHANNEL, 9)).rejects.toMatchObject({ code: 'invalid-field' });
  at.module.module.memory.band = 0;
  at.module.swap();
  await at.until(() => at.module.module.memory.band === 2);
  expect(at.line.openings).toBe(1);
});

test('firmware goes on after a reset in the middle, and reading after it', async () => {
  const at = await open({ meters: 4, behaviour: { pacedUart: true } });
  const { plc, collector } = at.core;
  const image = Uint8Array.from({ length: 40_000 }, (_, i) => i * 7);
  plc.port.upgrade(CHANNEL, image, 'module');
  expect(() => plc.port.upgrade(CHANNEL, image, 'module')).toThrow(
    expect.objectContaining({ code: 'conflict' }),
  );
  const state = () => plc.port.list()[0]?.upgrade;
  while ((state()?.done ?? 0) < 20) await at.clock.advance(100);
  at.module.reset();
  await at.until(() => state()?.state === 'done');
  expect(state()).toMatchObject({ done: 100, total: 100, error: null });
  await at.settle(collector.readNow(at.meters[0]?.id ?? 0, new AbortController().signal));
  const firmware = await entries(at, 'module-firmware');
  expect(firmware).toEqual([`${CHANNEL}: 40000 bytes for module begun`, `${CHANNEL}: done`]);
});

test('an upgrade is cancelled, and everything goes on', async () => {
  const at = await open({ meters: 4, behaviour: { pacedUart: true } });
  const { plc, collector } = at.core;
  plc.port.upgrade(CHANNEL, new Uint8Array(40_000), 'stations');
  while ((plc.port.list()[0]?.upgrade?.done ?? 0) < 3) await at.clock.advance(100);
  expect([plc.port.cancelUpgrade(CHANNEL), plc.port.cancelUpgrade(CHANNEL)]).toEqual([true, true]);
  await at.until(() => plc.port.list()[0]?.upgrade?.state === 'cancelled');
  expect(plc.port.cancelUpgrade(CHANNEL)).toBe(false);
  await at.settle(collector.readNow(at.meters[0]?.id ?? 0, new AbortController().signal));
});
