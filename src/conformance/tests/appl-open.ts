import { equalBytes } from '../../base/bytes.ts';
import { ber } from '../../dlms/ber.ts';
import { aarq, dlmsOid, parseAare } from '../aarq.ts';
import { DEVICE_NAME } from '../bench.ts';
import { describeApdu } from '../describe.ts';
import { mechanismId } from '../hls.ts';
import { outcomeText } from '../session.ts';
import { SN } from '../short-names.ts';
import { defineTests, type TestDefinition } from '../test-case.ts';
import { expect } from '../verdict.ts';
import { COSEM_OPEN } from './aarq-attempts.ts';

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

export const APPL_OPEN_TESTS = defineTests(COSEM_OPEN, [
  {
    id: 'APPL_OPEN_P1',
    title: 'A correct AARQ is accepted',
    purpose:
      'The AARE repeats the context; the InitiateResponse has version 6, the VAA name of the context and grants nothing unasked.',
    async run(bench) {
      const { aare, negotiated } = await bench.open();
      expect(
        aare.context !== undefined && equalBytes(aare.context, bench.context),
        'the AARE names another application context',
      );
      expect(negotiated.version === 6, `negotiated DLMS version ${negotiated.version}`);
      const vaaName = bench.referencing === 'sn' ? SN.vaaName : 7;
      expect(
        negotiated.vaaName === vaaName,
        `VAA name 0x${negotiated.vaaName.toString(16)} where 0x${vaaName.toString(16)} is due`,
      );
      expect((negotiated.conformance & ~bench.usual) === 0, 'services are granted that were not proposed');
      expect((negotiated.conformance & bench.readBit) !== 0, 'GET or READ is not granted');
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
    purpose: 'Where GET, or READ, alone is proposed nothing else is granted.',
    async run(bench) {
      const { negotiated } = await bench.open({ conformance: bench.readBit });
      expect(negotiated.conformance === bench.readBit, `granted is 0x${negotiated.conformance.toString(16)}`);
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
]);
