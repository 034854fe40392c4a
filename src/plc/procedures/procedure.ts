import type { Edition } from '../codec.ts';
import type { Outcome, Question } from '../exchange.ts';
import type { ModuleEvent } from '../module-types.ts';
import type { AnyUnit, Unit } from '../unit.ts';
import { DENIAL } from '../units/afn-00.ts';
import { PAUSE_ROUTER } from '../units/afn-12.ts';

/** What a procedure asks for next. */
export type Step = Question | { readonly do: 'pause'; readonly delayMs: number };

/** A course of questions to the module, one after the other. */
export type Procedure<Result> = Generator<Step, Result, Outcome>;

/** Why a question has no answer: the module's reason, or that nothing came. */
export type Refusal = { readonly ok: false; readonly code: number | 'silent' };
export type Answer<T> = { readonly ok: true; readonly value: T } | Refusal;

/** How a procedure ended; `silent`: the module does not answer any more. */
export type Ending = 'done' | 'silent' | { readonly code: number };

/** What is known of the module, and what procedures may do besides asking. */
export interface ModuleFacts {
  edition: Edition;
  readonly editionIsGiven: boolean;
  baudRate: number;
  /** The rate that was wished for did not work. */
  baudRateRefused: boolean;
  maxFrame: number;
  maxNodes: number;
  /** Longest piece of a file. */
  maxFilePiece: number;
  /** Nodes in one frame that the module takes. */
  batch: number;
  /** The number that the first node of the module's list has. */
  firstNode: number;
  paused: boolean;
  /** It has no router that could be paused. */
  noRouter: boolean;
  emit(event: ModuleEvent): void;
  /** Changes the line's rate after what was sent. */
  configure(baudRate: number): void;
  readonly uartTimeoutMs: number;
}

const ATTEMPTS = 3;

interface AskOptions {
  readonly attempts?: number;
  readonly timeoutMs?: number;
}

/** Asks a question that the same unit answers. */
export function* query<Down, Up>(
  facts: ModuleFacts,
  unit: Unit<Down, Up>,
  value: Down,
  options: AskOptions = {},
): Procedure<Answer<Up>> {
  const outcome = yield question(facts, unit, value, 'reply', options);
  return outcome.kind === 'reply' ? { ok: true, value: outcome.value as Up } : refusalOf(outcome);
}

/** Gives an order that is confirmed. */
export function* order<Down>(
  facts: ModuleFacts,
  unit: Unit<Down, unknown>,
  value: Down,
  options: AskOptions = {},
): Procedure<Answer<undefined>> {
  const outcome = yield question(facts, unit, value, 'confirm', options);
  if (outcome.kind !== 'confirmed') return refusalOf(outcome);
  if (!facts.editionIsGiven) facts.edition = outcome.statusBytes === 2 ? '376.2' : '10376.2';
  return { ok: true, value: undefined };
}

function question(
  facts: ModuleFacts,
  unit: AnyUnit,
  value: unknown,
  expects: 'confirm' | 'reply',
  { attempts = ATTEMPTS, timeoutMs = facts.uartTimeoutMs }: AskOptions,
): Question {
  return { do: 'ask', unit, value, expects, attempts, timeoutMs };
}

function refusalOf(outcome: Outcome): Refusal {
  return { ok: false, code: outcome.kind === 'denied' ? outcome.code : 'silent' };
}

export function endingOf({ code }: Refusal): Ending {
  return code === 'silent' ? 'silent' : { code };
}

/** The router leaves the network to the concentrator. A module that refuses has none, and is not asked again. */
export function* pauseRouter(facts: ModuleFacts): Procedure<'done' | 'silent'> {
  if (facts.paused || facts.noRouter) return 'done';
  const answer = yield* order(facts, PAUSE_ROUTER, undefined);
  if (!answer.ok && answer.code === 'silent') return 'silent';
  facts.paused = answer.ok;
  facts.noRouter = !answer.ok;
  return 'done';
}

export function isUnsupported(code: number | 'silent'): boolean {
  return code === DENIAL.unsupported || code === DENIAL.noSuchInformation || code === DENIAL.badUnit;
}
