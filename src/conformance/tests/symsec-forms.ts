import { aarq, BIT } from '../aarq.ts';
import type { Bench } from '../bench.ts';
import type { Session } from '../session.ts';
import type { TargetForm } from '../target.ts';
import { defineTests } from '../test-case.ts';
import { expect, Inconclusive, notApplicable } from '../verdict.ts';
import { refused } from './aarq-attempts.ts';
import { answered, general, notServed, served } from './sealed-attempts.ts';

/** An association with a key of its own. */
async function dedicated(bench: Bench): Promise<Session> {
  if (bench.target.security.dedicated !== true) notApplicable('the target uses no dedicated key');
  return bench.associate();
}

const FORMS = ['general-glo', 'identified-key'] as const satisfies readonly TargetForm[];

export const SYMSEC_FORM_TESTS = [
  ...defineTests(
    { group: 'SYMSEC', reference: 'Green Book 9.2.7.2.4, general ciphering', needs: { ciphered: true } },
    [
      ...FORMS.map((form, i) => ({
        id: `SYMSEC_FORM_P${i + 1}`,
        title: `${form === 'general-glo' ? 'general-glo-ciphering' : 'general-ciphering with the identified key'} is answered in kind`,
        purpose: 'The answer opens, comes in a general form and names the meter’s system title or none.',
        async run(bench: Bench): Promise<void> {
          const session = await general(bench);
          const { opened } = await answered(session, bench.probe(), { form });
          expect(opened?.form === form, `the answer comes as ${opened?.form ?? 'something else'}`);
        },
      })),
      {
        id: 'SYMSEC_FORM_P3',
        title: 'The meter’s counter grows whatever the form',
        purpose: 'Answers under the global key in three forms never have the same counter.',
        async run(bench) {
          const session = await general(bench);
          for (const form of ['service-specific', ...FORMS] as const) {
            await answered(session, bench.probe(), { form, dedicated: false });
          }
          const counters = session.protection?.counters ?? [];
          expect(new Set(counters).size === counters.length, 'an invocation counter comes twice');
        },
      },
      {
        id: 'SYMSEC_FORM_N1',
        title: 'General forms need general-protection',
        purpose: 'general-glo-ciphering is not served where general-protection was not proposed.',
        async run(bench) {
          const { signed } = bench.target.security;
          if (signed === true) notApplicable('the meter may ask for signatures');
          const hls = bench.with(bench.readBit) & ~BIT.generalProtection;
          const session = await bench.associate({ conformance: hls });
          await notServed(bench, session, { form: 'general-glo' }, 'a general form that was not granted');
        },
      },
      ...FORMS.map((form, i) => ({
        id: `SYMSEC_FORM_N${i + 2}`,
        title: `A replay as ${form} is refused`,
        purpose: 'A counter that was used in one form is not served in the other.',
        async run(bench: Bench): Promise<void> {
          const session = await general(bench);
          const counter = bench.target.nextInvocationCounter();
          await answered(session, bench.probe(), { form: 'general-glo', counter });
          await notServed(bench, session, { form, counter }, 'a used counter');
        },
      })),
      ...FORMS.map((form, i) => ({
        id: `SYMSEC_FORM_N${i + 4}`,
        title: `Another originator in ${form} is refused`,
        purpose: 'The APDU states a system title that is not that of the association.',
        async run(bench: Bench): Promise<void> {
          const session = await general(bench);
          const stranger = bench.randomBytes(8);
          const changes = { form, generalTitle: stranger, systemTitle: stranger };
          await notServed(bench, session, changes, 'a request of another system title');
        },
      })),
      {
        id: 'SYMSEC_FORM_N6',
        title: 'A message for somebody else is refused',
        purpose: 'general-ciphering whose recipient is another system title.',
        async run(bench) {
          const session = await general(bench);
          const recipient = bench.randomBytes(8);
          await notServed(
            bench,
            session,
            { form: 'identified-key', recipient },
            'a message for another title',
          );
        },
      },
      {
        id: 'SYMSEC_FORM_N7',
        title: 'The header of general-ciphering is authenticated',
        purpose: 'A transaction-id that was changed after sealing is found.',
        async run(bench) {
          const session = await general(bench);
          const { control = 0 } = session.protection ?? {};
          if ((control & 0x10) === 0) notApplicable('requests have no tag');
          const sealed = session.protection?.seal(bench.probe(), { form: 'identified-key', signed: false });
          if (sealed === undefined) throw new Inconclusive('there is no protection');
          // Tag, length, and the first octet of the transaction-id.
          const changed = sealed.map((byte, i) => (i === 2 ? byte ^ 0x80 : byte));
          const answer = await session.raw(changed, bench.target.quietMs);
          expect(!served(answer), 'a changed header is not found');
          await bench.alive('a changed header', session);
        },
      },
      {
        id: 'SYMSEC_FORM_N8',
        title: 'The broadcast key is not for confirmed services',
        purpose: 'A request under the broadcast key, which every meter has, is not answered with data.',
        async run(bench) {
          if (bench.target.security.broadcastKey === undefined) notApplicable('no broadcast key is given');
          const session = await bench.associate();
          const changes = { broadcast: true, form: 'service-specific', dedicated: false } as const;
          await notServed(bench, session, changes, 'a request under the broadcast key');
          if (!session.granted(BIT.generalProtection)) return;
          await notServed(
            bench,
            await bench.associate(),
            { broadcast: true, form: 'identified-key' },
            'the identified broadcast key',
          );
        },
      },
    ],
  ),
  ...defineTests(
    { group: 'SYMSEC', reference: 'Green Book 9.2.7.2.3, dedicated key', needs: { ciphered: true } },
    [
      {
        id: 'SYMSEC_DED_P1',
        title: 'The dedicated key serves',
        purpose: 'A request under the key of the InitiateRequest is answered under the same key.',
        async run(bench) {
          if (bench.target.security.dedicated !== true) notApplicable('the target uses no dedicated key');
          const session = await bench.prove(await bench.open());
          const { opened } = await answered(session, bench.probe(), { form: 'service-specific' });
          expect(opened?.dedicated === true, 'the answer is not under the dedicated key');
        },
      },
      {
        id: 'SYMSEC_DED_P2',
        title: 'general-ded-ciphering serves',
        purpose: 'A request in general-ded-ciphering is answered under the dedicated key.',
        async run(bench) {
          const session = await dedicated(bench);
          if (!session.granted(BIT.generalProtection)) notApplicable('general protection is not granted');
          const { opened } = await answered(session, bench.probe(), { form: 'general-ded' });
          expect(opened?.dedicated === true, 'the answer is not under the dedicated key');
        },
      },
      {
        id: 'SYMSEC_DED_P3',
        title: 'The global key serves beside the dedicated one',
        purpose: 'A glo- request is answered under the global key.',
        async run(bench) {
          const session = await dedicated(bench);
          const changes = { form: 'service-specific', dedicated: false } as const;
          const { opened } = await answered(session, bench.probe(), changes);
          expect(opened?.dedicated === false, 'the answer is not under the global key');
        },
      },
      {
        id: 'SYMSEC_DED_P4',
        title: 'Each key has a counter of its own',
        purpose: 'A high counter under the dedicated key does not use up those of the global key.',
        async run(bench) {
          const session = await dedicated(bench);
          const counter = bench.target.nextInvocationCounter() + 1_000_000;
          await answered(session, bench.probe(), { form: 'service-specific', counter });
          await answered(session, bench.probe(), { form: 'service-specific', dedicated: false });
        },
      },
      {
        id: 'SYMSEC_DED_N1',
        title: 'Another dedicated key is refused',
        purpose: 'A ded- request under a random key is not served.',
        async run(bench) {
          const session = await dedicated(bench);
          const { authenticationKey = new Uint8Array(16) } = bench.target.security;
          const encryptionKey = bench.randomBytes(authenticationKey.length);
          const keys = { encryptionKey, authenticationKey };
          await notServed(
            bench,
            session,
            { form: 'service-specific', keys },
            'a request under another dedicated key',
          );
        },
      },
      {
        id: 'SYMSEC_DED_N2',
        title: 'The global key does not open what says dedicated',
        purpose: 'A ded- request that is sealed under the global key is not served.',
        async run(bench) {
          const session = await dedicated(bench);
          const { authenticationKey, encryptionKey } = bench.target.security;
          if (authenticationKey === undefined || encryptionKey === undefined)
            notApplicable('there are no keys');
          const keys = { encryptionKey, authenticationKey };
          await notServed(
            bench,
            session,
            { form: 'service-specific', keys },
            'the global key under a ded- tag',
          );
        },
      },
      {
        id: 'SYMSEC_DED_N3',
        title: 'A replay under the dedicated key is refused',
        purpose: 'The same octets a second time are not served again.',
        async run(bench) {
          const session = await dedicated(bench);
          const sealed =
            session.protection?.seal(bench.probe(), { form: 'service-specific' }) ?? new Uint8Array(1);
          expect(served(await session.raw(sealed)), 'the request itself is not served');
          expect(!served(await session.raw(sealed, bench.target.quietMs)), 'a replayed request is served');
          await bench.alive('a replay', session);
        },
      },
      {
        id: 'SYMSEC_DED_N4',
        title: 'A dedicated key ends with its association',
        purpose: 'In the next association the key of the former one does not open anything.',
        async run(bench) {
          const former = await dedicated(bench);
          expect(served(await former.request(bench.probe())), 'the former association does not serve');
          const session = await bench.associate();
          const plain = bench.probe();
          const sealed = former.protection?.seal(plain, { form: 'service-specific' }) ?? plain;
          const answer = await session.raw(sealed, bench.target.quietMs);
          const opened = former.protection?.open(answer?.wire ?? new Uint8Array(1));
          expect(opened === undefined && !served(answer), 'the key of a former association is served');
          await bench.alive('a former dedicated key', session);
        },
      },
      {
        id: 'SYMSEC_DED_N5',
        title: 'A dedicated key of the wrong size is refused',
        purpose: 'An InitiateRequest with a key of five octets brings no association.',
        async run(bench) {
          const protection = bench.protection();
          const plain = bench.initiate({ dedicatedKey: bench.conceal(bench.randomBytes(5)) });
          const fields = { ...bench.fields({}, protection), user: protection?.seal(plain) ?? plain };
          await refused(bench, aarq(fields), 'a dedicated key of five octets');
        },
      },
      {
        id: 'SYMSEC_DED_N6',
        title: 'ded- requests need a dedicated key',
        purpose: 'In an association without one a ded-get-request or ded-read-request is refused.',
        async run(bench) {
          if (bench.target.security.dedicated === true) notApplicable('the target uses a dedicated key');
          const session = await bench.associate();
          const sealed = session.protection?.seal(bench.probe(), { form: 'service-specific' });
          if (sealed === undefined) throw new Inconclusive('there is no protection');
          const tag = bench.referencing === 'sn' ? 0x45 : 0xd0;
          const answer = await session.raw(
            sealed.map((byte, i) => (i === 0 ? tag : byte)),
            bench.target.quietMs,
          );
          expect(!served(answer), 'it is served');
          await bench.alive('a ded- request', session);
        },
      },
    ],
  ),
];
