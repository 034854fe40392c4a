import type { UpFrame } from './frame.ts';
import type { ModuleOutput } from './module-output.ts';
import { EXCHANGE_TABLE, type ExchangeInput, type ExchangeState } from './module-tables.ts';
import type { Sequences } from './sequences.ts';
import { type AnyUnit, decodeData, isUnreadable } from './unit.ts';
import { CONFIRM, DENIAL, DENY } from './units/afn-00.ts';

/** A question on the command channel. */
export interface Question {
  readonly do: 'ask';
  readonly unit: AnyUnit;
  readonly value: unknown;
  /** Whether 00F1 answers it, or the same unit from the module. */
  readonly expects: 'confirm' | 'reply';
  readonly attempts: number;
  readonly timeoutMs: number;
}

export type Outcome =
  | { readonly kind: 'confirmed'; readonly statusBytes: 2 | 4 }
  | { readonly kind: 'reply'; readonly value: unknown }
  | { readonly kind: 'denied'; readonly code: number }
  | { readonly kind: 'silent' }
  /** What was waited for other than an answer. */
  | { readonly kind: 'done' };

export const EXCHANGE_TIMER = 'module-answer';
export const REST_TIMER = 'module-rest';

const FIRST_REST_MS = 1000;
const LONGEST_REST_MS = 30_000;
/** A module that is busy for longer than this many rests is stuck. */
const MOST_RESTS = 12;
/** The longest that a module may ask to be left alone: after a change of the band it asks for 300 s. */
const LONGEST_WAIT_S = 600;

/** One question at a time, sent again when nothing comes, and later when the module is busy. */
export class Exchange {
  readonly #out: ModuleOutput;
  readonly #sequences: Sequences;
  readonly #finish: (outcome: Outcome, nowMs: number) => void;
  #state: ExchangeState = 'idle';
  #question: Question | undefined;
  #sent: number[] = [];
  #tries = 0;
  #rests = 0;
  /** Of the last confirmation. */
  #waitMs = 0;
  #quietUntilMs = Number.NEGATIVE_INFINITY;

  /** `finish` gets the outcome of each question, once. */
  constructor(out: ModuleOutput, sequences: Sequences, finish: (outcome: Outcome, nowMs: number) => void) {
    this.#out = out;
    this.#sequences = sequences;
    this.#finish = finish;
  }

  get state(): ExchangeState {
    return this.#state;
  }

  /** The module has asked to be left alone until then. */
  get quietUntilMs(): number {
    return this.#quietUntilMs;
  }

  ask(question: Question, nowMs: number): void {
    if (EXCHANGE_TABLE[this.#state].ask !== 'send') return;
    this.#question = question;
    this.#sent = [];
    this.#tries = 0;
    this.#rests = 0;
    const quietMs = this.#quietUntilMs - nowMs;
    if (quietMs > 0) this.#rest(quietMs);
    else this.#send();
  }

  /** Whether the frame is an answer to the question that is or was open; others are for somebody else. */
  receive(frame: UpFrame, nowMs: number): boolean {
    const { sequence } = frame.information;
    const question = this.#question;
    if (question === undefined || !this.#sent.includes(sequence)) return false;
    const read = this.#read(frame, question);
    if (read === undefined) return true;
    this.#step(read.input, nowMs, read.outcome);
    return true;
  }

  #read(
    frame: UpFrame,
    question: Question,
  ): { readonly input: ExchangeInput; readonly outcome: Outcome } | undefined {
    const { edition, counters } = this.#out;
    try {
      if (frame.afn === CONFIRM.afn && frame.fn === CONFIRM.fn) {
        const { waitS, statusBytes } = decodeData(CONFIRM.up, frame.data, edition).value;
        this.#waitMs = Math.min(waitS, LONGEST_WAIT_S) * 1000;
        return { input: 'confirm', outcome: { kind: 'confirmed', statusBytes } };
      }
      if (frame.afn === DENY.afn && frame.fn === DENY.fn) {
        const code = decodeData(DENY.up, frame.data, edition).value;
        counters.denied++;
        const busy = code === DENIAL.busy || code === DENIAL.tooManyAtOnce;
        return { input: busy ? 'busy' : 'refusal', outcome: { kind: 'denied', code } };
      }
      if (frame.afn !== question.unit.afn || frame.fn !== question.unit.fn || question.expects !== 'reply') {
        counters.stale++;
        return undefined;
      }
      return {
        input: 'reply',
        outcome: { kind: 'reply', value: decodeData(question.unit.up, frame.data, edition).value },
      };
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      // Unreadable is as good as not come: the question is asked again when its time is over.
      counters.garbled++;
      return undefined;
    }
  }

  #step(input: ExchangeInput, nowMs: number, outcome: Outcome = { kind: 'silent' }): void {
    const question = this.#question;
    switch (EXCHANGE_TABLE[this.#state][input]) {
      case 'ignore':
        return;
      case 'stale':
        this.#out.counters.stale++;
        return;
      case 'finish':
        if (input === 'confirm') {
          this.#quietUntilMs = Math.max(this.#quietUntilMs, nowMs + this.#waitMs);
          // Confirmed, but the answer itself is still to come.
          if (question?.expects === 'reply') {
            this.#out.arm(EXCHANGE_TIMER, question.timeoutMs + this.#waitMs);
            return;
          }
        }
        this.#end(outcome, nowMs);
        return;
      case 'rest':
        this.#rests++;
        if (this.#rests > MOST_RESTS) this.#end(outcome, nowMs);
        else this.#rest(Math.min(FIRST_REST_MS * 2 ** (this.#rests - 1), LONGEST_REST_MS));
        return;
      case 'repeat':
        this.#out.counters.timeouts++;
        if (this.#tries < (question?.attempts ?? 1)) this.#send();
        else this.#end({ kind: 'silent' }, nowMs);
        return;
      case 'send':
        this.#send();
        return;
      case 'forget':
        this.#reset();
        return;
    }
  }

  timeout(nowMs: number): void {
    this.#step('timeout', nowMs);
  }

  rested(nowMs: number): void {
    this.#step('rested', nowMs);
  }

  /** Nobody wants the answer any more; what the module asked for is forgotten with it. */
  drop(nowMs: number): void {
    this.#step('drop', nowMs);
    this.#quietUntilMs = Number.NEGATIVE_INFINITY;
  }

  #send(): void {
    const question = this.#question;
    if (question === undefined) return;
    const sequence = this.#sequences.next();
    this.#sent.push(sequence);
    this.#tries++;
    this.#state = 'asked';
    this.#out.send(question.unit, question.value, sequence, { initiates: true });
    this.#out.arm(EXCHANGE_TIMER, question.timeoutMs);
  }

  #rest(delayMs: number): void {
    if (this.#state === 'asked') this.#out.disarm(EXCHANGE_TIMER);
    this.#state = 'resting';
    this.#tries = 0;
    this.#out.arm(REST_TIMER, delayMs);
  }

  #end(outcome: Outcome, nowMs: number): void {
    this.#reset();
    this.#finish(outcome, nowMs);
  }

  #reset(): void {
    if (this.#state === 'asked') this.#out.disarm(EXCHANGE_TIMER);
    if (this.#state === 'resting') this.#out.disarm(REST_TIMER);
    for (const sequence of this.#sent) this.#sequences.free(sequence);
    this.#state = 'idle';
    this.#question = undefined;
    this.#sent = [];
  }
}
