import { equalBytes } from '../../base/bytes.ts';
import type { DlmsData } from '../../dlms/data.ts';
import { CONTEXT, dlmsOid } from '../aarq.ts';
import type { Bench } from '../bench.ts';
import { mechanismId } from '../hls.ts';
import { POLICY_BITS } from '../sealed-content.ts';
import { elementsOf, numberOf, octetsOf, type Survey, survey } from '../survey.ts';
import { defineTests } from '../test-case.ts';
import { expect, notApplicable } from '../verdict.ts';

/** An attribute of the current association as it was read. */
async function own(bench: Bench, index: number): Promise<{ value: DlmsData; found: Survey }> {
  const found = await survey(bench);
  const attribute = found.objects
    .find(({ classId, obis }) => classId === 15 && obis === '0.0.40.0.0.255')
    ?.attributes.find((one) => one.index === index);
  if (attribute?.value === undefined) notApplicable(`attribute ${index} of the association was not read`);
  bench.evidence.adopt(attribute.evidence);
  return { value: attribute.value, found };
}

/** An object identifier as octets, or as the structure of its components. */
function isOid(value: DlmsData, arc: 1 | 2, id: number): boolean {
  const octets = octetsOf(value);
  if (octets !== undefined) return equalBytes(octets, dlmsOid(arc, id));
  const components = elementsOf(value)?.map(numberOf);
  const due = [2, 16, 756, 5, 8, arc, id];
  return components?.length === due.length && due.every((component, i) => components[i] === component);
}

export const COSEM_ASSOCIATION_TESTS = defineTests(
  { group: 'COSEM', reference: 'Blue Book 4.4.4, class 15 Association LN' },
  [
    {
      id: 'COSEM_ASSOC_P1',
      needs: { referencing: 'ln' },
      title: 'The association names its partners',
      purpose: 'associated_partners_id holds our address and the server’s.',
      async run(bench) {
        const { value } = await own(bench, 3);
        const [client, server] = elementsOf(value)?.map(numberOf) ?? [];
        const { clientAddress, serverAddress } = bench.target.link;
        // client_SAP is an integer of one octet.
        expect(
          client !== undefined && (client & 0xff) === (clientAddress & 0xff),
          `it names client ${client ?? 'none'}`,
        );
        expect(server === serverAddress, `it names server ${server ?? 'none'}`);
      },
    },
    {
      id: 'COSEM_ASSOC_P2',
      needs: { referencing: 'ln' },
      title: 'The association names its application context',
      purpose: 'application_context_name is what the AARQ proposed.',
      async run(bench) {
        const { value } = await own(bench, 4);
        const context = bench.ciphered ? CONTEXT.lnCiphered : CONTEXT.ln;
        expect(isOid(value, 1, context), 'it names another context');
      },
    },
    {
      id: 'COSEM_ASSOC_P3',
      needs: { referencing: 'ln' },
      title: 'The association states what was negotiated',
      purpose:
        'xDLMS_context_info holds the conformance block, PDU sizes and version of the InitiateResponse.',
      async run(bench) {
        const { value, found } = await own(bench, 5);
        const [conformance, receive, , version] = elementsOf(value) ?? [];
        const bits =
          conformance?.type === 'bit-string'
            ? conformance.value.reduce((sum, byte) => sum * 256 + byte, 0)
            : undefined;
        const { negotiated } = found;
        expect(bits === negotiated.conformance, 'it states another conformance block');
        expect(
          numberOf(receive) === negotiated.maxPdu,
          `it states a receive PDU of ${numberOf(receive) ?? 'none'}, negotiated is ${negotiated.maxPdu}`,
        );
        expect(
          numberOf(version) === negotiated.version,
          `it states DLMS version ${numberOf(version) ?? 'none'}`,
        );
      },
    },
    {
      id: 'COSEM_ASSOC_P4',
      needs: { referencing: 'ln' },
      title: 'The association names its authentication mechanism',
      purpose: 'authentication_mechanism_name is the one that was used.',
      async run(bench) {
        const { value } = await own(bench, 6);
        expect(isOid(value, 2, mechanismId(bench.target.security.auth)), 'it names another mechanism');
      },
    },
    {
      id: 'COSEM_ASSOC_P5',
      needs: { referencing: 'ln' },
      title: 'The association says that it stands',
      purpose: 'association_status is associated (2).',
      async run(bench) {
        const { value } = await own(bench, 8);
        expect(numberOf(value) === 2, `association_status is ${numberOf(value) ?? value.type}`);
      },
    },
    {
      id: 'COSEM_ASSOC_P6',
      needs: { referencing: 'ln' },
      title: 'The security setup that the association names is there',
      purpose: 'security_setup_reference is an object of class 64 in the list, or empty.',
      async run(bench) {
        const { value, found } = await own(bench, 9);
        const name = octetsOf(value)?.join('.');
        if (name === '0.0.0.0.0.0' || name === '') notApplicable('there is no security setup');
        expect(
          found.objects.some(({ classId, obis }) => classId === 64 && obis === name),
          'it is not in the object list',
        );
      },
    },
    {
      id: 'COSEM_SEC_P1',
      title: 'The security policy is the one that is lived',
      purpose: 'security_policy asks for no more protection than we use and the meter answers with.',
      reference: 'Blue Book 4.4.7, class 64 Security setup',
      async run(bench) {
        const found = await survey(bench);
        const setup = found.objects.find(({ classId }) => classId === 64);
        const policy = setup?.attributes.find(({ index }) => index === 2)?.value;
        const value = numberOf(policy);
        if (setup === undefined || value === undefined) notApplicable('no security setup was read');
        const used = POLICY_BITS[bench.target.security.policy];
        const due = setup.version === 0 ? value << 4 : ((value & 0x04) << 2) | ((value & 0x08) << 2);
        expect(setup.version > 0 || value <= 3, `security_policy is ${value}`);
        expect((due & used) === due, 'the meter states a policy and serves us with less');
      },
    },
    {
      id: 'COSEM_SEC_P2',
      title: 'The security setup names the meter’s system title',
      purpose: 'server_system_title is the one that the AARE states.',
      reference: 'Blue Book 4.4.7, class 64 Security setup',
      async run(bench) {
        const { objects, aare } = await survey(bench);
        const setup = objects.find(({ classId }) => classId === 64);
        const title = octetsOf(setup?.attributes.find(({ index }) => index === 5)?.value);
        if (title === undefined || aare.respondingTitle === undefined)
          notApplicable('one of both is not stated');
        expect(title.length === 8, `it has ${title.length} octets`);
        expect(equalBytes(title, aare.respondingTitle), 'it is another one');
      },
    },
  ],
);
