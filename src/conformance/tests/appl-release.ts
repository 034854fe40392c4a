import { ber } from '../../dlms/ber.ts';
import { initiateRequest } from '../aarq.ts';
import { type Bench, DEVICE_NAME } from '../bench.ts';
import { describeApdu } from '../describe.ts';
import { outcomeOf, outcomeText, type Session } from '../session.ts';
import { defineTests } from '../test-case.ts';
import { expect, fail, Inconclusive, notApplicable } from '../verdict.ts';

const RLRE = 0x63;

/** RLRQ with a reason; user-information is the InitiateRequest once more, under the association's protection. */
function releaseRequest(session: Session, withUser: boolean): Uint8Array {
  const reason = ber(0x80, Uint8Array.of(0));
  if (!withUser) return ber(0x62, reason);
  const initiate = initiateRequest({ conformance: session.negotiated.conformance });
  return ber(0x62, reason, ber(0xbe, ber(0x04, session.protection?.seal(initiate) ?? initiate)));
}

/** A meter without RLRQ answers by nothing: the release is optional where the link can end. */
function released(answer: Uint8Array | undefined): void {
  if (answer === undefined) throw new Inconclusive('RLRQ is not answered');
  expect(answer[0] === RLRE, `RLRQ is answered by ${describeApdu(answer)}`);
}

/** After a release nothing is served. */
async function servesNoMore(bench: Bench, session: Session): Promise<void> {
  if (session.link.closed) return;
  const outcome = await session.get(DEVICE_NAME, undefined, bench.target.quietMs);
  if (outcome.kind !== 'data') return;
  if (bench.target.security.auth === 'none' && !bench.ciphered)
    throw new Inconclusive('the association may be pre-established');
  fail('a released association goes on serving');
}

export const APPL_RELEASE_TESTS = [
  ...defineTests({ group: 'APPL', reference: 'Green Book 9.4.3, COSEM-RELEASE' }, [
    {
      id: 'APPL_REL_P1',
      title: 'A release with user-information is answered by RLRE',
      purpose: 'Afterwards the association serves no more, and a new one can be opened.',
      async run(bench) {
        const session = await bench.associate();
        released(await bench.exchange(session.link, releaseRequest(session, true), bench.target.timeoutMs));
        await servesNoMore(bench, session);
        await bench.alive('a release');
      },
    },
    {
      id: 'APPL_REL_P2',
      title: 'A release with its reason alone is answered by RLRE',
      purpose: 'user-information is optional where nothing is ciphered.',
      async run(bench) {
        if (bench.ciphered) notApplicable('a ciphered release carries a protected InitiateRequest');
        const session = await bench.associate();
        released(await bench.exchange(session.link, releaseRequest(session, false), bench.target.timeoutMs));
        await servesNoMore(bench, session);
      },
    },
    {
      id: 'APPL_REL_P3',
      title: 'An empty release is answered by RLRE',
      purpose: 'Every field of RLRQ is optional.',
      async run(bench) {
        if (bench.ciphered) notApplicable('a ciphered release carries a protected InitiateRequest');
        const session = await bench.associate();
        released(await bench.exchange(session.link, ber(0x62), bench.target.timeoutMs));
      },
    },
    {
      id: 'APPL_REL_N1',
      title: 'A release without an association does no harm',
      purpose: 'RLRQ before AARQ is refused or passed over.',
      async run(bench) {
        const link = await bench.connect();
        await bench.exchange(link, ber(0x62, ber(0x80, Uint8Array.of(0))), bench.target.quietMs);
        await bench.alive('RLRQ without an association');
      },
    },
    {
      id: 'APPL_REL_N2',
      title: 'A malformed release does no harm',
      purpose: 'RLRQ whose length lies is refused or passed over.',
      async run(bench) {
        const session = await bench.associate();
        await bench.exchange(session.link, Uint8Array.of(0x62, 0x20, 0x80, 0x01), bench.target.quietMs);
        await bench.alive('a malformed RLRQ');
      },
    },
    {
      id: 'APPL_REL_N3',
      title: 'A plain release does not end a ciphered association for somebody else',
      purpose: 'RLRQ without the protected InitiateRequest is refused, or the association ends without harm.',
      needs: { ciphered: true },
      async run(bench) {
        const session = await bench.associate();
        await bench.exchange(session.link, releaseRequest(session, false), bench.target.quietMs);
        await bench.alive('a plain RLRQ');
      },
    },
  ]),
  ...defineTests({ group: 'APPL', reference: 'Green Book 9.4.1, application associations' }, [
    {
      id: 'APPL_IDLE_N1',
      title: 'GET without an association is not served',
      purpose: 'Before AARQ a GET brings an exception or nothing.',
      async run(bench) {
        const link = await bench.connect();
        const answer = await bench.exchange(link, bench.probe(), bench.target.quietMs);
        if (answer === undefined || answer[0] === 0xd8 || answer[0] === 0x0e) return;
        if (bench.target.security.auth === 'none') notApplicable('the association may be pre-established');
        expect(
          outcomeOf({ wire: answer, plain: answer, opened: undefined }).kind !== 'data',
          'a GET without an association is served',
        );
      },
    },
    {
      id: 'APPL_IDLE_N2',
      title: 'Noise without an association does no harm',
      purpose: 'Twenty random APDUs, none that writes, before any AARQ.',
      async run(bench) {
        const link = await bench.connect();
        for (let i = 0; i < 20 && !link.closed; i++) {
          const apdu = bench.randomBytes(1 + i * 3);
          apdu[0] = [0xc0, 0x60, 0x62, 0x01][i % 4] ?? 0;
          await bench.exchange(link, apdu, Math.min(bench.target.quietMs, 100));
        }
        await bench.alive('noise without an association');
      },
    },
    {
      id: 'APPL_IDLE_N3',
      title: 'A ciphered GET without an association is not served',
      purpose: 'glo-get-request before AARQ brings an exception or nothing.',
      async run(bench) {
        const link = await bench.connect();
        const noise = bench.randomBytes(30);
        noise.set([0xc8, 28, 0x30]);
        const answer = await bench.exchange(link, noise, bench.target.quietMs);
        expect(
          answer === undefined || answer[0] === 0xd8 || answer[0] === 0x0e,
          `it is answered by ${answer && describeApdu(answer)}`,
        );
        const outcome = await (await bench.associate()).get(DEVICE_NAME);
        expect(outcome.kind === 'data', `afterwards the device name is answered by ${outcomeText(outcome)}`);
      },
    },
  ]),
];
