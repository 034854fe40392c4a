import { expect, test } from 'bun:test';
import type { CollectorEvents } from '../../src/tasks/events.ts';
import { meter } from './fake-meter.ts';
import { World } from './world.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DEVICE_ID = '0.0.96.1.0.255';
const NAME = '0.0.42.0.0.255';

/** A meter that is read every hour and says who it is. */
function named(names: Readonly<Record<string, string>>) {
  const world = new World();
  const fake = world.add(meter(1));
  for (const [obis, name] of Object.entries(names)) fake.names.set(obis, name);
  world.item('Energy profile', { cron: '5 * * * *', maxRecallS: 7_200 });
  const told: CollectorEvents['meter-identity'][] = [];
  world.collector.bus.on('meter-identity', (event) => told.push(event));
  return { world, fake, told };
}

test('another meter at the address: nothing of it is stored, and it is told once, until somebody accepts it', async () => {
  const { world, fake, told } = named({ [NAME]: 'ODC0000000000001', [DEVICE_ID]: '100001' });
  await world.collector.start();
  await world.clock.advance(HOUR_MS);
  const before = world.store.covered.get('1:energy')?.at(-1)?.toMs;
  expect(before).toBeGreaterThan(0);
  fake.names.set(NAME, 'ODC0000000000002');
  fake.names.set(DEVICE_ID, '100002');
  await world.clock.advance(3 * HOUR_MS);
  expect(world.store.covered.get('1:energy')?.at(-1)?.toMs).toBe(before as number);
  expect(told).toEqual([
    { meterId: 1, meterNo: '100001', known: 'ODC0000000000001', found: 'ODC0000000000002' },
  ]);
  expect(world.store.attempts.at(-1)).toMatchObject({ error: 'meter-replaced' });
  expect(fake.openNow).toBe(0);

  await world.collector.acceptIdentity(1);
  await world.clock.advance(2 * HOUR_MS);
  expect(world.store.attempts.at(-1)?.error).toBeUndefined();
  expect(world.store.covered.get('1:energy')?.at(-1)?.toMs).toBeGreaterThan((before as number) + 4 * HOUR_MS);
  expect(told).toHaveLength(1);
  await expect(world.collector.acceptIdentity(1)).rejects.toMatchObject({ code: 'conflict' });
  await world.until(world.collector.stop());
});

test('an operator commands no other meter either; the first one back is read as before', async () => {
  const { world, fake, told } = named({ [DEVICE_ID]: '100001' });
  await world.collector.start();
  await world.clock.advance(HOUR_MS);
  fake.names.set(DEVICE_ID, '100002');
  const refused = world.collector.relay(1, 'off', new AbortController().signal).catch((error) => error.code);
  expect(await world.until(refused)).toBe('meter-replaced');
  expect(fake.relay).toBe(1);
  fake.names.set(DEVICE_ID, '100001');
  await world.until(world.collector.relay(1, 'off', new AbortController().signal));
  expect(fake.relay).toBe(0);
  expect(told).toHaveLength(1);
  await world.until(world.collector.stop());
});

test('a meter that says nothing of itself is read as ever; what it says later is kept', async () => {
  const { world, fake, told } = named({});
  await world.collector.start();
  await world.clock.advance(2 * HOUR_MS);
  expect(world.store.attempts.every(({ error }) => error === undefined)).toBe(true);
  fake.names.set(DEVICE_ID, '100001');
  await world.clock.advance(2 * HOUR_MS);
  expect(told).toEqual([]);
  expect(world.store.savedRegisters.filter(({ obis }) => obis === DEVICE_ID)).toHaveLength(1);
  await world.until(world.collector.stop());
});
