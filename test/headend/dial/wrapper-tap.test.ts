import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { concat } from '../../../src/base/bytes.ts';
import { VirtualClock } from '../../../src/base/clock.ts';
import { EARLY_BYTES_LIMIT } from '../../../src/channels/inbound.ts';
import { type MemoryChannel, memoryPair } from '../../../src/channels/memory.ts';
import { encodeWrapperFrame } from '../../../src/dlms/link/wrapper.ts';
import { LONGEST_TAKEN, type WrapperFrame, WrapperTap } from '../../../src/headend/dial/wrapper-tap.ts';

const clock = new VirtualClock(0);

interface Tapped {
  readonly tap: WrapperTap;
  readonly peer: MemoryChannel;
  readonly passed: () => Uint8Array;
}

function tapped(): Tapped {
  const [ours, peer] = memoryPair({ clock });
  const tap = new WrapperTap(ours);
  const passed: Uint8Array[] = [];
  tap.onBytes((bytes) => passed.push(bytes));
  return { tap, peer, passed: () => concat(passed) };
}

/** In pieces of these lengths, the last one as long as what is left. */
async function say(peer: MemoryChannel, bytes: Uint8Array, pieces: readonly number[] = []): Promise<void> {
  let at = 0;
  for (const length of [...pieces, bytes.length]) {
    if (at < bytes.length) await peer.write(bytes.subarray(at, at + length));
    at += length;
  }
  await clock.advance(0);
}

const frames = fc.array(
  fc.record({
    source: fc.integer({ min: 0, max: 0xffff }),
    destination: fc.integer({ min: 0, max: 0xffff }),
    apdu: fc.oneof(
      fc.uint8Array({ maxLength: LONGEST_TAKEN }),
      fc.uint8Array({ minLength: LONGEST_TAKEN - 2, maxLength: 3 * LONGEST_TAKEN }),
    ),
  }),
  { maxLength: 8 },
);

test('frames that are taken are heard of by nobody else, the others go through as they came, whatever the pieces', async () => {
  await fc.assert(
    fc.asyncProperty(frames, fc.array(fc.integer({ min: 1, max: 150 })), async (sent, pieces) => {
      const { tap, peer, passed } = tapped();
      const isMeant = ({ source, apdu }: WrapperFrame): boolean =>
        source % 2 === 1 && apdu.length <= LONGEST_TAKEN;
      const taken: WrapperFrame[] = [];
      tap.take((frame) => isMeant(frame) && taken.push(frame) > 0);
      const bytesOf = ({ source, destination, apdu }: WrapperFrame): Uint8Array =>
        encodeWrapperFrame(source, destination, apdu);
      await say(peer, concat(sent.map(bytesOf)), pieces);
      expect(taken).toEqual(sent.filter(isMeant));
      expect(passed()).toEqual(concat(sent.filter((frame) => !isMeant(frame)).map(bytesOf)));
    }),
    { numRuns: 60 },
  );
});

test('what is no frame goes through with all that follows', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ minLength: 2, maxLength: 400 }),
      fc.array(fc.integer({ min: 1, max: 50 })),
      async (bytes, pieces) => {
        fc.pre(bytes[0] !== 0 || bytes[1] !== 1);
        const { tap, peer, passed } = tapped();
        tap.take(() => true);
        await say(peer, bytes, pieces);
        expect(passed()).toEqual(bytes);
      },
    ),
    { numRuns: 60 },
  );
});

test('behind what is no frame nothing is taken for one', async () => {
  const { tap, peer, passed } = tapped();
  tap.take(() => true);
  const sent = concat([Uint8Array.of(0x55), encodeWrapperFrame(1, 2, Uint8Array.of(0xda))]);
  await say(peer, sent, [1]);
  expect(passed()).toEqual(sent);
});

test('no frame is held beyond what may be taken', async () => {
  const { tap, peer, passed } = tapped();
  tap.take(() => true);
  const long = encodeWrapperFrame(1, 2, new Uint8Array(LONGEST_TAKEN + 1));
  await say(peer, long.subarray(0, 20));
  expect(passed()).toEqual(long.subarray(0, 20));
});

test('who stops taking is not asked any more', async () => {
  const { tap, peer, passed } = tapped();
  const frame = encodeWrapperFrame(1, 2, Uint8Array.of(0xda));
  const stop = tap.take(() => true);
  await say(peer, frame);
  stop();
  await say(peer, frame);
  expect(passed()).toEqual(frame);
});

test('bytes that nobody takes are kept up to a bound, then the connection is given up', async () => {
  const [ours, peer] = memoryPair({ clock });
  const tap = new WrapperTap(ours);
  const frame = encodeWrapperFrame(1, 1, new Uint8Array(60_000));
  for (let sent = 0; sent <= EARLY_BYTES_LIMIT; sent += frame.length) await say(peer, frame);
  expect(tap.ended?.code).toBe('overflow');
});

test('everybody is told of the end, once', async () => {
  const { tap, peer } = tapped();
  const told: string[] = [];
  tap.onClosed((reason) => told.push(`machine ${reason?.code}`));
  tap.whenOver(({ code }) => told.push(`one ${code}`));
  const forget = tap.whenOver(() => told.push('nobody'));
  forget();
  peer.lose();
  await tap.close();
  tap.whenOver(({ code }) => told.push(`late ${code}`));
  expect(told).toEqual(['machine channel-lost', 'one channel-lost', 'late channel-lost']);
});
