import { BIT } from '../aarq.ts';
import type { Bench } from '../bench.ts';
import type { SealChanges } from '../protection.ts';
import { type Answer, outcomeOf, outcomeText, type Session } from '../session.ts';
import { expect, notApplicable } from '../verdict.ts';

/** Whether a value came back, in whatever protection. */
export const served = (answer: Answer | undefined): boolean => outcomeOf(answer).kind === 'data';

/** An association in which general forms may be used. */
export async function general(bench: Bench): Promise<Session> {
  const session = await bench.associate();
  return session.granted(BIT.generalProtection)
    ? session
    : notApplicable('general protection is not granted');
}

/** A request in this form must be answered, and the answer open. */
export async function answered(session: Session, plain: Uint8Array, changes: SealChanges): Promise<Answer> {
  const answer = await session.request(plain, undefined, changes);
  expect(answer !== undefined && served(answer), `it is answered by ${outcomeText(outcomeOf(answer))}`);
  return answer;
}

/** A request like this must not be served, and the meter serve on. */
export async function notServed(
  bench: Bench,
  session: Session,
  changes: SealChanges,
  what: string,
): Promise<Answer | undefined> {
  const answer = await session.request(bench.probe(), bench.target.quietMs, changes);
  expect(!served(answer), `${what} is served`);
  await bench.alive(what, session);
  return answer;
}
