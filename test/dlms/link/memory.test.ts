import { describe, expect, test } from 'bun:test';
import { createServerLink } from '../../../src/dlms/link/index.ts';
import type { LinkParameters, PeerMemory } from '../../../src/dlms/link/link.ts';
import { HDLC, pattern, World, WRAPPER } from './world.ts';

/** A memory that notes what it is told and asked. */
class Notes implements PeerMemory {
  readonly asked: string[] = [];
  readonly answers: number[] = [];
  readonly agreed: LinkParameters[] = [];
  readonly losses: number[] = [];
  silences = 0;

  patienceMs(during: 'set-up' | 'transfer', attempt: number, tries: number): number {
    this.asked.push(`${during} ${attempt}/${tries}`);
    return 100 * 2 ** attempt;
  }
  answered(ms: number): void {
    this.answers.push(ms);
  }
  silent(): void {
    this.silences++;
  }
  negotiated(parameters: LinkParameters): void {
    this.agreed.push(parameters);
  }
  lost(largestInfo: number): void {
    this.losses.push(largestInfo);
  }
  echoes(): void {
    throw new Error('there is no echo');
  }
}

const LATENCY_MS = 5;

/** One request of 20 bytes and an answer of `length`. */
function exchange(world: World, length: number): void {
  world.onEvent = (side, event) => {
    if (side === 'client' && event.type === 'connected')
      world.command('client', { type: 'send', apdu: pattern(20, 1) });
    if (side === 'server' && event.type === 'apdu')
      world.command('server', { type: 'send', apdu: pattern(length, 2) });
  };
  world.command('client', { type: 'connect' });
}

describe('what a client link tells of its server', () => {
  test('how fast it answers and what it grants', () => {
    const memory = new Notes();
    const world = new World({ ...HDLC, memory }, { ...HDLC, maxInfoTransmit: 64, maxInfoReceive: 96 });
    exchange(world, 100);
    world.run(2_000);
    expect(world.apdus('client')).toHaveLength(1);
    // SNRM, the request, and an RR for the second frame of the answer.
    expect(memory.answers).toEqual([2 * LATENCY_MS, 2 * LATENCY_MS, 2 * LATENCY_MS]);
    expect(memory.asked).toEqual(['set-up 0/4', 'transfer 0/4', 'transfer 0/4']);
    expect(memory.agreed).toMatchObject([{ maxInfoTransmit: 96, maxInfoReceive: 64 }]);
    expect([memory.silences, memory.losses]).toEqual([0, []]);
  });

  test('nothing of an answer to what was sent twice, and the tries double as it says', () => {
    const memory = new Notes();
    const world = new World({ ...HDLC, memory }, HDLC);
    let lost = 2;
    world.line = (bytes, from) => (from === 'client' && lost-- > 0 ? [] : [bytes]);
    world.command('client', { type: 'connect' });
    world.run(250);
    expect([memory.silences, memory.answers]).toEqual([1, []]);
    world.run(5_000);
    expect(memory.asked.slice(0, 3)).toEqual(['set-up 0/4', 'set-up 1/4', 'set-up 2/4']);
    expect(memory.answers.length).toBeLessThanOrEqual(1);
  });

  test('that it fell silent, and on which frames', () => {
    const memory = new Notes();
    const world = new World({ ...HDLC, memory }, HDLC);
    // Frames with more than a few bytes never make it through.
    world.line = (bytes, from) => (from === 'server' && bytes.length > 60 ? [] : [bytes]);
    exchange(world, 100);
    world.run(10_000);
    expect(world.events.client.at(-1)).toMatchObject({
      type: 'disconnected',
      error: { code: 'link-timeout' },
    });
    expect(memory.losses).toEqual([0]);
    expect(memory.silences).toBe(4);
  });

  test('a server that never was there is not lost', () => {
    const memory = new Notes();
    const world = new World({ ...HDLC, memory }, HDLC);
    world.line = () => [];
    world.command('client', { type: 'connect' });
    world.run(10_000);
    expect(world.events.client.at(-1)).toMatchObject({ error: { code: 'link-timeout' } });
    expect([memory.losses, memory.silences]).toEqual([[], 4]);
  });

  test('over the wrapper, how fast it answers', () => {
    const memory = new Notes();
    const world = new World({ ...WRAPPER, memory }, WRAPPER);
    exchange(world, 30);
    world.run(2_000);
    expect(memory.answers).toEqual([2 * LATENCY_MS]);
  });

  test('servers need none', () => {
    expect(() => createServerLink(HDLC)).not.toThrow();
  });
});
