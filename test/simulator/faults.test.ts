import { describe, expect, test } from 'bun:test';
import { VirtualClock } from '../../src/base/clock.ts';
import { SeededRandom } from '../../src/base/random.ts';
import { memoryPair } from '../../src/channels/memory.ts';
import { type Fault, FaultSet, parseFault } from '../../src/simulator/faults.ts';
import { FaultyChannel } from '../../src/simulator/faulty-channel.ts';
import { START_MS } from './sample.ts';

describe('fault on the command line', () => {
  test.each([
    ['silence', { fault: { kind: 'silence' } }],
    ['drop=0.25', { fault: { kind: 'drop', probability: 0.25 } }],
    ['flip=0.001@3', { fault: { kind: 'flip', probability: 0.001 }, meters: [3] }],
    ['delay=1500@1,2', { fault: { kind: 'delay', delayMs: 1500 }, meters: [1, 2] }],
    ['reboot=20', { fault: { kind: 'reboot', seconds: 20 } }],
    ['clock-jump=-3600', { fault: { kind: 'clock-jump', seconds: -3600 } }],
    ['wrong-key', { fault: { kind: 'wrong-key' } }],
    ['refuse@7', { fault: { kind: 'refuse' }, meters: [7] }],
  ])('%s', (text, order) => {
    expect(parseFault(text)).toEqual(order as ReturnType<typeof parseFault>);
  });

  test.each([
    '',
    'fire',
    'drop',
    'drop=',
    'drop=2',
    'drop=x',
    'silence=1',
    'delay=-1',
    'refuse@',
    'refuse@0',
    'refuse@a',
    'drop=1@1@2',
    'drop=1=2',
  ])("'%s' is refused with its text", (text) => {
    expect(() => parseFault(text)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', field: 'fault' }),
    );
  });
});

function line(...faults: readonly Fault[]) {
  const clock = new VirtualClock(START_MS);
  const [near, far] = memoryPair({ clock });
  const set = new FaultSet(new SeededRandom(4));
  for (const fault of faults) set.turnOn(fault);
  let muted = false;
  let over = 0;
  const meter = new FaultyChannel(
    near,
    set,
    clock,
    () => muted,
    () => over++,
  );
  const said: Uint8Array[] = [];
  const heard: Uint8Array[] = [];
  far.onBytes((bytes) => said.push(bytes));
  meter.onBytes((bytes) => heard.push(bytes));
  meter.onClosed(() => {});
  return {
    clock,
    set,
    meter,
    far,
    said,
    heard,
    mute: (on: boolean) => {
      muted = on;
    },
    over: () => over,
  };
}

describe('faulty channel', () => {
  test('passes everything on without a fault', async () => {
    const { meter, far, said, heard, clock } = line();
    await meter.write(Uint8Array.of(1, 2));
    await far.write(Uint8Array.of(3));
    await clock.advance(1);
    expect(said).toEqual([Uint8Array.of(1, 2)]);
    expect(heard).toEqual([Uint8Array.of(3)]);
  });

  test('silence and a dead meter neither hear nor speak, until it ends', async () => {
    const { meter, far, said, heard, clock, set, mute } = line({ kind: 'silence' });
    const both = async (): Promise<void> => {
      await meter.write(Uint8Array.of(1));
      await far.write(Uint8Array.of(2));
      await clock.advance(1);
    };
    await both();
    set.turnOff('silence');
    mute(true);
    await both();
    expect([said.length, heard.length]).toEqual([0, 0]);
    mute(false);
    await both();
    expect([said.length, heard.length]).toEqual([1, 1]);
  });

  test('drops about as often as it should, in both directions', async () => {
    const { meter, far, said, heard, clock } = line({ kind: 'drop', probability: 0.3 });
    for (let i = 0; i < 1000; i++) {
      await meter.write(Uint8Array.of(i));
      await far.write(Uint8Array.of(i));
    }
    await clock.advance(1);
    for (const count of [said.length, heard.length]) {
      expect(count).toBeGreaterThan(640);
      expect(count).toBeLessThan(760);
    }
  });

  test('flips single bits and leaves the original alone', async () => {
    const { meter, said, clock } = line({ kind: 'flip', probability: 0.1 });
    const original = new Uint8Array(10_000);
    await meter.write(original);
    await clock.advance(1);
    const got = said[0] ?? new Uint8Array();
    const changed = [...got].filter((byte) => byte !== 0);
    expect(changed.length).toBeGreaterThan(800);
    expect(changed.length).toBeLessThan(1200);
    for (const byte of changed) expect(Math.log2(byte) % 1).toBe(0);
    expect(original.every((byte) => byte === 0)).toBe(true);
  });

  test('the same seed gives the same faults', async () => {
    const run = async (): Promise<string> => {
      const { meter, said, clock } = line(
        { kind: 'flip', probability: 0.05 },
        { kind: 'drop', probability: 0.2 },
      );
      for (let i = 0; i < 50; i++) await meter.write(new Uint8Array(40));
      await clock.advance(1);
      return said.map((bytes) => bytes.toHex()).join('/');
    };
    expect(await run()).toBe(await run());
  });

  test('delay holds answers back in order, and an end forgets them', async () => {
    const { meter, said, clock, set } = line({ kind: 'delay', delayMs: 500 });
    const first = meter.write(Uint8Array.of(1));
    set.turnOn({ kind: 'delay', delayMs: 100 });
    const second = meter.write(Uint8Array.of(2));
    await clock.advance(400);
    expect(said).toEqual([]);
    await clock.advance(101);
    await Promise.all([first, second]);
    await clock.advance(1);
    expect(said).toEqual([Uint8Array.of(1), Uint8Array.of(2)]);
    const third = meter.write(Uint8Array.of(3));
    await meter.close();
    await third;
    await clock.advance(1000);
    expect(said).toHaveLength(2);
  });

  test('tells once when it is over', async () => {
    const { far, clock, over } = line();
    await far.close();
    await clock.advance(1);
    expect(over()).toBe(1);
  });
});
