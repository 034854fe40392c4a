import { expect, test } from 'bun:test';
import { VirtualClock } from '../../src/base/clock.ts';
import { DcuError } from '../../src/base/errors.ts';
import type { Effect, Input, Machine } from '../../src/base/machine.ts';
import type { ByteChannel } from '../../src/channels/channel.ts';
import { memoryPair } from '../../src/channels/memory.ts';
import { pump, type TraceEntry } from '../../src/channels/pump.ts';

type Script = (input: Input<string>) => Effect<string>[];

function machineOf(script: Script): Machine<string, string> & { readonly inputs: Input<string>[] } {
  const inputs: Input<string>[] = [];
  return {
    inputs,
    step(input) {
      inputs.push(input);
      return script(input);
    },
  };
}

const kinds = (inputs: readonly Input<string>[]): string[] =>
  inputs.map((input) => {
    if (input.on === 'timer') return `timer ${input.timer}`;
    if (input.on === 'command') return `command ${input.command}`;
    if (input.on === 'bytes') return `bytes ${input.bytes.toHex()}`;
    return `closed ${input.reason?.code ?? '-'}`;
  });

const text = (bytes: string): Uint8Array => Uint8Array.fromHex(bytes);

test('effects happen in order; what a listener asks for waits until they are done', async () => {
  const clock = new VirtualClock(0);
  const [channel, other] = memoryPair({ clock });
  const heard: string[] = [];
  other.onBytes((bytes) => heard.push(bytes.toHex()));
  const order: string[] = [];
  const machine = machineOf((input) => {
    if (input.on !== 'command') return [];
    order.push(`step ${input.command}`);
    if (input.command === 'again') return [{ do: 'send', bytes: text('03') }];
    return [
      { do: 'send', bytes: text('01') },
      { do: 'emit', event: 'first' },
      { do: 'send', bytes: text('02') },
      { do: 'emit', event: 'second' },
    ];
  });
  const running = pump(machine, channel, clock, (event) => {
    order.push(event);
    if (event === 'first') running.command('again');
  });
  running.command('go');
  await clock.advance(1);
  expect(order).toEqual(['step go', 'first', 'second', 'step again']);
  expect(heard).toEqual(['01', '02', '03']);
});

test('timers fire once, a new arming replaces the old one, disarming stops it', async () => {
  const clock = new VirtualClock(0);
  const [channel] = memoryPair({ clock });
  const machine = machineOf((input) => {
    if (input.on !== 'command') return [];
    if (input.command === 'arm') return [{ do: 'arm', timer: 'a', delayMs: 100 }];
    return [{ do: 'disarm', timer: 'a' }];
  });
  const running = pump(machine, channel, clock, () => {});
  running.command('arm');
  await clock.advance(60);
  running.command('arm');
  await clock.advance(60);
  expect(kinds(machine.inputs)).not.toContain('timer a');
  await clock.advance(200);
  expect(kinds(machine.inputs).filter((kind) => kind === 'timer a')).toHaveLength(1);
  running.command('arm');
  running.command('disarm');
  await clock.advance(200);
  expect(kinds(machine.inputs).filter((kind) => kind === 'timer a')).toHaveLength(1);
});

test('a timer runs from the moment when what was sent before has left', async () => {
  const clock = new VirtualClock(0);
  const [memory] = memoryPair({ clock });
  const left = Promise.withResolvers<void>();
  const slow: ByteChannel = {
    name: 'slow',
    write: () => left.promise,
    onBytes: (listener) => memory.onBytes(listener),
    onClosed: (listener) => memory.onClosed(listener),
    close: () => memory.close(),
  };
  const machine = machineOf((input) =>
    input.on === 'command'
      ? [
          { do: 'send', bytes: text('01') },
          { do: 'arm', timer: 'a', delayMs: 100 },
        ]
      : [],
  );
  pump(machine, slow, clock, () => {}).command('go');
  await clock.advance(5000);
  expect(kinds(machine.inputs)).toEqual(['command go']);
  left.resolve();
  await clock.advance(99);
  expect(kinds(machine.inputs)).toEqual(['command go']);
  await clock.advance(1);
  expect(kinds(machine.inputs)).toEqual(['command go', 'timer a']);
});

test('the machine hears the end once, with its reason, and no timer afterwards', async () => {
  const clock = new VirtualClock(0);
  const [channel, other] = memoryPair({ clock });
  const machine = machineOf((input) =>
    input.on === 'command' ? [{ do: 'arm', timer: 'a', delayMs: 10 }] : [],
  );
  pump(machine, channel, clock, () => {}).command('go');
  channel.lose();
  await other.close();
  await clock.advance(100);
  expect(kinds(machine.inputs)).toEqual(['command go', 'closed channel-lost']);
});

test('close stops timers and events and closes the channel; detach leaves it open', async () => {
  for (const way of ['close', 'detach'] as const) {
    const clock = new VirtualClock(0);
    const [channel, other] = memoryPair({ clock });
    let closed = false;
    other.onClosed(() => {
      closed = true;
    });
    const events: string[] = [];
    const machine = machineOf((input) =>
      input.on === 'command'
        ? [{ do: 'arm', timer: 'a', delayMs: 10 }]
        : [{ do: 'emit', event: `after ${input.on}` }],
    );
    const running = pump(machine, channel, clock, (event) => events.push(event));
    running.command('go');
    await running[way]();
    const before = events.length;
    await other.write(text('01')).catch(() => undefined);
    await clock.advance(100);
    expect(events).toHaveLength(before);
    expect(closed).toBe(way === 'close');
    expect(kinds(machine.inputs)).toEqual(way === 'close' ? ['command go', 'closed -'] : ['command go']);
  }
});

test('a machine that wants the transport closed, and one that throws', async () => {
  const clock = new VirtualClock(0);
  for (const script of [
    (): Effect<string>[] => [{ do: 'close', reason: new DcuError('link-protocol', 'garbage') }],
    (): Effect<string>[] => {
      throw new DcuError('link-protocol', 'thrown');
    },
  ]) {
    const [channel, other] = memoryPair({ clock });
    let closed = false;
    other.onClosed(() => {
      closed = true;
    });
    const machine = machineOf((input) => (input.on === 'bytes' ? script() : []));
    pump(machine, channel, clock, () => {});
    await other.write(text('7e'));
    await clock.advance(1);
    expect(kinds(machine.inputs)).toEqual(['bytes 7e', 'closed link-protocol']);
    expect(closed).toBe(true);
  }
});

test('the trace sees both directions', async () => {
  const clock = new VirtualClock(1000);
  const [channel, other] = memoryPair({ clock });
  const trace: TraceEntry[] = [];
  const machine = machineOf((input) => (input.on === 'bytes' ? [{ do: 'send', bytes: text('02') }] : []));
  pump(machine, channel, clock, () => {}, { trace: (entry) => trace.push(entry) });
  await other.write(text('01'));
  await clock.advance(5);
  expect(trace).toEqual([
    { direction: 'in', timeMs: 1000, bytes: text('01') },
    { direction: 'out', timeMs: 1000, bytes: text('02') },
  ]);
});
