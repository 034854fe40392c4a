import { afterEach, expect, setDefaultTimeout, test } from 'bun:test';
import { openPlcHouse, type PlcHouse, type PlcHouseOptions } from './plc-house.ts';

const DAY_ROWS = 96;

setDefaultTimeout(60_000);

let house: PlcHouse | undefined;
afterEach(async () => {
  await house?.close();
  house = undefined;
});

async function open(options: PlcHouseOptions): Promise<PlcHouse> {
  house = await openPlcHouse(options);
  const { configuration } = house.core.store;
  for (const item of await configuration.taskItems()) {
    if (item.type === 'Energy profile') await configuration.saveTaskItem({ ...item, maxRecallS: 86_400 });
  }
  return house;
}

test('a day of twenty meters is read through the module', async () => {
  const { core, meters, module, settle, times } = bound(await open({ meters: 20 }));
  const summary = await settle(core.collector.round({ types: ['Energy profile'] }));
  expect(summary).toMatchObject({ failed: 0 });
  // A meter that had no power for a while has fewer.
  const rows = await Promise.all(meters.map(async ({ id }) => (await times(id, 'energy')).length));
  expect(Math.min(...rows)).toBeGreaterThan(DAY_ROWS - 10);
  expect(rows.filter((count) => count === DAY_ROWS).length).toBeGreaterThan(15);
  expect([...module.module.memory.archive.keys()].sort()).toEqual(
    meters.map(({ meterNo }) => meterNo).sort(),
  );
});

/** Rows of each meter; one that had no power for a while has fewer, and may have none of that time. */
async function rowsOf(of: PlcHouse): Promise<number[]> {
  return Promise.all(of.meters.map(async ({ id }) => (await of.times(id, 'energy')).length));
}

test('a reset of the module in the middle costs time, and nothing else', async () => {
  const calm = await open({ meters: 20, seed: 3 });
  await calm.settle(calm.core.collector.round({ types: ['Energy profile'] }));
  const expected = await rowsOf(calm);
  await calm.close();
  const disturbed = await open({ meters: 20, seed: 3, behaviour: { loss: 0.05 } });
  const round = disturbed.core.collector.round({ types: ['Energy profile'] });
  const { traffic } = disturbed.core.modules.get('reading_module')?.view ?? {};
  expect(traffic).toBeDefined();
  await disturbed.until(async () => (await rowsOf(disturbed)).some((count) => count > 0));
  disturbed.module.reset();
  const summary = await disturbed.settle(round);
  expect(summary).toMatchObject({ failed: 0 });
  expect(await rowsOf(disturbed)).toEqual(expected);
  expect((await disturbed.logbook()).map(({ type }) => type)).toContain('module-restarted');
});

test('a dead meter keeps nobody waiting', async () => {
  const { street, core, meters, settle } = bound(await open({ meters: 20 }));
  const dead = street.meters[7];
  dead?.device.faults.turnOn({ kind: 'silence' });
  const before = house?.clock.monotonicMs() ?? 0;
  let othersMs = 0;
  core.collector.bus.on('job-finished', ({ meterNo }) => {
    if (meterNo !== dead?.meterNo) othersMs = (house?.clock.monotonicMs() ?? 0) - before;
  });
  const summary = await settle(core.collector.round({ types: ['Energy profile'] }));
  expect(summary).toMatchObject({
    failed: 1,
    failures: [{ meterNo: dead?.meterNo, code: 'link-timeout' }],
  });
  expect(meters.length).toBe(20);
  // The others are through while it is still asked: four times twenty seconds.
  expect(summary.durationMs).toBeGreaterThan(80_000);
  expect(othersMs).toBeLessThan(60_000);
});

test('another module in the slot gets the archive, and everything can be read', async () => {
  const at = await open({ meters: 12 });
  await at.settle(at.core.collector.round({ types: ['Energy profile'] }));
  at.module.swap();
  await at.until(() => at.module.module.memory.archive.size === 12);
  const [first] = at.meters;
  const result = await at.settle(at.core.collector.readNow(first?.id ?? 0, new AbortController().signal));
  expect(result).toMatchObject({ relay: 'on' });
  expect((await at.logbook()).map(({ type }) => type)).toContain('module-swapped');
});

test('the port is unplugged and comes back', async () => {
  const at = await open({ meters: 6 });
  await at.settle(at.core.collector.round({ types: ['Energy profile'] }));
  at.line.unplug();
  await at.clock.advance(1000);
  expect(at.core.modules.get('reading_module')?.view).toMatchObject({
    state: 'unplugged',
    trouble: { code: 'module-lost' },
  });
  const [first] = at.meters;
  const asked = at.core.collector.readNow(first?.id ?? 0, new AbortController().signal);
  await expect(at.settle(asked)).rejects.toMatchObject({ code: 'module-lost' });
  // It says nothing of the meter.
  expect((await at.core.store.archive.get(first?.id ?? 0))?.state).toBe('online');
  at.line.plug();
  await at.until(() => at.core.modules.get('reading_module')?.view.state === 'running');
  const summary = await at.settle(at.core.collector.round());
  expect(summary).toMatchObject({ failed: 0 });
  const types = (await at.logbook()).map(({ type }) => type);
  expect(types.filter((type) => type === 'module-lost').length).toBe(1);
  expect(types.filter((type) => type === 'module-ready').length).toBe(2);
});

test('the archive of the module follows that of the concentrator and its blacklist', async () => {
  const at = await open({ meters: 6 });
  const { archive, blacklist } = at.core.store;
  const inModule = (): string[] => [...at.module.module.memory.archive.keys()].sort();
  const numbers = at.meters.map(({ meterNo }) => meterNo);
  await at.until(() => inModule().length === 6);
  const [first, second, third] = at.meters;
  await archive.update(first?.id ?? 0, { enabled: false });
  await archive.remove(second?.id ?? 0);
  await blacklist.add(third?.meterNo ?? '', 'stolen');
  await at.until(() => inModule().length === 3);
  expect(inModule()).toEqual(numbers.slice(3));
  await archive.update(first?.id ?? 0, { enabled: true });
  await at.until(() => inModule().length === 4);
  expect(inModule()).toEqual([numbers[0] ?? '', ...numbers.slice(3)]);
  const asked = at.core.collector.readNow(third?.id ?? 0, new AbortController().signal);
  await expect(at.settle(asked)).rejects.toMatchObject({ code: 'blacklisted' });
});

function bound(of: PlcHouse) {
  return {
    core: of.core,
    meters: of.meters,
    street: of.street,
    module: of.module,
    settle: of.settle.bind(of),
    times: of.times.bind(of),
  };
}
