import { concat, equalBytes } from '../../base/bytes.ts';
import { ber } from '../../dlms/ber.ts';
import {
  type AareFields,
  type AarqFields,
  aarq,
  BIT,
  CONTEXT,
  dlmsOid,
  type InitiateSpec,
  initiateRequest,
  parseAare,
  USUAL_CONFORMANCE,
} from '../aarq.ts';
import { type Bench, DEVICE_NAME } from '../bench.ts';
import { describeApdu } from '../describe.ts';
import { mechanismId } from '../hls.ts';
import { outcomeText } from '../session.ts';
import { defineTests, type TestDefinition } from '../test-case.ts';
import { expect, fail, Inconclusive, notApplicable } from '../verdict.ts';

const GROUP = { group: 'APPL', reference: 'Green Book 9.4.2, COSEM-OPEN' } as const;
const DIAGNOSTIC = { contextNotSupported: 2, mechanismNotRecognised: 11, authenticationFailure: 13 } as const;

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
async function refused(bench: Bench, apdu: Uint8Array, what: string): Promise<AareFields | undefined> {
  const aare = await tryAarq(bench, apdu);
  expect(aare?.result !== 0, `${what} is accepted`);
  await bench.alive(what);
  return aare;
}

/** The AARE that refuses names one of these diagnostics of the service user. */
function names(aare: AareFields | undefined, due: readonly number[], what: string): void {
  if (aare === undefined) throw new Inconclusive(`${what} is not answered by an AARE`);
  expect(
    due.includes(aare.diagnostic),
    `${what} is refused with diagnostic ${aare.diagnostic}, due is ${due.join(' or ')}`,
  );
}

const withMechanism = (fields: AarqFields, id: number): AarqFields => ({
  ...fields,
  mechanism: dlmsOid(2, id),
});

/** An AARQ with one more field must be answered by an AARE; whether the field is liked is the meter's affair. */
function optionalField(
  id: string,
  title: string,
  element: Uint8Array,
  mustAccept: boolean,
): Omit<TestDefinition, 'group' | 'reference'> {
  return {
    id,
    title,
    purpose: mustAccept
      ? 'The field has no bearing on the association, which is accepted.'
      : 'The AARQ is answered by an AARE that accepts it or names the field in its diagnostic.',
    async run(bench) {
      const link = await bench.connect();
      const answer = await bench.exchange(link, aarq({ ...bench.fields(), more: [element] }));
      expect(answer !== undefined, 'the AARQ is not answered');
      const aare = parseAare(answer);
      expect(aare !== undefined, `the AARQ is answered by ${describeApdu(answer)}`);
      if (mustAccept) expect(aare.result === 0, `it is refused with diagnostic ${aare.diagnostic}`);
      await bench.alive('the AARQ');
    },
  };
}

/** An InitiateRequest that cannot be met must be refused. */
function initiateFault(
  id: string,
  title: string,
  spec: InitiateSpec,
  what: string,
): Omit<TestDefinition, 'group' | 'reference'> {
  return {
    id,
    title,
    purpose: `${what} is refused with an AARE; the meter serves on.`,
    async run(bench) {
      const aare = await refused(bench, aarq(bench.fields(spec)), what);
      if (aare === undefined) throw new Inconclusive('no AARE came; nothing was accepted');
    },
  };
}

export const APPL_OPEN_TESTS = [
  ...defineTests(GROUP, [
    {
      id: 'APPL_OPEN_P1',
      title: 'A correct AARQ is accepted',
      purpose:
        'The AARE repeats the context; the InitiateResponse has version 6, VAA name 7 and grants nothing unasked.',
      async run(bench) {
        const { aare, negotiated } = await bench.open();
        const context = dlmsOid(1, bench.ciphered ? CONTEXT.lnCiphered : CONTEXT.ln);
        expect(
          aare.context !== undefined && equalBytes(aare.context, context),
          'the AARE names another application context',
        );
        expect(negotiated.version === 6, `negotiated DLMS version ${negotiated.version}`);
        expect(
          negotiated.vaaName === 7,
          `VAA name 0x${negotiated.vaaName.toString(16)} in logical-name referencing`,
        );
        expect(
          (negotiated.conformance & ~USUAL_CONFORMANCE) === 0,
          'services are granted that were not proposed',
        );
        expect((negotiated.conformance & BIT.get) !== 0, 'GET is not granted');
        expect(
          negotiated.maxPdu === 0 || negotiated.maxPdu >= 12,
          `the server's PDU is ${negotiated.maxPdu} octets`,
        );
      },
    },
    {
      id: 'APPL_OPEN_P2',
      title: 'The association serves',
      purpose: 'After all passes of authentication the logical device name can be read.',
      async run(bench) {
        const session = await bench.prove(await bench.open());
        const outcome = await session.get(DEVICE_NAME);
        expect(outcome.kind === 'data', `the logical device name is answered by ${outcomeText(outcome)}`);
      },
    },
    {
      id: 'APPL_OPEN_P3',
      title: 'Authentication is asked for where it is due',
      purpose: 'The AARE of HLS carries the mechanism, a challenge of 8 to 64 octets and diagnostic 14.',
      needs: { auth: 'hls' },
      async run(bench) {
        const { aare } = await bench.open();
        expect(
          aare.diagnostic === 14,
          `diagnostic ${aare.diagnostic} where 14 (authentication-required) is due`,
        );
        const mechanism = dlmsOid(2, mechanismId(bench.target.security.auth));
        expect(
          aare.mechanism !== undefined && equalBytes(aare.mechanism, mechanism),
          'the AARE names another mechanism',
        );
        const length = aare.authenticationValue?.length ?? 0;
        expect(length >= 8 && length <= 64, `the challenge has ${length} octets`);
      },
    },
    {
      id: 'APPL_OPEN_P4',
      title: 'No limit of the client’s PDU is accepted',
      purpose: 'client-max-receive-pdu-size 0 means that there is no limit.',
      async run(bench) {
        const { negotiated } = await bench.open({ maxPdu: 0 });
        expect(negotiated.version === 6, 'no InitiateResponse');
      },
    },
    {
      id: 'APPL_OPEN_P5',
      title: 'A proposed quality of service is accepted',
      purpose: 'The optional field of the InitiateRequest does not prevent the association.',
      async run(bench) {
        await bench.open({ qualityOfService: 0 });
      },
    },
    {
      id: 'APPL_OPEN_P6',
      title: 'Only what is proposed is granted',
      purpose: 'Where GET alone is proposed nothing else is granted.',
      async run(bench) {
        const { negotiated } = await bench.open({ conformance: BIT.get });
        expect(negotiated.conformance === BIT.get, `granted is 0x${negotiated.conformance.toString(16)}`);
      },
    },
    {
      id: 'APPL_OPEN_P7',
      title: 'An AARQ on a standing association leaves no half state',
      purpose: 'A second AARQ is answered; afterwards the meter serves in the old association or a new one.',
      async run(bench) {
        const session = await bench.associate();
        const answer = await bench.exchange(session.link, aarq(bench.fields()), bench.target.quietMs);
        const kind = answer === undefined ? 'silence' : describeApdu(answer);
        expect(
          answer === undefined || [0x61, 0xd8].includes(answer[0] ?? 0),
          `a second AARQ is answered by ${kind}`,
        );
        await bench.alive('a second AARQ');
      },
    },
    {
      id: 'APPL_OPEN_P8',
      title: 'Associations can be opened again and again',
      purpose: 'Five associations one after the other, none released, are all accepted.',
      async run(bench) {
        for (let i = 0; i < 5; i++) await bench.prove(await bench.open());
      },
    },
    optionalField(
      'APPL_OPEN_P10',
      'A protocol-version is accepted',
      Uint8Array.of(0x80, 0x02, 0x07, 0x80),
      true,
    ),
    optionalField(
      'APPL_OPEN_P11',
      'A called-AP-title is answered',
      ber(0xa2, ber(0x04, new Uint8Array(8).fill(0x41))),
      false,
    ),
    optionalField(
      'APPL_OPEN_P12',
      'A called-AE-qualifier is answered',
      ber(0xa3, ber(0x04, Uint8Array.of(1))),
      false,
    ),
    optionalField(
      'APPL_OPEN_P13',
      'A called-AP-invocation-id is answered',
      ber(0xa4, ber(0x02, Uint8Array.of(1))),
      false,
    ),
    optionalField(
      'APPL_OPEN_P14',
      'A called-AE-invocation-id is answered',
      ber(0xa5, ber(0x02, Uint8Array.of(1))),
      false,
    ),
    optionalField(
      'APPL_OPEN_P15',
      'A calling-AP-invocation-id is accepted',
      ber(0xa8, ber(0x02, Uint8Array.of(1))),
      true,
    ),
    optionalField(
      'APPL_OPEN_P16',
      'A calling-AE-invocation-id is answered',
      ber(0xa9, ber(0x02, Uint8Array.of(1))),
      false,
    ),
    optionalField(
      'APPL_OPEN_P17',
      'An implementation-information is accepted',
      ber(0x9d, new TextEncoder().encode('test')),
      true,
    ),
    optionalField(
      'APPL_OPEN_P18',
      'An element that nobody knows is answered',
      ber(0xb4, ber(0x04, Uint8Array.of(1, 2, 3))),
      false,
    ),
    {
      id: 'APPL_OPEN_N1',
      title: 'An AARQ without application context is refused',
      purpose: 'application-context-name is mandatory.',
      async run(bench) {
        const { context: _, ...fields } = bench.fields();
        await refused(bench, aarq(fields), 'an AARQ without application context');
      },
    },
    {
      id: 'APPL_OPEN_N2',
      title: 'An unknown application context is refused',
      purpose: 'The AARE names application-context-name-not-supported (2).',
      async run(bench) {
        const aare = await refused(
          bench,
          aarq({ ...bench.fields(), context: dlmsOid(1, 99) }),
          'an unknown application context',
        );
        names(aare, [DIAGNOSTIC.contextNotSupported], 'an unknown application context');
      },
    },
    {
      id: 'APPL_OPEN_N3',
      title: 'An application context of somebody else is refused',
      purpose: 'An object identifier outside the arc of the DLMS UA is no context.',
      async run(bench) {
        const aare = await refused(
          bench,
          aarq({ ...bench.fields(), context: Uint8Array.of(0x2a, 3, 4) }),
          'a foreign context',
        );
        names(aare, [1, DIAGNOSTIC.contextNotSupported], 'a foreign context');
      },
    },
    {
      id: 'APPL_OPEN_N4',
      title: 'The ciphered context is refused where nothing is ciphered',
      purpose: 'An AARQ with the ciphered context and a plain InitiateRequest is not accepted.',
      async run(bench) {
        if (bench.ciphered) notApplicable('the association is ciphered');
        const fields = { ...bench.fields(), context: dlmsOid(1, CONTEXT.lnCiphered) };
        await refused(bench, aarq(fields), 'the ciphered context without ciphering');
      },
    },
    {
      id: 'APPL_OPEN_N5',
      title: 'An unknown authentication mechanism is refused',
      purpose: 'The AARE names authentication-mechanism-name-not-recognised (11).',
      async run(bench) {
        const fields = withMechanism({ ...bench.fields(), authenticationValue: bench.randomBytes(16) }, 99);
        const aare = await refused(bench, aarq(fields), 'an unknown mechanism');
        names(
          aare,
          [1, DIAGNOSTIC.mechanismNotRecognised, DIAGNOSTIC.authenticationFailure],
          'an unknown mechanism',
        );
      },
    },
    {
      id: 'APPL_OPEN_N6',
      title: 'No authentication is refused where one is due',
      purpose: 'An AARQ without mechanism and value is not accepted; the diagnostic says why (11 to 14).',
      needs: { auth: 'any' },
      async run(bench) {
        const { mechanism: _, authenticationValue: __, ...fields } = bench.fields();
        const aare = await refused(bench, aarq(fields), 'an AARQ without authentication');
        names(aare, [1, 11, 12, 13, 14], 'an AARQ without authentication');
      },
    },
    {
      id: 'APPL_OPEN_N7',
      title: 'A weaker mechanism is refused',
      purpose: 'LLS with any password is not accepted where HLS is due.',
      needs: { auth: 'hls' },
      async run(bench) {
        const fields = withMechanism({ ...bench.fields(), authenticationValue: bench.randomBytes(8) }, 1);
        await refused(bench, aarq(fields), 'LLS in place of HLS');
      },
    },
    initiateFault(
      'APPL_OPEN_N10',
      'A DLMS version that is too low is refused',
      { version: 5 },
      'DLMS version 5',
    ),
    initiateFault(
      'APPL_OPEN_N11',
      'An empty conformance block is refused',
      { conformance: 0 },
      'an empty conformance block',
    ),
    initiateFault(
      'APPL_OPEN_N12',
      'A PDU size that is too small is refused',
      { maxPdu: 5 },
      'a PDU size of 5',
    ),
    {
      id: 'APPL_OPEN_N13',
      title: 'An AARQ without user-information is refused',
      purpose: 'Without InitiateRequest there is nothing to negotiate.',
      async run(bench) {
        const { user: _, ...fields } = bench.fields();
        await refused(bench, aarq(fields), 'an AARQ without user-information');
      },
    },
    {
      id: 'APPL_OPEN_N14',
      title: 'User-information that is no InitiateRequest is refused',
      purpose: 'A GET request in user-information is not served.',
      async run(bench) {
        const user = concat([Uint8Array.of(0xc0, 1, 0xc1, 0, 1, 0, 0, 42, 0, 0, 255, 2, 0)]);
        await refused(bench, aarq({ ...bench.fields(), user }), 'a GET in user-information');
      },
    },
    {
      id: 'APPL_OPEN_N15',
      title: 'A truncated InitiateRequest is refused',
      purpose: 'The conformance block breaks off.',
      async run(bench) {
        const user = initiateRequest().subarray(0, 8);
        await refused(bench, aarq({ ...bench.fields(), user }), 'a truncated InitiateRequest');
      },
    },
    {
      id: 'APPL_OPEN_N16',
      title: 'A client that is not configured is refused',
      purpose: 'An AARQ from a client address that has no association is not accepted.',
      async run(bench) {
        const aare = await tryAarq(bench, aarq(bench.fields()), 0x7b);
        if (aare?.result === 0) {
          if (bench.target.security.auth === 'none')
            throw new Inconclusive('the meter lets every client in without a secret');
          fail('an AARQ from an unknown client is accepted');
        }
        await bench.alive('an unknown client');
      },
    },
  ]),
  ...defineTests({ ...GROUP, needs: { auth: 'lls' } }, [
    {
      id: 'APPL_LLS_N1',
      title: 'A wrong password is refused',
      purpose: 'A password of the right length with other content is not accepted; diagnostic 13.',
      async run(bench) {
        const length = bench.target.security.password?.length ?? 8;
        const fields = { ...bench.fields(), authenticationValue: bench.randomBytes(length) };
        const aare = await refused(bench, aarq(fields), 'a wrong password');
        names(aare, [DIAGNOSTIC.authenticationFailure], 'a wrong password');
      },
    },
    {
      id: 'APPL_LLS_N2',
      title: 'A missing password is refused',
      purpose: 'LLS without authentication value is not accepted.',
      async run(bench) {
        const { authenticationValue: _, ...fields } = bench.fields();
        await refused(bench, aarq(fields), 'LLS without a password');
      },
    },
    {
      id: 'APPL_LLS_N3',
      title: 'An empty password is refused',
      purpose: 'An authentication value without content is not accepted.',
      async run(bench) {
        await refused(
          bench,
          aarq({ ...bench.fields(), authenticationValue: new Uint8Array(0) }),
          'an empty password',
        );
      },
    },
    {
      id: 'APPL_LLS_N4',
      title: 'The beginning of the password is refused',
      purpose: 'A password that lacks its last octet is not accepted.',
      async run(bench) {
        const short = bench.conceal((bench.target.security.password ?? new Uint8Array(0)).slice(0, -1));
        await refused(
          bench,
          aarq({ ...bench.fields(), authenticationValue: short }),
          'the beginning of the password',
        );
      },
    },
    {
      id: 'APPL_LLS_N5',
      title: 'More than the password is refused',
      purpose: 'The password with one octet more is not accepted.',
      async run(bench) {
        const long = concat([bench.target.security.password ?? new Uint8Array(0), Uint8Array.of(0)]);
        await refused(
          bench,
          aarq({ ...bench.fields(), authenticationValue: long }),
          'the password with an octet more',
        );
      },
    },
    {
      id: 'APPL_LLS_N6',
      title: 'A password of 200 octets does no harm',
      purpose: 'A password beyond every length is refused and bounded.',
      async run(bench) {
        await refused(
          bench,
          aarq({ ...bench.fields(), authenticationValue: bench.randomBytes(200) }),
          'a password of 200 octets',
        );
      },
    },
    {
      id: 'APPL_LLS_N7',
      title: 'After wrong passwords the right one is let in',
      purpose: 'Three failures do not lock the meter for good.',
      async run(bench) {
        for (let i = 0; i < 3; i++)
          await tryAarq(bench, aarq({ ...bench.fields(), authenticationValue: bench.randomBytes(8) }));
        await bench.alive('three wrong passwords');
      },
    },
  ]),
];
