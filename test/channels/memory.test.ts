import { expect, test } from 'bun:test';
import { type Clock, VirtualClock } from '../../src/base/clock.ts';
import { DcuError } from '../../src/base/errors.ts';
import type { ByteChannel } from '../../src/channels/channel.ts';
import { EARLY_BYTES_LIMIT } from '../../src/channels/inbound.ts';
import { memoryPair } from '../../src/channels/memory.ts';
import { pacedChannel } from '../../src/channels/paced.ts';

function listen(channel: ByteChannel): { heard: string[]; ends: (string | undefined)[] } {
  const record = { heard: [] as string[], ends: [] as (string | undefined)[] };
  channel.onBytes((bytes) => record.heard.push(bytes.toHex()));
  channel.onClosed((reason) => record.ends.push(reason?.code));
  return record;
}

test('bytes arrive in order, never within the call, and are the receiver’s own', async () => {
  const clock = new VirtualClock(0);
  const [a, b] = memoryPair({ clock });
  const { heard } = listen(b);
  const bytes = Uint8Array.of(1);
  const written = a.write(bytes);
  bytes[0] = 9;
  expect(heard).toEqual([]);
  await Promise.all([written, a.write(Uint8Array.of(2))]);
  await clock.advance(0);
  expect(heard).toEqual(['01', '02']);
});

test('a fault may drop, delay and split, but nothing overtakes', async () => {
  const clock = new VirtualClock(0);
  let count = 0;
  const [a, b] = memoryPair({
    clock,
    forth: (bytes) => {
      count++;
      if (count === 2) return [];
      return [
        { bytes: bytes.subarray(0, 1), delayMs: count === 1 ? 50 : 0 },
        { bytes: bytes.subarray(1), delayMs: 10 },
      ];
    },
  });
  const { heard } = listen(b);
  for (const first of [1, 2, 3]) await a.write(Uint8Array.of(first, first));
  await clock.advance(49);
  expect(heard).toEqual([]);
  await clock.advance(1);
  expect(heard).toEqual(['01', '01', '03', '03']);
});

test('closing tells the other end after what was still on its way; losing tells both at once', async () => {
  const clock = new VirtualClock(0);
  const [a, b] = memoryPair({ clock, forth: (bytes) => [{ bytes, delayMs: 30 }] });
  const [near, far] = [listen(a), listen(b)];
  await a.write(Uint8Array.of(7));
  await a.close();
  await clock.advance(30);
  expect(far).toEqual({ heard: ['07'], ends: ['link-closed'] });
  expect(near.ends).toEqual([undefined]);
  expect(await a.write(Uint8Array.of(1)).catch((error: unknown) => error)).toBeInstanceOf(DcuError);
  const [c, d] = memoryPair({ clock });
  const [left, right] = [listen(c), listen(d)];
  c.lose();
  d.lose();
  expect([left.ends, right.ends]).toEqual([['channel-lost'], ['channel-lost']]);
});

test('what nobody takes is bounded', async () => {
  const clock = new VirtualClock(0);
  const [a, b] = memoryPair({ clock });
  await a.write(new Uint8Array(EARLY_BYTES_LIMIT));
  await clock.advance(0);
  await a.write(Uint8Array.of(1));
  await clock.advance(0);
  expect(listen(b).ends).toEqual(['overflow']);
});

test('a paced line takes its time in both directions and in virtual time', async () => {
  const clock = new VirtualClock(0);
  const [a, b] = memoryPair({ clock });
  const line = pacedChannel(a, { baudRate: 300, bitsPerByte: 10 }, clock);
  const [near, far] = [listen(line), listen(b)];
  let written = false;
  const writing = line.write(new Uint8Array(30)).then(() => {
    written = true;
    return written;
  });
  await b.write(new Uint8Array(15));
  await clock.advance(601);
  expect([near.heard.length, far.heard.length]).toEqual([15, 18]);
  expect(written).toBe(false);
  await clock.advance(401);
  expect(await writing).toBe(true);
  expect(far.heard).toHaveLength(30);
  const cut = line.write(new Uint8Array(30)).catch((error: unknown) => error);
  await clock.advance(101);
  b.lose();
  expect(await cut).toMatchObject({ code: 'channel-lost' });
  expect(await line.write(Uint8Array.of(1)).catch((error: unknown) => error)).toMatchObject({
    code: 'channel-lost',
  });
  await clock.advance(2000);
  expect(far.heard).toHaveLength(33);
});

test('a paced line is as fast as its rate on average, however late its timers go off', async () => {
  const inner = new VirtualClock(0);
  const late: Clock = {
    now: () => inner.now(),
    monotonicMs: () => inner.monotonicMs(),
    after: (delayMs, fn) => inner.after(delayMs + 1.7, fn),
  };
  const [a, b] = memoryPair({ clock: inner });
  const line = pacedChannel(a, { baudRate: 9600, bitsPerByte: 10 }, late);
  let received = 0;
  let lastMs = 0;
  b.onBytes((bytes) => {
    received += bytes.length;
    lastMs = inner.monotonicMs();
  });
  for (let i = 0; i < 40; i++) void line.write(new Uint8Array(240));
  await inner.advance(20_000);
  expect(received).toBe(9_600);
  // Ten seconds of bits, and one timer that was late.
  expect(lastMs).toBeGreaterThanOrEqual(10_000);
  expect(lastMs).toBeLessThan(10_004);
  // A pause before the next run is a pause: nothing is made up for.
  void line.write(new Uint8Array(96));
  await inner.advance(1_000);
  expect(lastMs).toBeGreaterThanOrEqual(20_100);
});
