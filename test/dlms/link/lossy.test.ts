import { expect, test } from 'bun:test';
import { SeededRandom } from '../../../src/base/random.ts';
import type { HdlcLinkConfig } from '../../../src/dlms/link/link.ts';
import { HDLC, type Line, pattern, World } from './world.ts';

interface Losses {
  readonly drop: number;
  readonly corrupt: number;
  readonly duplicate: number;
  /** Share of answers that take longer than the response time-out. */
  readonly slow: number;
  /** Share of frames that later ones overtake. */
  readonly reorder?: number;
}

/** Up to three flipped bits a frame: what the check sequence is sure to notice. */
function lossyLine(random: SeededRandom, losses: Losses): Line {
  return (bytes) => {
    const fate = random.next();
    if (fate < losses.drop) return [];
    const copy = bytes.slice();
    if (fate < losses.drop + losses.corrupt) {
      for (let flips = 1 + Math.floor(random.next() * 3); flips > 0; flips--) {
        const at = Math.floor(random.next() * copy.length);
        copy[at] = (copy[at] ?? 0) ^ (1 << Math.floor(random.next() * 8));
      }
      return [copy];
    }
    if (fate < losses.drop + losses.corrupt + losses.duplicate) return [copy, copy.slice()];
    const cut = Math.floor(random.next() * copy.length);
    return cut > 0 ? [copy.subarray(0, cut), copy.subarray(cut)] : [copy];
  };
}

interface Outcome {
  readonly exchanged: number;
  readonly error: string | undefined;
  readonly steps: number;
  readonly nowMs: number;
  readonly retransmissions: number;
}

const ROUNDS = 8;

/** Requests and answers of varied length; each side checks that the other's come intact, once and in order. */
function exchange(seed: number, config: HdlcLinkConfig, losses: Losses): Outcome {
  const random = new SeededRandom(seed);
  const world = new World(config, { ...config, responseTimeoutMs: 120_000 });
  const lengths = Array.from({ length: ROUNDS }, () => 1 + Math.floor(random.next() * 1500));
  const request = (round: number): Uint8Array => pattern(lengths[round] ?? 1, round + 1);
  const answer = (round: number): Uint8Array => pattern(lengths[ROUNDS - 1 - round] ?? 1, 100 + round);
  let served = 0;
  let exchanged = 0;
  let error: string | undefined;
  const lossy = lossyLine(random.fork('line'), losses);
  const { reorder = 0 } = losses;
  world.line = (bytes, from) => {
    if (reorder === 0 || random.next() >= reorder) return lossy(bytes, from);
    const other = from === 'client' ? 'server' : 'client';
    // Within a turn: numbers modulo 8 cannot tell apart what comes later than that.
    world.later(world.latencyMs + random.next() * 2, () => world.bytes(other, bytes));
    return [];
  };
  world.onEvent = (side, event) => {
    if (side === 'server') {
      if (event.type === 'connected') served = 0;
      if (event.type !== 'apdu') return;
      expect(event.apdu.toHex()).toBe(request(served).toHex());
      const apdu = answer(served++);
      world.later(random.next() < losses.slow ? 3000 * random.next() : 1, () =>
        world.command('server', { type: 'send', apdu }),
      );
    } else if (event.type === 'connected') {
      world.command('client', { type: 'send', apdu: request(0) });
    } else if (event.type === 'apdu') {
      expect(event.apdu.toHex()).toBe(answer(exchanged).toHex());
      exchanged++;
      if (exchanged < ROUNDS) world.command('client', { type: 'send', apdu: request(exchanged) });
      else world.command('client', { type: 'disconnect' });
    } else {
      error = event.error?.code;
    }
  };
  world.command('client', { type: 'connect' });
  expect(world.run(3_600_000)).toBe(true);
  expect(world.events.client.at(-1)?.type).toBe('disconnected');
  expect(world.events.client.filter((event) => event.type === 'disconnected')).toHaveLength(1);
  const { client, server } = world.links;
  const retransmissions = client.counters.retransmissions + server.counters.retransmissions;
  return { exchanged, error, steps: world.steps, nowMs: world.nowMs, retransmissions };
}

const CLEAN: Losses = { drop: 0, corrupt: 0, duplicate: 0, slow: 0 };
const windows = [1, 2, 3, 4, 5, 6, 7];

test.each(windows)('window %d: a clean line carries everything without a retransmission', (window) => {
  const config = { ...HDLC, windowTransmit: window, windowReceive: window };
  for (let seed = 0; seed < 5; seed++) {
    const outcome = exchange(seed, config, CLEAN);
    expect(outcome).toMatchObject({ exchanged: ROUNDS, error: undefined, retransmissions: 0 });
  }
});

test.each(windows)(
  'window %d: a lossy line carries everything intact, or fails with one typed error',
  (window) => {
    const config = { ...HDLC, windowTransmit: window, windowReceive: window, retries: 6 };
    let complete = 0;
    const runs = 60;
    for (let seed = 0; seed < runs; seed++) {
      const outcome = exchange(seed * 7919 + window, config, {
        drop: 0.05,
        corrupt: 0.05,
        duplicate: 0.05,
        slow: 0.2,
      });
      expect(outcome.steps).toBeLessThan(50_000);
      if (outcome.error === undefined) expect(outcome.exchanged).toBe(ROUNDS);
      else expect(['link-timeout', 'link-refused', 'link-closed']).toContain(outcome.error);
      if (outcome.exchanged === ROUNDS) complete++;
    }
    expect(complete).toBeGreaterThan(runs * 0.9);
  },
);

test.each(windows)(
  'window %d: frames that overtake others of their turn neither mix up nor double an APDU',
  (window) => {
    const config = { ...HDLC, windowTransmit: window, windowReceive: window, retries: 6 };
    let complete = 0;
    for (let seed = 0; seed < 60; seed++) {
      const losses = { drop: 0.03, corrupt: 0.02, duplicate: 0.05, slow: 0.1, reorder: 0.1 };
      const outcome = exchange(seed * 104_729 + window, config, losses);
      expect(outcome.steps).toBeLessThan(50_000);
      if (outcome.error !== undefined) {
        expect(['link-timeout', 'link-refused', 'link-closed', 'frame-rejected']).toContain(outcome.error);
      }
      if (outcome.exchanged === ROUNDS) complete++;
    }
    expect(complete).toBeGreaterThan(40);
  },
);

test('a line that swallows most frames ends in a time-out, not in a hang', () => {
  for (let seed = 0; seed < 100; seed++) {
    const outcome = exchange(seed, HDLC, { drop: 0.6, corrupt: 0.2, duplicate: 0.1, slow: 0.2 });
    if (outcome.exchanged < ROUNDS) expect(outcome.error).toMatch(/^link-(timeout|closed|refused)$/);
  }
});

test('a dead line fails after the retries', () => {
  const outcome = exchange(1, HDLC, { drop: 1, corrupt: 0, duplicate: 0, slow: 0 });
  expect(outcome).toMatchObject({ exchanged: 0, error: 'link-timeout', nowMs: 4000 });
});
