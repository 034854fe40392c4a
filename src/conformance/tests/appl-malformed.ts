import { concat } from '../../base/bytes.ts';
import { ber } from '../../dlms/ber.ts';
import { aarq, aarqElements, parseAare } from '../aarq.ts';
import { type Bench, DEVICE_NAME } from '../bench.ts';
import { describeApdu } from '../describe.ts';
import { isChanging } from '../harmless.ts';
import { getRequest, type Session } from '../session.ts';
import { defineTests, type TestDefinition } from '../test-case.ts';
import { expect, fail } from '../verdict.ts';

/** An AARQ whose encoding is broken must lead to no association, and to no harm. */
function brokenAarq(
  id: string,
  title: string,
  build: (bench: Bench) => Uint8Array,
): Omit<TestDefinition, 'group' | 'reference'> {
  return {
    id,
    title,
    purpose: 'No association comes about, and the meter serves the next client.',
    async run(bench) {
      const link = await bench.connect();
      const answer = await bench.exchange(link, build(bench), bench.target.quietMs);
      expect(answer === undefined || parseAare(answer)?.result !== 0, 'it is accepted');
      await bench.alive('a malformed AARQ');
    },
  };
}

/** Requests out of shape, each followed by one that must be served. */
async function survives(bench: Bench, requests: readonly Uint8Array[], what: string): Promise<void> {
  let session: Session | undefined;
  let begun = false;
  for (const plain of requests) {
    session ??= begun ? await again(bench, what) : await bench.associate();
    begun = true;
    const answer = await session.request(plain, bench.target.quietMs);
    if (answer === undefined || session.link.closed) {
      await session.close();
      session = undefined;
    } else if (answer.plain !== undefined) {
      const tag = answer.plain[0] ?? 0;
      const fits = [0xc4, 0xd8, 0x0e, 0xe0, 0xda].includes(tag);
      expect(fits, `${what} is answered by ${describeApdu(answer.plain)}`);
    }
  }
  await bench.alive(what, session);
}

/** After the first association has stood, one that cannot be had is the meter's fault. */
async function again(bench: Bench, what: string): Promise<Session> {
  try {
    return await bench.prove(await bench.open());
  } catch (thrown) {
    fail(`no association after ${what}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

const GET = getRequest(DEVICE_NAME);
const FUZZ = 40;

export const APPL_MALFORMED_TESTS = [
  ...defineTests({ group: 'APPL', reference: 'Green Book 9.4.2, ACSE APDUs in BER (ITU-T X.690)' }, [
    brokenAarq('APPL_BER_N1', 'An AARQ that is shorter than it says', (bench) =>
      aarq(bench.fields()).subarray(0, -4),
    ),
    brokenAarq('APPL_BER_N2', 'An AARQ of two octets', () => Uint8Array.of(0x60, 0x00)),
    {
      id: 'APPL_BER_N3',
      title: 'An AARQ with indefinite length does no harm',
      purpose: 'BER knows the form and COSEM does without it: accepted or refused, the meter serves on.',
      async run(bench) {
        const link = await bench.connect();
        const elements = aarqElements(bench.fields());
        const apdu = concat([Uint8Array.of(0x60, 0x80), ...elements, Uint8Array.of(0, 0)]);
        await bench.exchange(link, apdu, bench.target.quietMs);
        await bench.alive('an AARQ with indefinite length');
      },
    },
    brokenAarq('APPL_BER_N4', 'An AARQ with a length of four octets that lies', (bench) =>
      concat([Uint8Array.of(0x60, 0x84, 0xff, 0xff, 0xff, 0xff), ...aarqElements(bench.fields())]),
    ),
    brokenAarq('APPL_BER_N5', 'An element that reaches beyond the AARQ', (bench) => {
      const [first, ...rest] = aarqElements(bench.fields());
      const beyond = first?.map((byte, i) => (i === 1 ? 0x7e : byte)) ?? new Uint8Array(0);
      return ber(0x60, beyond, ...rest);
    }),
    brokenAarq('APPL_BER_N6', 'An inner element that reaches beyond its outer one', (bench) => {
      const [first, ...rest] = aarqElements(bench.fields());
      const beyond = first?.map((byte, i) => (i === 3 ? 0x30 : byte)) ?? new Uint8Array(0);
      return ber(0x60, beyond, ...rest);
    }),
    brokenAarq('APPL_BER_N7', 'Sixty elements within one another', (bench) => {
      let nest: Uint8Array = new Uint8Array(0);
      for (let i = 0; i < 60; i++) nest = ber(0xbe, nest);
      return aarq({ ...bench.fields(), user: nest });
    }),
    brokenAarq('APPL_BER_N8', 'The context as a wrong type', (bench) => {
      const { context = new Uint8Array(0), ...fields } = bench.fields();
      return aarq({ ...fields, more: [ber(0xa1, ber(0x04, context))] });
    }),
    brokenAarq('APPL_BER_N9', 'User-information as a wrong type', (bench) => {
      const { user = new Uint8Array(0), ...fields } = bench.fields();
      return aarq({ ...fields, more: [ber(0xbe, ber(0x02, user))] });
    }),
  ]),
  ...defineTests(
    {
      group: 'APPL',
      reference: 'Green Book 9.3 and 9.5, xDLMS services and APDUs',
      needs: { referencing: 'ln' },
    },
    [
      {
        id: 'APPL_DATA_N1',
        title: 'Unknown APDUs are answered by an exception, or not at all',
        purpose:
          'Tags that the standard does not define bring no service; the association or a new one serves on.',
        async run(bench) {
          const tags = [0x00, 0x7f, 0xb7, 0xc5, 0xef, 0xff];
          await survives(
            bench,
            tags.map((tag) => Uint8Array.of(tag, 1, 0xc1, 0)),
            'an unknown APDU',
          );
        },
      },
      {
        id: 'APPL_DATA_N2',
        title: 'Responses from a client are not served',
        purpose: 'get-response, aare and exception-response are no requests.',
        async run(bench) {
          const requests = [
            Uint8Array.of(0xc4, 1, 0xc1, 0, 0x11, 1),
            Uint8Array.of(0xd8, 1, 1),
            Uint8Array.of(0x0e, 1, 6, 0),
          ];
          await survives(bench, requests, 'a response');
        },
      },
      {
        id: 'APPL_DATA_N3',
        title: 'Unknown kinds of GET are refused',
        purpose: 'A get-request with a choice that is not defined brings no data.',
        async run(bench) {
          const session = await bench.associate();
          for (const choice of [0, 4, 9, 255]) {
            const request = GET.map((byte, i) => (i === 1 ? choice : byte));
            const answer = await session.request(request, bench.target.quietMs);
            const plain = answer?.plain;
            expect(
              plain?.[0] !== 0xc4 || plain[3] !== 0,
              `a get-request of type ${choice} is answered by data`,
            );
          }
          await bench.alive('unknown kinds of GET', session);
        },
      },
      {
        id: 'APPL_DATA_N4',
        title: 'A GET that breaks off at any octet does no harm',
        purpose: 'Every prefix of a good request is refused or passed over.',
        async run(bench) {
          const prefixes = Array.from({ length: GET.length - 1 }, (_, i) => GET.subarray(0, i + 1));
          await survives(bench, prefixes, 'a truncated GET');
        },
      },
      {
        id: 'APPL_DATA_N5',
        title: 'A GET with octets behind it does no harm',
        purpose: 'One octet and a thousand octets more are refused or passed over.',
        async run(bench) {
          await survives(
            bench,
            [concat([GET, Uint8Array.of(0)]), concat([GET, new Uint8Array(900)])],
            'an overlong GET',
          );
        },
      },
      {
        id: 'APPL_DATA_N6',
        title: 'A presence flag that is neither 0 nor 1 does no harm',
        purpose: 'access-selection has a flag of one octet.',
        async run(bench) {
          await survives(
            bench,
            [GET.map((byte, i) => (i === GET.length - 1 ? 0x7f : byte))],
            'an odd presence flag',
          );
        },
      },
      {
        id: 'APPL_DATA_N7',
        title: 'Selective access that is nested without end does no harm',
        purpose: 'A parameter of two hundred structures within one another is refused.',
        async run(bench) {
          const nest = concat(Array.from({ length: 200 }, () => Uint8Array.of(0x02, 0x01)));
          const request = concat([GET.subarray(0, -1), Uint8Array.of(1, 1), nest, Uint8Array.of(0)]);
          await survives(bench, [request], 'nested selective access');
        },
      },
      {
        id: 'APPL_DATA_N8',
        title: 'Lengths and counts that lie do no harm',
        purpose: 'A list of 4 thousand million attributes, and an octet-string as long, are refused.',
        async run(bench) {
          await survives(
            bench,
            [
              Uint8Array.of(0xc0, 3, 0xc1, 0x84, 0xff, 0xff, 0xff, 0xff),
              concat([GET.subarray(0, -1), Uint8Array.of(1, 1, 0x09, 0x84, 0xff, 0xff, 0xff, 0xff)]),
              concat([GET.subarray(0, -1), Uint8Array.of(1, 2, 0x01, 0x84, 0x7f, 0xff, 0xff, 0xff)]),
            ],
            'lengths that lie',
          );
        },
      },
      {
        id: 'APPL_DATA_N9',
        title: 'Random octets behind a GET’s tag do no harm',
        purpose: 'Forty random requests, none of them one that writes, are refused or passed over.',
        async run(bench) {
          const requests = Array.from({ length: FUZZ }, (_, i) => {
            const random = bench.randomBytes(2 + ((i * 7) % 60));
            random[0] = 0xc0;
            return random;
          });
          await survives(bench, requests, 'random requests');
        },
      },
      {
        id: 'APPL_DATA_N10',
        title: 'A GET with one octet changed does no harm',
        purpose: 'Forty requests with one random octet behind the tag changed are answered or passed over.',
        async run(bench) {
          const requests = Array.from({ length: FUZZ }, () => {
            const [where = 0, value = 0] = bench.randomBytes(2);
            const at = 1 + (where % (GET.length - 1));
            return GET.map((byte, i) => (i === at ? value : byte));
          });
          await survives(
            bench,
            requests.filter((request) => !isChanging(request[0] ?? 0)),
            'a damaged GET',
          );
        },
      },
    ],
  ),
];
