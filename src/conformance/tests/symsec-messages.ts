import { equalBytes } from '../../base/bytes.ts';
import { BIT } from '../aarq.ts';
import { type Bench, DEVICE_NAME } from '../bench.ts';
import { describeApdu } from '../describe.ts';
import type { SealChanges } from '../protection.ts';
import { AUTHENTICATED, ENCRYPTED, keysOf } from '../sealed-content.ts';
import { type Answer, outcomeOf, outcomeText, type Session } from '../session.ts';
import { OBJECT_LIST } from '../survey.ts';
import { defineTests } from '../test-case.ts';
import { expect, Inconclusive, notApplicable } from '../verdict.ts';
import { served } from './sealed-attempts.ts';

/** A request in a standing association whose protection is wrong; it must not be served. The answer, if any. */
async function spoilt(
  bench: Bench,
  changes: SealChanges,
  what: string,
): Promise<{ session: Session; answer: Answer | undefined }> {
  const session = await bench.associate();
  const answer = await session.request(bench.probe(), bench.target.quietMs, changes);
  expect(!served(answer), `${what} is served`);
  if (answer !== undefined && answer.plain?.[0] === 0xc4) {
    throw new Inconclusive(`${what} is answered by ${describeApdu(answer.plain)}`);
  }
  return { session, answer };
}

async function refused(bench: Bench, changes: SealChanges, what: string): Promise<void> {
  const { session } = await spoilt(bench, changes, what);
  await bench.alive(what, session);
}

/** Flips a bit of one octet, counted from the beginning, or from the end where negative. */
const flip =
  (at: number) =>
  (sealed: Uint8Array): Uint8Array =>
    sealed.map((byte, i) => (i === (at < 0 ? sealed.length + at : at) ? byte ^ 0x01 : byte));

/** The control byte of the association with other bits. */
const control = (bench: Bench, bits: number): number => (bench.protection()?.control ?? 0) ^ bits;

const authenticated = (bench: Bench): boolean => (control(bench, 0) & AUTHENTICATED) !== 0;

const TAG_BYTES = 12;
/** Of a GET within sealed bytes: a meter that does not check serves it, and is led to no other service. */
const INVOKE_ID = 7;

export const SYMSEC_MESSAGE_TESTS = defineTests(
  { group: 'SYMSEC', reference: 'Green Book 9.2.7, protection of xDLMS APDUs', needs: { ciphered: true } },
  [
    {
      id: 'SYMSEC_MSG_P1',
      title: 'A ciphered request has a ciphered answer',
      purpose: 'The answer opens with the global key and is a get-response.',
      async run(bench) {
        const session = await bench.associate();
        const answer = await session.request(bench.probe());
        expect(answer !== undefined, 'it is not answered');
        expect(answer.opened !== undefined, `the answer is not ciphered: ${describeApdu(answer.wire)}`);
        expect(served(answer), `it is answered by ${outcomeText(outcomeOf(answer))}`);
      },
    },
    {
      id: 'SYMSEC_MSG_P2',
      title: 'Answers are protected as requests are',
      purpose: 'The security control of the answer has the bits of the policy and the suite.',
      async run(bench) {
        const session = await bench.associate();
        const answer = await session.request(bench.probe());
        const due = control(bench, 0);
        const found = answer?.opened?.control;
        expect(found !== undefined, 'the answer does not open');
        expect(
          (found & due & 0x30) === (due & 0x30),
          `security control 0x${found.toString(16)}, due is 0x${due.toString(16)}`,
        );
        expect((found & 0x0f) === (due & 0x0f), `the answer says suite ${found & 0x0f}`);
      },
    },
    {
      id: 'SYMSEC_MSG_P3',
      title: 'The meter’s counter grows with each answer',
      purpose: 'No invocation counter comes twice, none is below the one before.',
      async run(bench) {
        const session = await bench.associate();
        for (let i = 0; i < 5; i++) await session.get(DEVICE_NAME);
        growing(session.protection?.answerCounters ?? []);
      },
    },
    {
      id: 'SYMSEC_MSG_P4',
      title: 'The meter’s counter goes on in the next association',
      purpose: 'Across three associations under one key no invocation counter comes twice.',
      async run(bench) {
        const counters: number[] = [];
        for (let i = 0; i < 3; i++) {
          const session = await bench.associate();
          await session.get(DEVICE_NAME);
          counters.push(...(session.protection?.counters ?? []));
        }
        growing(counters);
      },
    },
    {
      id: 'SYMSEC_MSG_P5',
      title: 'A gap of the client’s counter is accepted',
      purpose: 'A counter that is 100 above the last one is served.',
      async run(bench) {
        const session = await bench.associate();
        for (let i = 0; i < 100; i++) bench.target.nextInvocationCounter();
        const outcome = await session.get(DEVICE_NAME);
        expect(outcome.kind === 'data', `it is answered by ${outcomeText(outcome)}`);
      },
    },
    {
      id: 'SYMSEC_MSG_P6',
      title: 'Long answers are protected block by block',
      purpose: 'Each block of the object list opens, with a counter of its own.',
      async run(bench) {
        const session = await bench.associate({ maxPdu: 256 });
        const outcome = await session.read(OBJECT_LIST);
        expect(outcome.kind === 'data', `the object list is answered by ${outcomeText(outcome)}`);
        growing(session.protection?.answerCounters ?? []);
      },
    },
    {
      id: 'SYMSEC_MSG_P7',
      title: 'General ciphering with the global key is served',
      purpose:
        'Where general-protection is granted, general-glo-ciphering with our system title is answered.',
      async run(bench) {
        const session = await bench.associate();
        if (!session.granted(BIT.generalProtection)) notApplicable('general protection is not granted');
        const answer = await session.request(bench.probe(), undefined, {
          generalTitle: bench.target.security.systemTitle,
        });
        expect(served(answer), `it is answered by ${outcomeText(outcomeOf(answer))}`);
      },
    },
    {
      id: 'SYMSEC_MSG_N1',
      title: 'A plain request is not served',
      purpose: 'GET without protection in a ciphered association is refused.',
      async run(bench) {
        const session = await bench.associate();
        const answer = await session.raw(bench.probe(), bench.target.quietMs);
        expect(!served(answer), 'a plain GET is served');
        await bench.alive('a plain request', session);
      },
    },
    {
      id: 'SYMSEC_MSG_N2',
      title: 'A flipped bit of the tag is found',
      purpose: 'A request whose authentication tag has one wrong bit is refused.',
      async run(bench) {
        if (!authenticated(bench)) notApplicable('requests have no tag');
        await refused(bench, { spoil: flip(-1) }, 'a request with a wrong tag');
      },
    },
    {
      id: 'SYMSEC_MSG_N3',
      title: 'A flipped bit of the content is found',
      purpose: 'A request whose content has one wrong bit is refused.',
      async run(bench) {
        if (!authenticated(bench)) notApplicable('requests have no tag');
        await refused(bench, { spoil: flip(INVOKE_ID) }, 'a request with changed content');
      },
    },
    {
      id: 'SYMSEC_MSG_N4',
      title: 'A tag that is too short is refused',
      purpose: 'A request that lacks the last four octets of its tag.',
      async run(bench) {
        if (!authenticated(bench)) notApplicable('requests have no tag');
        await refused(bench, { spoil: (sealed) => sealed.slice(0, -4) }, 'a truncated tag');
      },
    },
    {
      id: 'SYMSEC_MSG_N5',
      title: 'A request without its tag is refused',
      purpose: 'All twelve octets of the tag are missing.',
      async run(bench) {
        if (!authenticated(bench)) notApplicable('requests have no tag');
        await refused(bench, { spoil: (sealed) => sealed.slice(0, -TAG_BYTES) }, 'a request without its tag');
      },
    },
    {
      id: 'SYMSEC_MSG_N6',
      title: 'A security header that breaks off does no harm',
      purpose: 'Three octets of sealed content, and none, are refused.',
      async run(bench) {
        for (const length of [3, 0, 5]) {
          await refused(
            bench,
            { spoil: (sealed) => sealed.slice(0, length) },
            `sealed content of ${length} octets`,
          );
        }
      },
    },
    {
      id: 'SYMSEC_MSG_N7',
      title: 'Another encryption key is refused',
      purpose: 'A request sealed with a random encryption key.',
      async run(bench) {
        if (!authenticated(bench)) notApplicable('without a tag a wrong key shows by chance only');
        const { encryptionKey, authenticationKey } = keysOf(bench.target.security);
        const keys = { authenticationKey, encryptionKey: bench.randomBytes(encryptionKey.length) };
        await refused(bench, { keys }, 'a request under another encryption key');
      },
    },
    {
      id: 'SYMSEC_MSG_N8',
      title: 'Another authentication key is refused',
      purpose: 'A request sealed with a random authentication key.',
      async run(bench) {
        if (!authenticated(bench)) notApplicable('requests have no tag');
        const { encryptionKey, authenticationKey } = keysOf(bench.target.security);
        const keys = { encryptionKey, authenticationKey: bench.randomBytes(authenticationKey.length) };
        await refused(bench, { keys }, 'a request under another authentication key');
      },
    },
    {
      id: 'SYMSEC_MSG_N9',
      title: 'A replayed request is refused',
      purpose: 'The same octets a second time are not served again.',
      async run(bench) {
        const session = await bench.associate();
        const sealed = session.protection?.seal(bench.probe()) ?? bench.probe();
        expect(served(await session.raw(sealed)), 'the request itself is not served');
        expect(!served(await session.raw(sealed, bench.target.quietMs)), 'a replayed request is served');
        await bench.alive('a replay', session);
      },
    },
    {
      id: 'SYMSEC_MSG_N10',
      title: 'A lower counter is refused',
      purpose: 'A fresh request whose counter lies below the last one is not served.',
      async run(bench) {
        const session = await bench.associate();
        const counter = bench.target.nextInvocationCounter();
        expect((await session.get(DEVICE_NAME)).kind === 'data', 'a good request is not served');
        const answer = await session.request(bench.probe(), bench.target.quietMs, { counter });
        expect(!served(answer), 'a request with a lower counter is served');
        await bench.alive('a lower counter', session);
      },
    },
    {
      id: 'SYMSEC_MSG_N11',
      title: 'A request of another association is refused',
      purpose: 'Octets that were served in one association are not served in the next.',
      async run(bench) {
        const former = await bench.associate();
        const sealed = former.protection?.seal(bench.probe()) ?? bench.probe();
        expect(served(await former.raw(sealed)), 'the request itself is not served');
        const session = await bench.associate();
        expect(
          !served(await session.raw(sealed, bench.target.quietMs)),
          'a replay from another association is served',
        );
      },
    },
    {
      id: 'SYMSEC_MSG_N12',
      title: 'Another suite in the security control is refused',
      purpose: 'The suite bits say 7.',
      async run(bench) {
        await refused(bench, { control: (control(bench, 0) & 0xf0) | 0x07 }, 'suite 7');
      },
    },
    {
      id: 'SYMSEC_MSG_N13',
      title: 'Authentication alone does not satisfy a policy that encrypts',
      purpose: 'A good request without the encryption bit is refused.',
      async run(bench) {
        if (bench.target.security.policy !== 'auth-enc') notApplicable('the policy does not ask for both');
        await refused(bench, { control: control(bench, ENCRYPTED) }, 'a request that is not encrypted');
      },
    },
    {
      id: 'SYMSEC_MSG_N14',
      title: 'Encryption alone does not satisfy a policy that authenticates',
      purpose: 'A good request without the authentication bit is refused.',
      async run(bench) {
        if (bench.target.security.policy !== 'auth-enc') notApplicable('the policy does not ask for both');
        await refused(
          bench,
          { control: control(bench, AUTHENTICATED) },
          'a request that is not authenticated',
        );
      },
    },
    {
      id: 'SYMSEC_MSG_N15',
      title: 'A glo- request with neither is refused',
      purpose: 'Security control 0: the content is plain under a ciphered tag.',
      async run(bench) {
        await refused(bench, { control: control(bench, 0) & 0x0f }, 'a ciphered tag without protection');
      },
    },
    {
      id: 'SYMSEC_MSG_N16',
      title: 'The broadcast key bit is refused with the unicast key',
      purpose: 'A request that claims the broadcast key and is sealed with the unicast key.',
      async run(bench) {
        const { form = 'service-specific', dedicated = false } = bench.target.security;
        const global = form === 'general-glo' || (form === 'service-specific' && !dedicated);
        if (!global) notApplicable('the bit has no meaning with this form of ciphering');
        await refused(bench, { control: control(bench, 0x40) }, 'the broadcast key bit');
      },
    },
    {
      id: 'SYMSEC_MSG_N17',
      title: 'The compression bit does no harm',
      purpose: 'A request that claims to be compressed and is not.',
      async run(bench) {
        await refused(bench, { control: control(bench, 0x80) }, 'the compression bit');
      },
    },
    {
      id: 'SYMSEC_MSG_N18',
      title: 'Another system title is refused',
      purpose: 'A request sealed under a title that is not that of the association.',
      async run(bench) {
        if (!authenticated(bench)) notApplicable('without a tag another title shows by chance only');
        await refused(bench, { systemTitle: bench.randomBytes(8) }, 'a request under another system title');
      },
    },
    {
      id: 'SYMSEC_MSG_N19',
      title: 'The service within must be that of the tag',
      purpose: 'A get-request under the tag of glo-read-request, or the other way round, is refused.',
      async run(bench) {
        const session = await bench.associate();
        const other = bench.referencing === 'sn' ? 0xc8 : 0x25;
        const sealed = session.protection?.seal(bench.probe()) ?? bench.probe();
        const answer = await session.raw(
          sealed.map((byte, i) => (i === 0 ? other : byte)),
          bench.target.quietMs,
        );
        expect(!served(answer), 'a GET under the tag of another service is served');
        await bench.alive('the tag of another service', session);
      },
    },
    {
      id: 'SYMSEC_MSG_N20',
      title: 'Random octets under a ciphered tag do no harm',
      purpose: 'Thirty glo-get-requests of noise are refused.',
      async run(bench) {
        const session = await bench.associate();
        for (let i = 0; i < 30 && !session.link.closed; i++) {
          const noise = bench.randomBytes(2 + i * 2);
          noise.set([0xc8, Math.min(noise.length - 2, 0x7f)]);
          expect(!served(await session.raw(noise, Math.min(bench.target.quietMs, 500))), 'noise is served');
        }
        await bench.alive('noise under a ciphered tag', session);
      },
    },
    {
      id: 'SYMSEC_MSG_N21',
      title: 'Refusals do not tell one fault from another',
      purpose: 'A wrong tag, a wrong key and changed content bring the same answer.',
      async run(bench) {
        if (!authenticated(bench)) notApplicable('requests have no tag');
        const { encryptionKey, authenticationKey } = keysOf(bench.target.security);
        const faults: readonly SealChanges[] = [
          { spoil: flip(-1) },
          { spoil: flip(INVOKE_ID) },
          { keys: { encryptionKey, authenticationKey: bench.randomBytes(authenticationKey.length) } },
        ];
        const answers: Uint8Array[] = [];
        for (const fault of faults) {
          const { answer } = await spoilt(bench, fault, 'a spoilt request');
          answers.push(answer?.opened?.plain ?? answer?.wire ?? new Uint8Array(0));
        }
        const [first = new Uint8Array(0), ...others] = answers;
        expect(
          others.every((other) => equalBytes(other, first)),
          'the answers differ by what is wrong',
        );
      },
    },
  ],
);

function growing(counters: readonly number[]): void {
  if (counters.length < 2) throw new Inconclusive('too few ciphered answers');
  counters.forEach((counter, i) => {
    const before = counters[i - 1];
    expect(
      before === undefined || counter > before,
      'an invocation counter of the meter is not above the one before',
    );
  });
}
