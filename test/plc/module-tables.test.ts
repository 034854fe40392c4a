import { describe, expect, test } from 'bun:test';
import { Exchange, type Outcome, type Question } from '../../src/plc/exchange.ts';
import { decodeFrame, encodeFrame, type UpFrame } from '../../src/plc/frame.ts';
import { upInformation } from '../../src/plc/information.ts';
import { ModuleOutput } from '../../src/plc/module-output.ts';
import {
  EXCHANGE_INPUTS,
  EXCHANGE_STATES,
  EXCHANGE_TABLE,
  type ExchangeAction,
  type ExchangeInput,
  type ExchangeState,
  LIFE_AFTER,
  LIFE_INPUTS,
  LIFE_STATES,
  LIFE_TABLE,
  type LifeInput,
  type LifeState,
  REQUEST_INPUTS,
  REQUEST_STATES,
  REQUEST_TABLE,
  type RequestAction,
  type RequestInput,
  type RequestState,
} from '../../src/plc/module-tables.ts';
import { Sequences } from '../../src/plc/sequences.ts';
import { CONFIRM, DENIAL } from '../../src/plc/units/afn-00.ts';
import { MASTER_ADDRESS, MODE } from '../../src/plc/units/afn-03.ts';
import { READ_CONCURRENT } from '../../src/plc/units/afn-f1.ts';
import { answer, deny, MASTER, MODE_VALUE, report, type Script, Subject, WILLING } from './subject.ts';

const NODE = '000000000001';

describe('the life of the connection', () => {
  function inState(state: LifeState): Subject {
    const subject = new Subject();
    if (state === 'off') return subject;
    subject.command({ type: 'set-archive', nodes: [] }).command({ type: 'start' });
    if (state === 'starting') return subject;
    const script: Script = (name, frame) => (name === '10F2' ? undefined : WILLING(name, frame));
    subject.serve(state === 'synchronising' ? script : WILLING);
    if (state === 'working') subject.command({ type: 'topology', id: 'before' });
    return subject;
  }

  const unwilling: Script = (name, frame) => {
    if (name === '03F4') return answer(frame, MASTER_ADDRESS, '000000000000');
    return ['05F1', '10F2', '10F21'].includes(name) ? DENIAL.format : WILLING(name, frame);
  };

  function feed(subject: Subject, state: LifeState, input: LifeInput): void {
    const left = (): boolean => subject.machine.state !== state;
    switch (input) {
      case 'start':
      case 'stop':
        subject.command({ type: input });
        return;
      case 'archive':
        subject.command({ type: 'set-archive', nodes: [NODE] });
        return;
      case 'forward':
        subject.command({ type: 'forward', id: 'f', address: NODE, bytes: new Uint8Array(3) });
        return;
      case 'job':
        subject.command({ type: 'topology', id: 'j' });
        return;
      case 'module-up':
        subject.restart();
        return;
      case 'done':
        subject.serve(WILLING, left);
        return;
      case 'failed':
        subject.serve(unwilling, left);
        return;
      case 'silent':
        for (let i = 0; i < 3 && !left(); i++) subject.fire('module-answer');
        return;
      case 'closed':
        subject.close();
        return;
    }
  }

  test.each(LIFE_STATES.flatMap((state) => LIFE_INPUTS.map((input) => [state, input] as const)))(
    '%s, %s',
    (state, input) => {
      const subject = inState(state);
      expect(subject.machine.state).toBe(state);
      const sent = subject.sent.length;
      subject.events.length = 0;
      feed(subject, state, input);
      const action = LIFE_TABLE[state][input];
      const allowed: readonly string[] = LIFE_AFTER[action].map((next) => (next === 'same' ? state : next));
      expect(allowed).toContain(subject.machine.state);
      const types = subject.events.map(({ type }) => type);
      expect(types.includes('stopped')).toBe(action === 'end');
      expect(types.includes('restarted')).toBe(action === 'restart' && state !== 'starting');
      if (action === 'refuse') expect(types).toEqual([input === 'job' ? 'job-failed' : 'failed']);
      if (action === 'fail-job') expect(types).toContain('job-failed');
      if (action === 'next') expect(types).toContain('topology');
      if (action === 'run') expect(types).toContain(input === 'done' ? 'archive' : 'setup-failed');
      if (action === 'ignore') {
        expect(types).toEqual([]);
        expect(subject.sent.length).toBe(sent);
      }
      if (action === 'begin') expect(subject.names).toEqual(['03F10']);
    },
  );
});

describe('one question on the command channel', () => {
  const QUESTION: Question = {
    do: 'ask',
    unit: MASTER_ADDRESS,
    value: undefined,
    expects: 'reply',
    attempts: 2,
    timeoutMs: 1000,
  };
  const AFTER: Readonly<Record<ExchangeAction, ExchangeState | 'same'>> = {
    ignore: 'same',
    stale: 'same',
    send: 'asked',
    finish: 'idle',
    rest: 'resting',
    repeat: 'asked',
    forget: 'idle',
  };

  class Asked {
    readonly out = new ModuleOutput();
    readonly outcomes: Outcome[] = [];
    readonly exchange = new Exchange(this.out, new Sequences(), (outcome) => this.outcomes.push(outcome));
    question: Question;
    sequence = 0;

    constructor(expects: Question['expects']) {
      this.question = { ...QUESTION, expects };
    }

    ask(): void {
      this.exchange.ask(this.question, 0);
      for (const effect of this.out.take()) {
        if (effect.do === 'send') this.sequence = decodeFrame(effect.bytes).information.sequence;
      }
    }

    frame(unit: { afn: number; fn: number }, hex: string): UpFrame {
      return {
        direction: 'up',
        initiates: false,
        kind: 3,
        information: upInformation(this.sequence),
        afn: unit.afn,
        fn: unit.fn,
        data: Uint8Array.fromHex(hex),
      };
    }

    feed(input: ExchangeInput): boolean {
      switch (input) {
        case 'ask':
          this.ask();
          return true;
        case 'confirm':
          return this.exchange.receive(this.frame(CONFIRM, 'ffffffff0000'), 0);
        case 'reply':
          return this.exchange.receive(this.frame(MASTER_ADDRESS, '990000000000'), 0);
        case 'busy':
          return this.exchange.receive(this.frame({ afn: 0, fn: 2 }, '09'), 0);
        case 'refusal':
          return this.exchange.receive(this.frame({ afn: 0, fn: 2 }, '05'), 0);
        case 'timeout':
          this.exchange.timeout(0);
          return true;
        case 'rested':
          this.exchange.rested(0);
          return true;
        case 'drop':
          this.exchange.drop(0);
          return true;
      }
    }
  }

  test.each(EXCHANGE_STATES.flatMap((state) => EXCHANGE_INPUTS.map((input) => [state, input] as const)))(
    '%s, %s',
    (state, input) => {
      const asked = new Asked(input === 'confirm' ? 'confirm' : 'reply');
      if (state !== 'idle') asked.ask();
      if (state === 'resting') asked.feed('busy');
      expect(asked.exchange.state).toBe(state);
      asked.out.take();
      const taken = asked.feed(input);
      const action = EXCHANGE_TABLE[state][input];
      expect(asked.exchange.state).toBe(AFTER[action] === 'same' ? state : AFTER[action]);
      // Without a question nothing is an answer: it goes to whom else it may concern.
      if (state === 'idle' && action === 'stale') expect(taken).toBe(false);
      if (state !== 'idle' && action === 'stale') expect(asked.out.counters.stale).toBe(1);
      expect(asked.outcomes.length).toBe(action === 'finish' ? 1 : 0);
    },
  );

  test('the last time-out is the end, a busy module gets time without limit of attempts', () => {
    const asked = new Asked('reply');
    asked.ask();
    for (let i = 0; i < 5; i++) {
      asked.feed('busy');
      asked.feed('rested');
    }
    asked.feed('timeout');
    expect(asked.exchange.state).toBe('asked');
    asked.feed('timeout');
    expect(asked.outcomes).toEqual([{ kind: 'silent' }]);
    asked.ask();
    for (let i = 0; i < 13; i++) {
      asked.feed('busy');
      asked.feed('rested');
    }
    expect(asked.outcomes[1]).toEqual({ kind: 'denied', code: DENIAL.busy });
  });

  test('an answer to an earlier attempt counts, one that cannot be read does not', () => {
    const asked = new Asked('reply');
    asked.ask();
    const first = asked.frame(MASTER_ADDRESS, '990000000000');
    asked.feed('timeout');
    expect(asked.exchange.receive({ ...first, data: new Uint8Array(2) }, 0)).toBe(true);
    expect(asked.out.counters.garbled).toBe(1);
    expect(asked.outcomes).toEqual([]);
    asked.exchange.receive(first, 0);
    expect(asked.outcomes).toEqual([{ kind: 'reply', value: MASTER }]);
  });

  test('a confirmation before the answer itself gives it more time', () => {
    const asked = new Asked('reply');
    asked.ask();
    asked.exchange.receive(asked.frame(CONFIRM, 'ffffffff0500'), 0);
    expect(asked.out.take()).toEqual([{ do: 'arm', timer: 'module-answer', delayMs: 6000 }]);
    expect(asked.outcomes).toEqual([]);
    expect(asked.exchange.quietUntilMs).toBe(5000);
  });
});

describe('a request that is to be forwarded', () => {
  const EFFECT: Readonly<Record<RequestAction, 'nothing' | 'sent' | 'answer' | 'failed' | 'waits'>> = {
    ignore: 'nothing',
    send: 'sent',
    deliver: 'answer',
    fail: 'failed',
    rest: 'waits',
    'rest-fewer': 'waits',
    'other-way': 'sent',
    'rest-unknown': 'waits',
    'rest-outside': 'waits',
    repeat: 'failed',
    forget: 'failed',
  };
  const CODES: Readonly<Partial<Record<RequestInput, number>>> = {
    absent: DENIAL.meterSilent,
    outside: DENIAL.notInNetwork,
    busy: DENIAL.busy,
    crowded: DENIAL.tooManyAtOnce,
    unsupported: DENIAL.unsupported,
    unknown: DENIAL.unknownAddress,
    refusal: DENIAL.format,
  };

  const archived: Script = (name, frame) => {
    if (name !== '10F2') return WILLING(name, frame);
    return {
      ...answer(frame, CONFIRM, { status: 0, waitS: 0, statusBytes: 4 }),
      afn: 0x10,
      fn: 2,
      data: Uint8Array.fromHex(`010001${'01'.padEnd(12, '0')}0000`),
    };
  };

  /** A first request of the meter flies; the second waits behind it. */
  function withRequest(state: RequestState): Subject {
    const subject = new Subject().running(archived, [NODE]);
    const forward = (id: string): void => {
      subject.command({ type: 'forward', id, address: NODE, bytes: Uint8Array.of(1) });
    };
    if (state === 'queued') forward('other');
    forward('one');
    subject.serve(archived);
    expect(subject.last.afn).toBe(READ_CONCURRENT.afn);
    subject.events.length = 0;
    return subject;
  }

  test.each(REQUEST_STATES.flatMap((state) => REQUEST_INPUTS.map((input) => [state, input] as const)))(
    '%s, %s',
    (state, input) => {
      const subject = withRequest(state);
      const flight = subject.last;
      const sent = subject.sent.length;
      // What is for a request that waits comes with a sequence that was never sent.
      const to =
        state === 'flying'
          ? flight
          : { ...flight, information: { ...flight.information, sequence: flight.information.sequence + 1 } };
      const code = CODES[input];
      if (code !== undefined) subject.reply(deny(to, code));
      else if (input === 'answer') {
        subject.reply(answer(to, READ_CONCURRENT, { protocol: 0, message: Uint8Array.of(7) }, NODE));
      } else if (input === 'cancel') subject.command({ type: 'cancel', id: 'one' });
      else if (input === 'timeout') {
        if (state === 'flying') subject.fire('module-traffic');
      } else if (input === 'lost') {
        subject.restart().serve();
      } else if (state === 'queued') {
        subject.reply(answer(flight, READ_CONCURRENT, { protocol: 0, message: Uint8Array.of(7) }, NODE));
      }
      const mine = subject.events
        .filter((event) => 'id' in event && event.id === 'one')
        .map(({ type }) => type);
      const effect = EFFECT[REQUEST_TABLE[state][input]];
      if (effect === 'answer' || effect === 'failed') expect(mine).toEqual([effect]);
      else expect(mine).toEqual([]);
      if (effect === 'sent') expect(subject.sent.length).toBe(sent + 1);
      if (effect === 'waits') expect(subject.machine.traffic.waiting).toBe(1);
    },
  );
});

test('frames of the subject are what the machine reads', () => {
  const frame = report(MODE, MODE_VALUE, 5);
  expect(decodeFrame(encodeFrame(frame))).toEqual(frame);
});
