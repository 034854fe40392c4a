import { afterEach, expect, setDefaultTimeout, test } from 'bun:test';
import { energyRows } from '../../src/simulator/profile-rows.ts';
import { BusHouse } from './bus-house.ts';

setDefaultTimeout(120_000);

const DAY_MS = 86_400_000;

let house: BusHouse | undefined;
afterEach(async () => {
  await house?.close();
  house = undefined;
});

/** Every position of the dead, so that one of them is the first that the line ever asks. */
test.each([
  [30, [0]],
  [30, [17]],
  [100, [0, 1, 60]],
] as const)(
  'of %i meters on an RS-485 line those at %j are dead: the first round costs less than 5 %% for them',
  async (count, dead) => {
    house = new BusHouse();
    await house.open(count);
    const { core, street, meters, clock } = house;
    const silent = new Set<number>();
    for (const position of dead) {
      street.meters[position]?.device.turnOn({ kind: 'silence' });
      silent.add(meters[position]?.id ?? 0);
    }
    const beganMs = clock.now();
    const { failures } = await house.settle(core.collector.round({ types: ['Energy profile'] }));
    expect(new Set(failures.map(({ meterNo }) => meterNo))).toEqual(
      new Set(meters.filter(({ id }) => silent.has(id)).map(({ meterNo }) => meterNo)),
    );
    const line = core.collector.accounting().find(({ shared }) => shared);
    if (line === undefined) throw new Error('no line');
    const spent = [...line.meters]
      .filter(([id]) => silent.has(id))
      .reduce((sum, [, { busyMs }]) => sum + busyMs, 0);
    expect(spent).toBeGreaterThan(0);
    expect(spent / line.use.busyMs).toBeLessThan(0.05);
    for (const [position, { id }] of meters.entries()) {
      const times = await house.times(id);
      const { stamps } = energyRows(pointOf(street, position), beganMs);
      // The last to be read is asked for a day before its own turn.
      const isOfDay = (time: number): boolean => time >= clock.now() - DAY_MS && time < beganMs;
      const wanted = [...stamps].filter(isOfDay);
      expect(wanted.length).toBeGreaterThan(80);
      expect([id, times.filter(isOfDay)]).toEqual([id, silent.has(id) ? [] : wanted]);
    }
  },
);

function pointOf({ meters }: BusHouse['street'], position: number) {
  const served = meters[position];
  if (served === undefined) throw new Error('no meter');
  return served.device.point;
}
