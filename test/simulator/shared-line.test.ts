import { expect, test } from 'bun:test';
import { VirtualClock } from '../../src/base/clock.ts';
import { memoryPair } from '../../src/channels/memory.ts';
import { SharedLine } from '../../src/simulator/shared-line.ts';
import { START_MS } from './sample.ts';

test('every station hears the master and the others, not itself', async () => {
  const clock = new VirtualClock(START_MS);
  const [master, wire] = memoryPair({ clock });
  const line = new SharedLine(wire);
  const heard: Record<string, number[]> = { a: [], b: [], c: [], master: [] };
  const taps = ['a', 'b', 'c'].map((name) => {
    const tap = line.tap(name);
    tap.onBytes((bytes) => heard[name]?.push(...bytes));
    return tap;
  });
  master.onBytes((bytes) => heard['master']?.push(...bytes));
  await master.write(Uint8Array.of(1));
  await clock.advance(1);
  await taps[1]?.write(Uint8Array.of(2));
  await clock.advance(1);
  expect(heard).toEqual({ a: [1, 2], b: [1], c: [1, 2], master: [2] });
});

test('a station that leaves is over, the line goes on; the end of the line ends all', async () => {
  const clock = new VirtualClock(START_MS);
  const [master, wire] = memoryPair({ clock });
  const line = new SharedLine(wire);
  const over: string[] = [];
  const [first, second] = ['first', 'second'].map((name) => {
    const tap = line.tap(name);
    tap.onClosed((reason) => over.push(`${name} ${reason?.code ?? 'by itself'}`));
    return tap;
  });
  await first?.close();
  expect([over, line.ended]).toEqual([['first by itself'], false]);
  const heard: number[] = [];
  second?.onBytes((bytes) => heard.push(...bytes));
  await master.write(Uint8Array.of(7));
  await clock.advance(1);
  expect(heard).toEqual([7]);
  master.lose();
  await clock.advance(1);
  expect([over, line.ended]).toEqual([['first by itself', 'second channel-lost'], true]);
});
