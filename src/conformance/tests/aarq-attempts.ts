import { type AareFields, parseAare } from '../aarq.ts';
import type { Bench } from '../bench.ts';
import { expect, Inconclusive } from '../verdict.ts';

/** Where the Green Book has COSEM-OPEN. */
export const COSEM_OPEN = { group: 'APPL', reference: 'Green Book 9.4.2, COSEM-OPEN' } as const;
/** Diagnostics of the acse-service-user. */
export const DIAGNOSTIC = {
  contextNotSupported: 2,
  mechanismNotRecognised: 11,
  authenticationFailure: 13,
} as const;

/** Sends an AARQ on a fresh link; the AARE, or undefined when something else or nothing came. */
export async function tryAarq(
  bench: Bench,
  apdu: Uint8Array,
  clientAddress?: number,
): Promise<AareFields | undefined> {
  const link = await bench.connect(clientAddress === undefined ? {} : { clientAddress });
  const answer = await bench.exchange(link, apdu, bench.target.quietMs);
  return answer && parseAare(answer);
}

/** An AARQ that must not lead to an association; the AARE if one came. */
export async function refused(bench: Bench, apdu: Uint8Array, what: string): Promise<AareFields | undefined> {
  const aare = await tryAarq(bench, apdu);
  expect(aare?.result !== 0, `${what} is accepted`);
  await bench.alive(what);
  return aare;
}

/** The AARE that refuses names one of these diagnostics of the service user. */
export function names(aare: AareFields | undefined, due: readonly number[], what: string): void {
  if (aare === undefined) throw new Inconclusive(`${what} is not answered by an AARE`);
  expect(
    due.includes(aare.diagnostic),
    `${what} is refused with diagnostic ${aare.diagnostic}, due is ${due.join(' or ')}`,
  );
}
