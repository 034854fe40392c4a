import { expect, test } from 'bun:test';
import { SeededRandom } from '../../../src/base/random.ts';
import { addresses, ECHO, PlcWorld } from './world.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const METERS = 30;
const SEEDS = 12;

/** Everything that can happen to a module in a few hours, in an order that the seed gives. */
function chaos(seed: number): PlcWorld {
  const random = new SeededRandom(seed).fork('chaos');
  const pick = (count: number): number => Math.floor(random.next() * count);
  const uart = random.fork('uart');
  const world = new PlcWorld({
    meters: METERS,
    seed,
    network: { noisy: true, loss: 0.05, away: 0.02 },
    module: {
      edition: seed % 4 === 0 ? '376.2' : '10376.2',
      maxConcurrent: 4 + pick(20),
      maxBatch: 3 + pick(30),
      ...(seed % 3 === 0 ? { without: ['F1F1'] } : {}),
      station: (address) => (address.endsWith('7') ? undefined : ECHO),
    },
    config: seed % 2 === 0 ? { baudRate: 38_400 } : {},
    line: (bytes) => {
      const chance = uart.next();
      if (chance < 0.01) return [];
      if (chance < 0.02) return [uart.bytes(20), bytes];
      return chance < 0.03 ? [bytes, bytes] : [bytes];
    },
  }).begin();
  let asked = 0;
  const deeds = [
    () => world.toModule({ type: 'reset' }),
    () =>
      world.toModule({
        type: 'swap',
        version: { vendor: 'XX', chip: 'YY', date: '260101', version: `000${pick(9)}` },
      }),
    () => world.command({ type: 'set-archive', nodes: addresses(20 + pick(20), 1 + pick(5)) }),
    () => world.command({ type: 'topology', id: `j${asked++}` }),
    () => world.command({ type: 'nodes', id: `j${asked++}` }),
    () => world.command({ type: 'set-band', id: `j${asked++}`, band: pick(4) }),
    () => world.command({ type: 'upgrade', id: `j${asked++}`, image: random.bytes(1500), target: 'module' }),
    () => world.command({ type: 'cancel', id: `f${pick(asked + 1)}` }),
    () => {
      const on = random.next() < 0.5;
      world.toModule({ type: 'power', addresses: addresses(10, 1 + pick(20)), on });
    },
  ];
  for (let i = 0; i < 40; i++) {
    for (let j = pick(20); j > 0; j--) {
      const address = world.addresses[pick(METERS)] ?? '';
      const priority = random.next() < 0.1 ? 0 : 3;
      const attempts = 1 + pick(4);
      world.command({
        type: 'forward',
        id: `f${asked++}`,
        address,
        bytes: random.bytes(1 + pick(300)),
        attempts,
        priority,
      });
    }
    if (random.next() < 0.5) deeds[pick(deeds.length)]?.();
    world.run(pick(3 * MINUTE_MS));
  }
  world.toModule({ type: 'power', addresses: world.addresses, on: true });
  world.run(6 * HOUR_MS);
  return world;
}

test.each(Array.from({ length: SEEDS }, (_, i) => i + 1))(
  'seed %d: whatever happens, each request ends once, each job ends once, and the module is in use afterwards',
  (seed) => {
    const world = chaos(seed);
    const ends = world.events.flatMap((event) =>
      event.type === 'answer' || event.type === 'failed' ? [event.id] : [],
    );
    expect(new Set(ends).size).toBe(ends.length);
    const jobs = world.events.flatMap((event) =>
      ['topology', 'nodes', 'band', 'upgraded', 'job-failed'].includes(event.type) && 'id' in event
        ? [event.id]
        : [],
    );
    expect(new Set(jobs).size).toBe(jobs.length);
    expect([world.machine.state, world.machine.traffic.flying, world.machine.traffic.waiting]).toEqual([
      'running',
      0,
      0,
    ]);
    const all = [...ends, ...jobs].map((id) => Number(id.slice(1))).sort((a, b) => a - b);
    expect(all).toEqual(Array.from({ length: all.length }, (_, i) => i));
    // It still reads, and the module has the archive that was asked for last.
    const known = [...world.module.memory.archive.keys()];
    const alive = world.addresses.find((address) => known.includes(address) && !address.endsWith('7')) ?? '';
    world.command({ type: 'forward', id: 'last', address: alive, bytes: Uint8Array.of(5), attempts: 100 });
    world.run(HOUR_MS);
    expect(world.events.findLast((event) => 'id' in event && event.id === 'last')?.type).toBe('answer');
  },
);
