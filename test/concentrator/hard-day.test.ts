import { expect, test } from 'bun:test';
import { openPlcHouse, type PlcHouse } from './plc-house.ts';

const METERS = 200;
/** Three in a hundred. */
const DEAD = [0, 20, 41, 77, 130, 199];

interface Day {
  /** Times of the rows of each meter, by its number. */
  readonly rows: ReadonlyMap<string, readonly number[]>;
  readonly failed: ReadonlySet<string>;
  /** When the last of the living meters was done, after the beginning of the round. */
  readonly livingMs: number;
  readonly restarts: number;
  /** Of the time for which meters had one of the places at the module, what dead ones had. */
  readonly deadShare: number;
}

/** Reads a day from all meters; `hard`: frames are lost and the module starts anew in the middle. */
async function readDay(options: { readonly hard: boolean; readonly dead: boolean }): Promise<Day> {
  const house: PlcHouse = await openPlcHouse({
    meters: METERS,
    seed: 11,
    behaviour: { noisy: false, loss: options.hard ? 0.05 : 0 },
  });
  try {
    const { core, street, clock } = house;
    const { configuration } = core.store;
    for (const item of await configuration.taskItems()) {
      if (item.type === 'Energy profile') await configuration.saveTaskItem({ ...item, maxRecallS: 86_400 });
    }
    const dead = new Set(DEAD.map((position) => street.meters[position]?.meterNo));
    if (options.dead) {
      for (const { meterNo, device } of street.meters) {
        if (dead.has(meterNo)) device.turnOn({ kind: 'silence' });
      }
    }
    let done = 0;
    let livingMs = 0;
    const beganMs = clock.monotonicMs();
    core.collector.bus.on('job-finished', ({ meterNo }) => {
      done++;
      if (!dead.has(meterNo)) livingMs = clock.monotonicMs() - beganMs;
    });
    const round = core.collector.round({ types: ['Energy profile'] });
    if (options.hard) {
      await house.until(() => done >= METERS / 3);
      house.module.reset();
    }
    const { failures } = await house.settle(round);
    const rows = await Promise.all(
      house.meters.map(async ({ id, meterNo }) => [meterNo, await house.times(id, 'energy')] as const),
    );
    const entries = await house.logbook();
    let spentMs = 0;
    let onDeadMs = 0;
    for (const { meters } of core.collector.accounting()) {
      for (const { meterNo, busyMs } of meters.values()) {
        spentMs += busyMs;
        if (options.dead && dead.has(meterNo)) onDeadMs += busyMs;
      }
    }
    return {
      rows: new Map(rows),
      failed: new Set(failures.map(({ meterNo }) => meterNo)),
      livingMs,
      deadShare: onDeadMs / spentMs,
      restarts: entries.filter(({ type }) => type === 'module-restarted').length,
    };
  } finally {
    await house.close();
  }
}

test('5 % of the frames lost, 3 % of the meters dead, the module reset in the middle: every day that can be had is whole', async () => {
  const calm = await readDay({ hard: false, dead: false });
  expect(calm.failed.size).toBe(0);
  const hard = await readDay({ hard: true, dead: true });
  expect(hard.restarts).toBe(1);
  expect(hard.failed.size).toBe(DEAD.length);
  for (const [meterNo, expected] of calm.rows) {
    const got = hard.rows.get(meterNo) ?? [];
    expect([meterNo, got]).toEqual([meterNo, hard.failed.has(meterNo) ? [] : [...expected]]);
    expect(new Set(got).size).toBe(got.length);
  }
  expect(hard.deadShare).toBeGreaterThan(0);
  expect(hard.deadShare).toBeLessThan(0.05);
  // The living are done as soon as they would be if nobody were dead.
  const alive = await readDay({ hard: true, dead: false });
  expect(hard.livingMs).toBeLessThan(alive.livingMs * 1.05);
}, 120_000);
