import { afterEach, expect, test } from 'bun:test';
import { openPlcHouse, type PlcHouse, type PlcHouseOptions } from './plc-house.ts';

const DAY_ROWS = 96;

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

function bound(of: PlcHouse) {
  return {
    core: of.core,
    meters: of.meters,
    module: of.module,
    settle: of.settle.bind(of),
    times: of.times.bind(of),
  };
}
