import { describe, expect, test } from 'bun:test';
import type { AuthMechanism, SecurityPolicy } from '../../../src/base/model.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { encodeData } from '../../../src/dlms/axdr.ts';
import type { ClientEvent } from '../../../src/dlms/client.ts';
import type { LinkConfig } from '../../../src/dlms/link/link.ts';
import { at, COMMANDS, conversationPair, LONG } from './conversation.ts';
import { HDLC, type Loopback, WRAPPER } from './loopback.ts';

const line = (link: LinkConfig, auth: AuthMechanism, policy: SecurityPolicy): Loopback =>
  conversationPair({ link, auth, policy });

function results(events: readonly ClientEvent[]): readonly ClientEvent[] {
  return events.filter(({ type }) => type !== 'block');
}

describe('the line between client and server', () => {
  for (const link of [WRAPPER, HDLC]) {
    test(`${link.framing}: any split of the bytes gives the same events`, () => {
      const whole = line(link, 'hls-gmac', 'auth-enc');
      for (const command of COMMANDS) whole.run(command);
      for (const size of [1, 7]) {
        const split = line(link, 'hls-gmac', 'auth-enc');
        split.splitBytes = size;
        for (const command of COMMANDS) split.run(command);
        expect(split.client.events).toEqual(whole.client.events);
        expect(split.server.events).toEqual(whole.server.events);
      }
    });

    test(`${link.framing}: damaged, lost and doubled bytes never end in anything but events`, () => {
      let succeeded = 0;
      let failed = 0;
      for (let seed = 1; seed <= 60; seed++) {
        const random = new SeededRandom(seed);
        const noisy = line(link, 'hls-gmac', seed % 2 === 0 ? 'auth-enc' : 'none');
        noisy.tamper = (bytes) => {
          const dice = random.next();
          if (dice < 0.02) return undefined;
          if (dice < 0.04) return new Uint8Array([...bytes, ...bytes]);
          if (dice > 0.1) return bytes;
          const damaged = bytes.slice();
          const bit = Math.floor(random.next() * damaged.length * 8);
          damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
          return damaged;
        };
        for (const command of COMMANDS) {
          const events = results(noisy.run(command));
          const last = events.at(-1);
          if (last?.type === 'failed' || last?.type === 'request-failed') {
            failed++;
            expect(last.error.code).not.toBe('internal');
          } else if (last !== undefined) succeeded++;
          if (last?.type === 'failed') break;
          // A silent line is for the link to end; here every command ends.
          expect(last).toBeDefined();
        }
      }
      expect(succeeded).toBeGreaterThan(20);
      expect(failed).toBeGreaterThan(link.framing === 'wrapper' ? 20 : 0);
    });
  }

  test('HDLC carries an authenticated session unharmed through a noisy line', () => {
    const random = new SeededRandom(99);
    const noisy = line(HDLC, 'hls-gmac', 'auth-enc');
    noisy.run({ type: 'open' });
    noisy.tamper = (bytes) => {
      if (random.next() > 0.04) return bytes;
      const damaged = bytes.slice();
      damaged[Math.floor(random.next() * damaged.length)] = Math.floor(random.next() * 256);
      return damaged;
    };
    for (let i = 0; i < 10; i++) {
      expect(noisy.last({ type: 'get', attribute: at(9) })).toEqual({
        type: 'get-result',
        results: [{ ok: true, data: encodeData(LONG) }],
      });
    }
    expect(noisy.clientMachine.counters.retransmissions).toBeGreaterThan(0);
  });
});
