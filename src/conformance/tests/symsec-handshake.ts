import { concat, equalBytes, toHex } from '../../base/bytes.ts';
import { aarq, CONTEXT, dlmsOid } from '../aarq.ts';
import { type Bench, DEVICE_NAME } from '../bench.ts';
import { clientProof } from '../hls.ts';
import { gmac, keysOf } from '../sealed-content.ts';
import { hlsReplyOf, outcomeOf } from '../session.ts';
import { defineTests } from '../test-case.ts';
import { expect, Inconclusive, notApplicable } from '../verdict.ts';
import { refused, tryAarq } from './aarq-attempts.ts';

/** HLS pass 3 with a proof that must not be believed; the association must not stand afterwards. */
async function falseProof(
  bench: Bench,
  make: (challenges: {
    fromClient: Uint8Array;
    fromServer: Uint8Array;
    serverTitle: Uint8Array;
  }) => Uint8Array,
  what: string,
): Promise<void> {
  const opened = await bench.open();
  const { challenges, link } = opened;
  if (challenges === undefined) notApplicable('there is no challenge');
  const reply = hlsReplyOf(await bench.replyToHls(opened, make(challenges)));
  expect(reply === undefined, `${what} is believed`);
  const session = bench.session(opened);
  const outcome = link.closed ? undefined : await session.get(DEVICE_NAME, undefined, bench.target.quietMs);
  expect(outcome?.kind !== 'data', `the association serves after ${what}`);
  await bench.alive(what);
}

const REPEATS = 4;

export const SYMSEC_HANDSHAKE_TESTS = [
  ...defineTests(
    { group: 'SYMSEC', reference: 'Green Book 9.2.7.4, HLS authentication', needs: { auth: 'hls' } },
    [
      {
        id: 'SYMSEC_HLS_P1',
        title: 'The meter proves that it knows the secret',
        purpose: 'Pass 4 is what the mechanism makes of our challenge.',
        async run(bench) {
          await bench.prove(await bench.open());
        },
      },
      {
        id: 'SYMSEC_HLS_P2',
        title: 'Challenges of the meter differ',
        purpose: 'Four associations bring four challenges, none all zeros.',
        async run(bench) {
          const seen = new Set<string>();
          for (let i = 0; i < REPEATS; i++) {
            const { challenges } = await bench.open();
            const challenge = challenges?.fromServer ?? new Uint8Array(0);
            expect(
              challenge.some((byte) => byte !== 0),
              'a challenge is all zeros',
            );
            expect(!seen.has(toHex(challenge)), 'a challenge comes twice');
            seen.add(toHex(challenge));
          }
        },
      },
      {
        id: 'SYMSEC_HLS_P3',
        title: 'A challenge of 64 octets is accepted',
        purpose: 'The longest challenge that the standard has.',
        async run(bench) {
          await bench.prove(await bench.open({ challenge: bench.randomBytes(64) }));
        },
      },
      {
        id: 'SYMSEC_HLS_N1',
        title: 'A random proof is not believed',
        purpose: 'Pass 3 with noise of the right length is refused, and nothing is served.',
        run: (bench) =>
          falseProof(
            bench,
            (challenges) => {
              const good = clientProof(bench.target.security, challenges, bench.target.nextInvocationCounter);
              const noise = bench.randomBytes(good?.length ?? 16);
              if (bench.target.security.auth === 'hls-gmac' && good) noise.set(good.subarray(0, 5));
              return noise;
            },
            'a random proof',
          ),
      },
      {
        id: 'SYMSEC_HLS_N2',
        title: 'The challenge sent back is not believed',
        purpose: 'Pass 3 with the meter’s own challenge is refused.',
        run: (bench) => falseProof(bench, ({ fromServer }) => fromServer, 'the challenge itself'),
      },
      {
        id: 'SYMSEC_HLS_N3',
        title: 'An empty proof is not believed',
        purpose: 'Pass 3 with an octet-string without content is refused.',
        run: (bench) => falseProof(bench, () => new Uint8Array(0), 'an empty proof'),
      },
      {
        id: 'SYMSEC_HLS_N4',
        title: 'A proof of another association is not believed',
        purpose: 'What proved us for one challenge does not for the next.',
        async run(bench) {
          const { challenges } = await bench.open();
          if (challenges === undefined) notApplicable('there is no challenge');
          const old = clientProof(bench.target.security, challenges, bench.target.nextInvocationCounter);
          if (old === undefined) throw new Inconclusive('what this mechanism computes is not known here');
          await falseProof(bench, () => old, 'a proof of another association');
        },
      },
      {
        id: 'SYMSEC_HLS_N5',
        title: 'The proof of the other side is not believed',
        purpose: 'f(CtoS), which the meter itself would send, does not prove us.',
        run: (bench) =>
          falseProof(
            bench,
            ({ fromClient, fromServer, serverTitle }) => {
              const swapped = { fromClient: fromServer, fromServer: fromClient, serverTitle };
              return (
                clientProof(bench.target.security, swapped, bench.target.nextInvocationCounter) ??
                new Uint8Array(16)
              );
            },
            'a proof for our own challenge',
          ),
      },
      {
        id: 'SYMSEC_HLS_N6',
        title: 'A proof under the meter’s title is not believed',
        purpose: 'GMAC over the challenge with the meter’s system title in the nonce is refused.',
        async run(bench) {
          const { security, nextInvocationCounter } = bench.target;
          if (security.auth !== 'hls-gmac') notApplicable('for hls-gmac only');
          await falseProof(
            bench,
            ({ fromServer, serverTitle }) =>
              gmac(fromServer, security.suite, nextInvocationCounter(), serverTitle, keysOf(security)),
            'a proof under the meter’s title',
          );
        },
      },
      {
        id: 'SYMSEC_HLS_N7',
        title: 'Nothing is served before pass 3',
        purpose: 'GET between AARE and reply_to_HLS_authentication is refused.',
        async run(bench) {
          const session = bench.session(await bench.open());
          const outcome = await session.get(DEVICE_NAME, undefined, bench.target.quietMs);
          expect(outcome.kind !== 'data', 'GET is served before the client has proved itself');
          await bench.alive('GET before pass 3');
        },
      },
      {
        id: 'SYMSEC_HLS_N8',
        title: 'A challenge that is too short is refused',
        purpose: 'A challenge of 4 octets invites guessing.',
        async run(bench) {
          const apdu = aarq({ ...bench.fields(), authenticationValue: bench.randomBytes(4) });
          await refused(bench, apdu, 'a challenge of 4 octets');
        },
      },
      {
        id: 'SYMSEC_HLS_N9',
        title: 'A missing challenge is refused',
        purpose: 'HLS without calling-authentication-value.',
        async run(bench) {
          const { authenticationValue: _, ...fields } = bench.fields();
          await refused(bench, aarq(fields), 'HLS without a challenge');
        },
      },
    ],
  ),
  ...defineTests(
    {
      group: 'SYMSEC',
      reference: 'Green Book 9.2.7 and 9.4.2, protected COSEM-OPEN',
      needs: { ciphered: true },
    },
    [
      {
        id: 'SYMSEC_OPEN_P1',
        title: 'The InitiateResponse is protected',
        purpose: 'user-information of the AARE opens with the global key.',
        async run(bench) {
          const { aare, protection } = await bench.open();
          expect(aare.user !== undefined && protection?.open(aare.user) !== undefined, 'it is not ciphered');
          expect(aare.respondingTitle?.length === 8, 'the AARE states no system title of 8 octets');
        },
      },
      {
        id: 'SYMSEC_OPEN_P2',
        title: 'The meter’s system title stays the same',
        purpose: 'Two associations state one title, with the letters of a manufacturer in front.',
        async run(bench) {
          const first = (await bench.open()).aare.respondingTitle;
          const second = (await bench.open()).aare.respondingTitle;
          expect(
            first !== undefined && second !== undefined && equalBytes(first, second),
            'the title changes',
          );
          const letters = String.fromCharCode(...first.subarray(0, 3));
          expect(/^[A-Za-z]{3}$/.test(letters), 'its first three octets are no letters');
        },
      },
      {
        id: 'SYMSEC_OPEN_N1',
        title: 'A plain InitiateRequest is refused',
        purpose: 'The ciphered context with unprotected user-information.',
        async run(bench) {
          await refused(
            bench,
            aarq({ ...bench.fields(), user: bench.initiate() }),
            'a plain InitiateRequest',
          );
        },
      },
      {
        id: 'SYMSEC_OPEN_N2',
        title: 'The plain context is refused',
        purpose: 'An AARQ without ciphering where the association asks for it.',
        async run(bench) {
          const fields = {
            ...bench.fields(),
            context: dlmsOid(1, CONTEXT[bench.referencing]),
            user: bench.initiate(),
          };
          await refused(bench, aarq(fields), 'the plain context');
        },
      },
      {
        id: 'SYMSEC_OPEN_N3',
        title: 'An AARQ without system title is refused',
        purpose: 'calling-AP-title is what the nonce is made of.',
        async run(bench) {
          const { callingTitle: _, ...fields } = bench.fields();
          await refused(bench, aarq(fields), 'an AARQ without system title');
        },
      },
      {
        id: 'SYMSEC_OPEN_N4',
        title: 'A system title of four octets is refused',
        purpose: 'A system title has eight octets.',
        async run(bench) {
          await refused(
            bench,
            aarq({ ...bench.fields(), callingTitle: bench.randomBytes(4) }),
            'a short system title',
          );
        },
      },
      {
        id: 'SYMSEC_OPEN_N5',
        title: 'A system title that is not the sealed one is refused',
        purpose: 'The InitiateRequest is sealed under another title than calling-AP-title.',
        async run(bench) {
          await refused(
            bench,
            aarq({ ...bench.fields(), callingTitle: bench.randomBytes(8) }),
            'another system title',
          );
        },
      },
      {
        id: 'SYMSEC_OPEN_N6',
        title: 'A replayed AARQ does not let anybody in',
        purpose: 'The same octets a second time bring no association.',
        async run(bench) {
          const { aarq: sent } = await bench.open();
          await refused(bench, sent, 'a replayed AARQ');
        },
      },
      {
        id: 'SYMSEC_OPEN_N7',
        title: 'An InitiateRequest under another key is refused',
        purpose: 'Sealed with random keys.',
        async run(bench) {
          const keys = keysOf(bench.target.security);
          const wrong = {
            encryptionKey: bench.randomBytes(keys.encryptionKey.length),
            authenticationKey: bench.randomBytes(keys.authenticationKey.length),
          };
          const user = bench.protection()?.seal(bench.initiate(), { keys: wrong });
          await refused(
            bench,
            aarq({ ...bench.fields(), ...(user ? { user } : {}) }),
            'an InitiateRequest under other keys',
          );
        },
      },
      {
        id: 'SYMSEC_OPEN_N8',
        title: 'A spoilt InitiateRequest is refused',
        purpose: 'One bit of its tag is wrong.',
        async run(bench) {
          const user = bench.protection()?.seal(bench.initiate(), {
            spoil: (sealed) => sealed.map((byte, i) => (i === sealed.length - 1 ? byte ^ 1 : byte)),
          });
          await refused(
            bench,
            aarq({ ...bench.fields(), ...(user ? { user } : {}) }),
            'a spoilt InitiateRequest',
          );
        },
      },
      {
        id: 'SYMSEC_OPEN_N9',
        title: 'A ciphered request before AARQ is not served',
        purpose: 'A correctly sealed GET without an association brings an exception or nothing.',
        async run(bench) {
          const protection = bench.protection();
          const link = await bench.connect();
          const answer = await bench.exchange(
            link,
            protection?.seal(bench.probe()) ?? new Uint8Array(1),
            bench.target.quietMs,
          );
          expect(answer === undefined || answer[0] === 0xd8 || answer[0] === 0x0e, 'it is served');
        },
      },
      {
        id: 'SYMSEC_OPEN_N10',
        title: 'A refusal says nothing in the clear that was ciphered',
        purpose: 'The answer to a spoilt request does not repeat its content.',
        async run(bench) {
          const session = await bench.associate();
          const marker = bench.referencing === 'ln' ? bench.probe().subarray(3, 11) : bench.probe();
          const spoil = (sealed: Uint8Array): Uint8Array =>
            sealed.map((byte, i) => (i === sealed.length - 1 ? byte ^ 1 : byte));
          const answer = await session.request(bench.probe(), bench.target.quietMs, { spoil });
          const hex = answer === undefined ? '' : toHex(answer.wire);
          expect(!hex.includes(toHex(marker)), 'the answer repeats the request in the clear');
          expect(outcomeOf(answer).kind !== 'data', 'a spoilt request is served');
        },
      },
      {
        id: 'SYMSEC_OPEN_N11',
        title: 'After wrong keys the right ones are let in',
        purpose: 'Five refusals do not lock the meter for good.',
        async run(bench) {
          const title = bench.target.security.systemTitle;
          for (let i = 0; i < 5; i++) {
            const user = concat([
              Uint8Array.of(0x21, 30, bench.protection()?.control ?? 0x30),
              bench.randomBytes(29),
            ]);
            const aare = await tryAarq(bench, aarq({ ...bench.fields(), callingTitle: title, user }));
            expect(aare?.result !== 0, 'noise is accepted as InitiateRequest');
          }
          await bench.alive('five wrong keys');
        },
      },
    ],
  ),
];
