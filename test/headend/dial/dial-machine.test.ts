import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { following } from '../../../src/base/table.ts';
import {
  createDialMachine,
  type DialMachine,
  type DialTiming,
  PAUSE_TIMER,
  RETURN_TIMER,
} from '../../../src/headend/dial/dial-machine.ts';
import {
  DIAL_AFTER,
  DIAL_INPUTS,
  DIAL_PHASES,
  DIAL_TABLE,
  type DialInput,
  type DialPhase,
} from '../../../src/headend/dial/dial-states.ts';

const TIMING: DialTiming = { firstPauseMs: 1000, longestPauseMs: 10_000, returnAfterMs: 60_000 };

/** What came out, in short. */
class Told {
  readonly machine: DialMachine;

  constructor(addresses = 2, random = 0) {
    this.machine = createDialMachine({ addresses, timing: TIMING, random: () => random });
  }

  get phase(): DialPhase {
    return this.machine.phase;
  }

  /** Inputs one after the other; what the last one leads to. */
  do(...inputs: readonly DialInput[]): string {
    let told = '';
    for (const input of inputs) told = this.#one(input);
    return told;
  }

  #one(input: DialInput): string {
    const timers: Partial<Record<DialInput, string>> = {
      'pause-over': PAUSE_TIMER,
      'return-due': RETURN_TIMER,
    };
    const timer = timers[input];
    const effects =
      timer === undefined && input !== 'pause-over' && input !== 'return-due'
        ? this.machine.step({ on: 'command', command: { type: input } }, 0)
        : this.machine.step({ on: 'timer', timer: timer ?? '' }, 0);
    return effects
      .map((effect) => {
        if (effect.do === 'arm') return `arm ${effect.timer} ${effect.delayMs}`;
        if (effect.do === 'disarm') return `disarm ${effect.timer}`;
        if (effect.do !== 'emit') return effect.do;
        const { event } = effect;
        if ('address' in event) return `${event.type} ${event.address}`;
        return event.type === 'unreachable' ? `unreachable ${event.rounds}` : event.type;
      })
      .join(', ');
  }
}

const WAYS: Readonly<Record<DialPhase, readonly DialInput[]>> = {
  resting: [],
  dialling: ['start'],
  connected: ['start', 'failed', 'opened'],
  probing: ['start', 'failed', 'opened', 'return-due'],
  pausing: ['start', 'failed', 'failed'],
};

/** A machine with two addresses in each phase; connected is it to the second one. */
function inPhase(phase: DialPhase): Told {
  const told = new Told();
  told.do(...WAYS[phase]);
  expect(told.phase).toBe(phase);
  return told;
}

const expected: Readonly<Record<DialPhase, Readonly<Partial<Record<DialInput, string>>>>> = {
  resting: { start: 'dialling: dial 0' },
  dialling: {
    stop: 'resting: disarm dial-pause, disarm dial-return, cancel',
    opened: 'connected: use 0',
    failed: 'dialling: dial 1',
  },
  connected: {
    stop: 'resting: disarm dial-pause, disarm dial-return, hang-up',
    lost: 'pausing: disarm dial-return, unreachable 1, arm dial-pause 500',
    useful: 'connected: ',
    'return-due': 'probing: dial 0',
  },
  probing: {
    stop: 'resting: disarm dial-pause, disarm dial-return, cancel, hang-up',
    opened: 'connected: use 0',
    failed: 'connected: arm dial-return 60000',
    lost: 'dialling: ',
    useful: 'probing: ',
  },
  pausing: {
    stop: 'resting: disarm dial-pause, disarm dial-return',
    'pause-over': 'dialling: dial 0',
  },
};

describe('each phase takes each input', () => {
  for (const phase of DIAL_PHASES) {
    for (const input of DIAL_INPUTS) {
      test(`${phase}, ${input}`, () => {
        const told = inPhase(phase);
        const effects = told.do(input);
        expect(`${told.phase}: ${effects}`).toBe(expected[phase][input] ?? `${phase}: `);
        expect(following(DIAL_TABLE, DIAL_AFTER, phase, input)).toContain(told.phase);
      });
    }
  }
});

test('the transport being gone is a loss', () => {
  const told = inPhase('connected');
  told.machine.step({ on: 'closed' }, 0);
  expect(told.phase).toBe('pausing');
});

test('any inputs lead only where the table says', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...DIAL_INPUTS), { maxLength: 60 }),
      fc.integer({ min: 1, max: 4 }),
      (inputs, addresses) => {
        const told = new Told(addresses);
        for (const input of inputs) {
          const before = told.phase;
          told.do(input);
          expect(following(DIAL_TABLE, DIAL_AFTER, before, input)).toContain(told.phase);
        }
      },
    ),
  );
});

describe('pauses', () => {
  const pauseOf = (effects: string): number => Number(/arm dial-pause (\d+)/.exec(effects)?.[1]);

  test('grow from round to round up to the longest, half of them by chance', () => {
    const pauses = (random: number): number[] => {
      const told = new Told(1, random);
      told.do('start');
      const first = pauseOf(told.do('failed'));
      return [first, ...Array.from({ length: 6 }, () => pauseOf(told.do('pause-over', 'failed')))];
    };
    expect(pauses(0)).toEqual([500, 1000, 2000, 4000, 5000, 5000, 5000]);
    expect(pauses(0.999999).map((ms) => Math.round(ms / 100))).toEqual([10, 20, 40, 80, 100, 100, 100]);
  });

  test('also where the head-end accepts and closes at once', () => {
    const told = new Told(1);
    told.do('start');
    const pauses = Array.from({ length: 4 }, () =>
      pauseOf([told.do('opened', 'lost'), told.do('pause-over')][0] ?? ''),
    );
    expect(pauses).toEqual([500, 1000, 2000, 4000]);
  });

  test('begin anew once something useful came', () => {
    const told = new Told(1);
    told.do('start', 'failed', 'pause-over', 'failed', 'pause-over', 'opened', 'useful');
    expect(told.machine.rounds).toBe(0);
    expect(told.do('lost')).toBe('disarm dial-return, arm dial-pause 500');
    expect(pauseOf(told.do('pause-over', 'failed'))).toBe(500);
  });
});

describe('the way back to the first address', () => {
  test('is tried again while it does not answer', () => {
    const told = inPhase('probing');
    expect(told.do('failed')).toBe('arm dial-return 60000');
    expect(told.do('return-due')).toBe('dial 0');
  });

  test('is tried ever less often where it accepts and is of no use', () => {
    const told = new Told(2);
    told.do('start');
    const delays = Array.from({ length: 9 }, () => {
      // The first one fails or is lost without use, the second one is connected.
      const [, delay] =
        /arm dial-return (\d+)/.exec(told.do(told.phase === 'dialling' ? 'failed' : 'lost', 'opened')) ?? [];
      told.do('useful', 'return-due', 'opened');
      return Number(delay) / 60_000;
    });
    expect(delays).toEqual([1, 2, 4, 8, 16, 32, 64, 64, 64]);
    told.do('useful', 'lost', 'pause-over', 'failed');
    expect(told.do('opened')).toContain('arm dial-return 60000');
  });
});
