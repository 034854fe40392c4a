import { describe, expect, test } from 'bun:test';
import { VirtualClock } from '../../src/base/clock.ts';
import { DcuError } from '../../src/base/errors.ts';
import type { ByteChannel } from '../../src/channels/channel.ts';
import { inTurns } from '../../src/channels/in-turns.ts';
import { Inbound } from '../../src/channels/inbound.ts';

const START_MS = Date.UTC(2026, 0, 5);

/** A channel whose far end is in the hand of the test. */
function plug() {
  const inbound = new Inbound();
  const channel: ByteChannel = {
    name: 'plug',
    write: () => Promise.resolve(),
    onBytes: (listener) => inbound.onBytes(listener),
    onClosed: (listener) => inbound.onClosed(listener),
    close: async () => inbound.end(),
  };
  return { channel, inbound };
}

function heard() {
  const { channel, inbound } = plug();
  const clock = new VirtualClock(START_MS);
  const turned = inTurns(channel, clock);
  const chunks: Uint8Array[] = [];
  const ends: (DcuError | undefined)[] = [];
  turned.onBytes((bytes) => chunks.push(bytes));
  turned.onClosed((reason) => ends.push(reason));
  return { clock, inbound, turned, chunks, ends };
}

const counted = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i % 251);

describe('a channel that is heard in turns', () => {
  test('what is no longer than a frame is heard at once and in one piece', () => {
    const { inbound, chunks } = heard();
    inbound.push(counted(2048));
    expect(chunks.map(({ length }) => length)).toEqual([2048]);
  });

  test('what is longer is heard bit by bit, in order, and nothing overtakes it', async () => {
    const { clock, inbound, chunks } = heard();
    const all = counted(5001);
    inbound.push(all.subarray(0, 5000));
    inbound.push(all.subarray(5000));
    expect(chunks).toEqual([]);
    await clock.advance(0);
    expect(chunks.map(({ length }) => length)).toEqual([1024, 1024, 1024, 1024, 904, 1]);
    expect(Buffer.concat(chunks).equals(Buffer.from(all))).toBe(true);
    expect(clock.pending).toBe(0);
  });

  test('no more than a bound is held back', async () => {
    const { clock, inbound, chunks } = heard();
    inbound.push(counted(400 * 1024));
    expect(chunks).toEqual([]);
    let turns = 0;
    const count = (): void => {
      turns++;
      if (clock.pending > 0) clock.after(0, count);
    };
    clock.after(0, count);
    await clock.advance(0);
    expect(Buffer.concat(chunks).length).toBe(400 * 1024);
    expect(turns).toBeGreaterThan(200);
    expect(turns).toBeLessThan(300);
  });

  test('its end is told when all that came before it was heard', async () => {
    const { clock, inbound, chunks, ends } = heard();
    const lost = new DcuError('channel-lost', 'pulled');
    inbound.push(counted(3000));
    inbound.end(lost);
    expect(ends).toEqual([]);
    await clock.advance(0);
    expect(Buffer.concat(chunks).length).toBe(3000);
    expect(ends).toEqual([lost]);
  });

  test('who closes it hears no more of it', async () => {
    const { clock, inbound, turned, chunks, ends } = heard();
    inbound.push(counted(3000));
    await turned.close();
    await clock.advance(0);
    expect(chunks).toEqual([]);
    expect(ends).toEqual([undefined]);
    expect(clock.pending).toBe(0);
  });
});
