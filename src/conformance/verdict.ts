import { toDcuError } from '../base/errors.ts';

/** The verdict words of abstract test suites (ISO/IEC 9646-1). */
export type Verdict = 'pass' | 'fail' | 'inconclusive';

/** The meter did what it must not, or did not what it must. */
export class Failure extends Error {
  override readonly name = 'Failure';
}

/** What the test needs could not be had, so it says nothing about the meter. */
export class Inconclusive extends Error {
  override readonly name = 'Inconclusive';
  /** The meter has not what the test is about; nothing went wrong. */
  readonly notApplicable: boolean;

  constructor(reason: string, notApplicable = false) {
    super(reason);
    this.notApplicable = notApplicable;
  }
}

/** @throws Failure unless `condition` holds. */
export function expect(condition: boolean, complaint: string): asserts condition {
  if (!condition) throw new Failure(complaint);
}

export function fail(complaint: string): never {
  throw new Failure(complaint);
}

export function notApplicable(reason: string): never {
  throw new Inconclusive(reason, true);
}

export interface Judgement {
  readonly verdict: Verdict;
  readonly reason: string | null;
  readonly notApplicable: boolean;
}

/** What a test that has ended means; a channel that cannot be opened and the like say nothing about the meter. */
export function judge(thrown: unknown): Judgement {
  if (thrown instanceof Failure) return { verdict: 'fail', reason: thrown.message, notApplicable: false };
  if (thrown instanceof Inconclusive) {
    return { verdict: 'inconclusive', reason: thrown.message, notApplicable: thrown.notApplicable };
  }
  const error = toDcuError(thrown);
  return { verdict: 'inconclusive', reason: `${error.message} (${error.code})`, notApplicable: false };
}
