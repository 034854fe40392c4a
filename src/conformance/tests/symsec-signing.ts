import { equalBytes } from '../../base/bytes.ts';
import type { Bench } from '../bench.ts';
import type { Session } from '../session.ts';
import { defineTests } from '../test-case.ts';
import { expect, Inconclusive, notApplicable } from '../verdict.ts';
import { answered, general, notServed, served } from './sealed-attempts.ts';

/** An association whose meter knows our signature. */
async function signing(bench: Bench): Promise<Session> {
  if (bench.target.security.signed !== true) notApplicable('the target does not sign');
  return general(bench);
}

const flipLast = (bytes: Uint8Array): Uint8Array =>
  bytes.map((byte, i) => (i === bytes.length - 1 ? byte ^ 1 : byte));

export const SYMSEC_SIGNING_TESTS = defineTests(
  { group: 'SYMSEC', reference: 'Green Book 9.2.7.2.5, general signing', needs: { ciphered: true } },
  [
    {
      id: 'SYMSEC_SIGN_P1',
      title: 'A signed request is served',
      purpose: 'general-signing within ciphering is answered; a signature of the answer verifies.',
      async run(bench) {
        const session = await signing(bench);
        const { opened } = await answered(session, bench.probe(), { signed: true });
        expect(opened !== undefined, 'the answer does not open');
      },
    },
    {
      id: 'SYMSEC_SIGN_P2',
      title: 'A signed request has a signed answer',
      purpose: 'The answer is signed with the meter’s key, which the target names.',
      async run(bench) {
        if (bench.target.security.peerSigningKey === undefined) notApplicable('the meter’s key is not known');
        const session = await signing(bench);
        const { opened } = await answered(session, bench.probe(), { signed: true });
        if (opened?.signed !== true) throw new Inconclusive('the meter does not sign its answers');
      },
    },
    {
      id: 'SYMSEC_SIGN_N1',
      title: 'A flipped bit of the signature is found',
      purpose: 'A request whose signature has one wrong bit is not served.',
      async run(bench) {
        const session = await signing(bench);
        await notServed(
          bench,
          session,
          { signed: true, spoilSignature: flipLast },
          'a request with a wrong signature',
        );
      },
    },
    {
      id: 'SYMSEC_SIGN_N2',
      title: 'A signature of zeros is refused',
      purpose: 'R and S are 0.',
      async run(bench) {
        const session = await signing(bench);
        const spoilSignature = (signature: Uint8Array): Uint8Array => new Uint8Array(signature.length);
        await notServed(bench, session, { signed: true, spoilSignature }, 'a signature of zeros');
      },
    },
    {
      id: 'SYMSEC_SIGN_N3',
      title: 'A signature that breaks off is refused',
      purpose: 'The second half of the signature, and all of it, are missing.',
      async run(bench) {
        for (const share of [0.5, 0]) {
          const spoilSignature = (signature: Uint8Array): Uint8Array =>
            signature.slice(0, signature.length * share);
          const session = await signing(bench);
          await notServed(bench, session, { signed: true, spoilSignature }, 'a signature that breaks off');
        }
      },
    },
    {
      id: 'SYMSEC_SIGN_N4',
      title: 'A signature alone does not satisfy a policy that ciphers',
      purpose: 'A request that is signed and not ciphered is not served.',
      async run(bench) {
        const session = await signing(bench);
        const plain = bench.probe();
        const answer = await session.raw(session.protection?.sign(plain) ?? plain, bench.target.quietMs);
        expect(!served(answer), 'it is served');
        await bench.alive('a signed plain request', session);
      },
    },
    {
      id: 'SYMSEC_SIGN_N5',
      title: 'A signature of another association is not taken over',
      purpose: 'A signed and ciphered request of a former association is not served again.',
      async run(bench) {
        const former = await signing(bench);
        const plain = bench.probe();
        const sealed = former.protection?.seal(plain, { signed: true }) ?? plain;
        expect(served(await former.raw(sealed)), 'the request itself is not served');
        const session = await bench.associate();
        expect(!served(await session.raw(sealed, bench.target.quietMs)), 'it is served again');
      },
    },
    {
      id: 'SYMSEC_SIGN_N6',
      title: 'An unsigned request is refused where signatures are due',
      purpose: 'The security policy asks for digitally signed requests; one without is not served.',
      async run(bench) {
        const session = await signing(bench);
        const policy = await session.get({ classId: 64, obis: '0.0.43.0.0.255', attribute: 2 });
        const bits = policy.kind === 'data' ? (policy.data[1] ?? 0) : undefined;
        // Version 1: bit 4 is that of signed requests; version 0 has values up to 3.
        if (bits === undefined || (bits & 0x10) === 0) notApplicable('signatures are not asked for');
        await notServed(bench, session, { signed: false }, 'an unsigned request');
      },
    },
    {
      id: 'SYMSEC_SIGN_N7',
      title: 'Signed answers are made anew',
      purpose: 'Two answers to one signed request differ: none is a copy of an earlier one.',
      async run(bench) {
        const session = await signing(bench);
        const first = await answered(session, bench.probe(), { signed: true });
        const second = await answered(session, bench.probe(), { signed: true });
        expect(!equalBytes(first.wire, second.wire), 'two answers are the same, octet for octet');
      },
    },
  ],
);
