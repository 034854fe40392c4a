import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { following } from '../../../src/base/table.ts';
import { decodeDataNotification } from '../../../src/dlms/apdu/notification.ts';
import {
  createPushMachine,
  PUSH_AFTER,
  PUSH_TABLE,
  type PushConfig,
  type PushInput,
  type PushState,
} from '../../../src/dlms/cosem/push.ts';

const BODY = Uint8Array.of(0x11, 0x05);
const CONFIG: PushConfig = {
  randomisationStartIntervalMs: 1000,
  numberOfRetries: 2,
  repetitionDelay: { minMs: 100, factor: 3, maxMs: 250 },
  confirmed: true,
  confirmationTimeoutMs: 5000,
  random: () => 0.25,
};

/** What came out, in short. */
class Told {
  readonly #machine;
  constructor(config: Partial<PushConfig> = {}) {
    this.#machine = createPushMachine({ ...CONFIG, ...config });
  }
  get state(): PushState {
    return this.#machine.state;
  }
  elapsed(): string {
    return this.#say(this.#machine.step({ on: 'timer', timer: 'push' }, 0));
  }
  closed(): string {
    return this.#say(this.#machine.step({ on: 'closed' }, 0));
  }
  step(command: { type: string; [key: string]: unknown }): string {
    const type = command.type;
    if (type === 'push')
      return this.#say(this.#machine.step({ on: 'command', command: { type, body: BODY } }, 0));
    if (type === 'confirmed') {
      const longInvoke = Number(command['longInvoke'] ?? 1);
      return this.#say(this.#machine.step({ on: 'command', command: { type, longInvoke } }, 0));
    }
    if (type !== 'sent' && type !== 'not-sent' && type !== 'cancel') throw new Error(type);
    return this.#say(this.#machine.step({ on: 'command', command: { type } }, 0));
  }
  #say(effects: ReturnType<ReturnType<typeof createPushMachine>['step']>): string {
    return effects
      .map((effect) => {
        if (effect.do === 'arm') return `arm ${effect.delayMs}`;
        if (effect.do !== 'emit') return effect.do;
        const { event } = effect;
        if (event.type === 'send') {
          const { longInvoke, body } = decodeDataNotification(event.apdu);
          expect(body).toEqual(BODY);
          return `send ${event.attempt} ${longInvoke.toString(16)}`;
        }
        return event.type === 'failed' ? `failed ${event.error.code}` : `${event.type} ${event.attempts}`;
      })
      .join(', ');
  }
}

/** A machine in each state, after one push. */
const states: Record<PushState, () => Told> = {
  idle: () => new Told(),
  starting: () => {
    const told = new Told();
    told.step({ type: 'push' });
    return told;
  },
  sending: () => {
    const told = states.starting();
    told.elapsed();
    return told;
  },
  awaiting: () => {
    const told = states.sending();
    told.step({ type: 'sent' });
    return told;
  },
  pausing: () => {
    const told = states.sending();
    told.step({ type: 'not-sent' });
    return told;
  },
};

describe('push', () => {
  test('every state and input', () => {
    const result = Object.fromEntries(
      Object.entries(PUSH_TABLE).map(([state, row]) => [
        state,
        Object.fromEntries(
          Object.keys(row).map((input) => {
            const told = states[state as PushState]();
            expect(told.state as string).toBe(state);
            const said = input === 'elapsed' ? told.elapsed() : told.step({ type: input });
            expect(following(PUSH_TABLE, PUSH_AFTER, state as PushState, input as PushInput)).toContain(
              told.state,
            );
            return [input, said];
          }),
        ),
      ]),
    );
    const anew = 'disarm, failed cancelled, arm 250';
    const stop = 'disarm, failed cancelled';
    expect(result).toEqual({
      idle: { push: 'arm 250', sent: '', 'not-sent': '', confirmed: '', cancel: '', elapsed: '' },
      starting: {
        push: anew,
        sent: '',
        'not-sent': '',
        confirmed: '',
        cancel: stop,
        elapsed: 'send 1 40000001',
      },
      sending: {
        push: anew,
        sent: 'arm 5000',
        'not-sent': 'arm 100',
        confirmed: 'disarm, delivered 1',
        cancel: stop,
        elapsed: '',
      },
      awaiting: {
        push: anew,
        sent: '',
        'not-sent': 'arm 100',
        confirmed: 'disarm, delivered 1',
        cancel: stop,
        elapsed: 'arm 100',
      },
      pausing: {
        push: anew,
        sent: '',
        'not-sent': '',
        confirmed: 'disarm, delivered 1',
        cancel: stop,
        elapsed: 'send 2 40000001',
      },
    });
  });

  test('tries as often as it may, with growing pauses, under one invoke id', () => {
    const told = new Told();
    expect(told.step({ type: 'push' })).toBe('arm 250');
    const said = [told.elapsed()];
    for (let i = 0; i < 3; i++) said.push(told.step({ type: 'sent' }), told.elapsed(), told.elapsed());
    expect(said).toEqual([
      'send 1 40000001',
      'arm 5000',
      'arm 100',
      'send 2 40000001',
      'arm 5000',
      'arm 250',
      'send 3 40000001',
      'arm 5000',
      'disarm, failed link-timeout',
      '',
    ]);
    expect(told.step({ type: 'push' })).toBe('arm 250');
    expect(told.elapsed()).toBe('send 1 40000002');
    // The confirmation of another push is none of this one.
    told.step({ type: 'sent' });
    expect(told.step({ type: 'confirmed', longInvoke: 0x40000001 })).toBe('');
    expect(told.step({ type: 'confirmed', longInvoke: 0xc0000002 })).toBe('disarm, delivered 1');
  });

  test('without confirmation it is over when it is sent; without an interval it starts at once', () => {
    const told = new Told({ confirmed: false, randomisationStartIntervalMs: 0 });
    expect(told.step({ type: 'push' })).toBe('send 1 1');
    expect(told.step({ type: 'confirmed' })).toBe('');
    expect(told.step({ type: 'sent' })).toBe('disarm, delivered 1');
    told.step({ type: 'push' });
    expect(told.closed()).toBe('arm 100');
  });

  test('starts lie in the interval, and each push ends', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.integer({ min: 0, max: 5 }),
        fc.array(fc.constantFrom('sent', 'not-sent', 'elapsed'), { maxLength: 60 }),
        (random, numberOfRetries, inputs) => {
          const told = new Told({ random: () => random, numberOfRetries });
          const start = told.step({ type: 'push' });
          const [, delay] = /^arm (\d+)$/.exec(start) ?? [];
          if (delay !== undefined) expect(Number(delay)).toBeLessThan(1000);
          const said = inputs.map((input) =>
            input === 'elapsed' ? told.elapsed() : told.step({ type: input }),
          );
          expect(said.filter((one) => one.startsWith('send')).length).toBeLessThanOrEqual(
            numberOfRetries + 1,
          );
          expect(said.filter((one) => one.includes('failed')).length).toBeLessThanOrEqual(1);
        },
      ),
    );
  });
});
