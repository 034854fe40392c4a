import { EXCHANGE_TIMER, Exchange, type Outcome, REST_TIMER } from './exchange.ts';
import type { UpFrame } from './frame.ts';
import type { ModuleOutput } from './module-output.ts';
import type { Ending, Procedure } from './procedures/procedure.ts';
import type { Sequences } from './sequences.ts';

/** A pause that a procedure makes. */
const PAUSE_TIMER = 'module-pause';

/** The command channel: one course of questions at a time, one question after the other. */
export class Course {
  readonly #out: ModuleOutput;
  readonly #exchange: Exchange;
  readonly #ended: (ending: Ending, nowMs: number) => void;
  #procedure: Procedure<Ending> | undefined;

  /** `ended` is told how each course came to its end by itself. */
  constructor(out: ModuleOutput, sequences: Sequences, ended: (ending: Ending, nowMs: number) => void) {
    this.#out = out;
    this.#ended = ended;
    this.#exchange = new Exchange(out, sequences, (outcome, nowMs) => this.#advance(outcome, nowMs));
  }

  /** The module has asked to be left alone until then. */
  get quietUntilMs(): number {
    return this.#exchange.quietUntilMs;
  }

  /** Begins a course; what was asked before is dropped. */
  run(procedure: Procedure<Ending>, nowMs: number): void {
    this.#exchange.drop(nowMs);
    this.#out.disarm(PAUSE_TIMER);
    this.#procedure = procedure;
    this.#advance(undefined, nowMs);
  }

  /** Ends the course without a word. */
  drop(nowMs: number): void {
    this.#exchange.drop(nowMs);
    this.#out.disarm(PAUSE_TIMER);
    this.#procedure = undefined;
  }

  /** Whether the frame answers the question that is or was open. */
  receive(frame: UpFrame, nowMs: number): boolean {
    return this.#exchange.receive(frame, nowMs);
  }

  /** Whether the timer was one of the command channel. */
  timer(timer: string, nowMs: number): boolean {
    if (timer === EXCHANGE_TIMER) this.#exchange.timeout(nowMs);
    else if (timer === REST_TIMER) this.#exchange.rested(nowMs);
    else if (timer === PAUSE_TIMER) this.#advance({ kind: 'done' }, nowMs);
    else return false;
    return true;
  }

  #advance(outcome: Outcome | undefined, nowMs: number): void {
    const procedure = this.#procedure;
    if (procedure === undefined) return;
    const step = procedure.next(outcome ?? { kind: 'done' });
    if (step.done !== true) {
      if (step.value.do === 'ask') this.#exchange.ask(step.value, nowMs);
      else this.#out.arm(PAUSE_TIMER, step.value.delayMs);
      return;
    }
    this.#procedure = undefined;
    this.#ended(step.value, nowMs);
  }
}
