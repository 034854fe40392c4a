import { concat, equalBytes } from '../../base/bytes.ts';
import { encodeGetRequest } from '../../dlms/apdu/get.ts';
import type { CosemAttribute } from '../../dlms/client-types.ts';
import { BIT } from '../aarq.ts';
import { type Bench, DEVICE_NAME } from '../bench.ts';
import { describeApdu } from '../describe.ts';
import { isHls } from '../hls.ts';
import {
  type GetBlock,
  getRequest,
  listOf,
  type Outcome,
  outcomeOf,
  outcomeText,
  type Session,
} from '../session.ts';
import { OBJECT_LIST } from '../survey.ts';
import { defineTests, type TestDefinition } from '../test-case.ts';
import { expect, fail, notApplicable } from '../verdict.ts';

const NAME_OF_ASSOCIATION: CosemAttribute = { ...OBJECT_LIST, attribute: 1 };
const NO_OBJECT: CosemAttribute = { classId: 3, obis: '1.0.99.254.77.254', attribute: 2 };

/** A GET that must be refused by one of these results; other refusals are no failure but said. */
function refusedGet(
  id: string,
  title: string,
  attribute: CosemAttribute,
  due: readonly string[],
): Omit<TestDefinition, 'group' | 'reference'> {
  return {
    id,
    title,
    purpose: `The data-access-result is ${due.join(' or ')}.`,
    async run(bench) {
      const session = await bench.associate();
      const outcome = await session.get(attribute);
      expect(outcome.kind !== 'data', 'it is answered by data');
      expect(outcome.kind === 'refused', `it is answered by ${outcomeText(outcome)}`);
      expect(due.includes(outcome.result), `it is answered by ${outcome.result}`);
      await bench.alive('a refused GET', session);
    },
  };
}

/** The object list in a session with this PDU size, with the blocks in which it came. */
async function listInBlocks(bench: Bench, maxPdu: number): Promise<{ data: Uint8Array; blocks: GetBlock[] }> {
  const session = await bench.associate({ maxPdu });
  const blocks: GetBlock[] = [];
  const outcome = await session.read(OBJECT_LIST, undefined, (block) => blocks.push(block));
  if (outcome.kind !== 'data') fail(`the object list is answered by ${outcomeText(outcome)}`);
  return { data: outcome.data, blocks };
}

/** Begins a transfer in blocks; the session and the first block. */
async function begun(bench: Bench): Promise<{ session: Session; block: GetBlock }> {
  const session = await bench.associate({ maxPdu: 160 });
  if (!session.granted(BIT.blockGet)) notApplicable('block transfer with GET is not granted');
  let first: GetBlock | undefined;
  const answer = await session.request(getRequest(OBJECT_LIST));
  const outcome = outcomeOf(answer);
  if (answer?.plain?.[0] === 0xc4 && answer.plain[1] === 2) {
    const number = new DataView(answer.plain.buffer, answer.plain.byteOffset).getUint32(4);
    first = { apduLength: answer.plain.length, last: answer.plain[3] !== 0, number, raw: new Uint8Array(0) };
  }
  if (first === undefined || first.last) notApplicable(`the object list comes as ${outcomeText(outcome)}`);
  return { session, block: first };
}

const next = (blockNumber: number, invoke = 0xc1): Uint8Array =>
  encodeGetRequest({ type: 'next', invoke, blockNumber });

async function refusedRequest(session: Session, plain: Uint8Array, what: string): Promise<Outcome> {
  const answer = await session.request(plain, session.link.timeoutMs);
  const outcome = outcomeOf(answer);
  expect(
    outcome.kind === 'refused' || outcome.kind === 'exception',
    `${what} is answered by ${outcomeText(outcome)}`,
  );
  return outcome;
}

const getList = (attributes: readonly CosemAttribute[]): Uint8Array =>
  encodeGetRequest({
    type: 'with-list',
    invoke: 0xc1,
    requests: attributes.map((attribute) => ({ attribute })),
  });

export const APPL_GET_TESTS = defineTests(
  { group: 'APPL', reference: 'Green Book 9.3.6, the GET service', needs: { referencing: 'ln' } },
  [
    {
      id: 'APPL_GET_P1',
      title: 'Invoke id and priority come back',
      purpose: 'Each of eight invoke ids, with normal and high priority, is repeated in the response.',
      async run(bench) {
        const session = await bench.associate();
        const priority = session.granted(BIT.priority);
        for (const invoke of [0x40, 0x47, 0x4f, 0x41, 0xc2, 0xcf, 0xc0, 0xc8]) {
          const answer = await session.request(getRequest(DEVICE_NAME, undefined, invoke));
          const back = answer?.plain?.[2];
          expect(back !== undefined, `invoke id ${invoke & 0x0f} is not answered`);
          expect(
            (back & 0x0f) === (invoke & 0x0f),
            `invoke id ${invoke & 0x0f} comes back as ${back & 0x0f}`,
          );
          expect(!priority || (back & 0x80) === (invoke & 0x80), 'the priority does not come back');
        }
      },
    },
    {
      id: 'APPL_GET_P2',
      title: 'Attribute 1 is the logical name',
      purpose: 'The association object gives its own logical name.',
      async run(bench) {
        const outcome = await (await bench.associate()).get(NAME_OF_ASSOCIATION);
        expect(outcome.kind === 'data', `it is answered by ${outcomeText(outcome)}`);
        const due = Uint8Array.of(0x09, 6, 0, 0, 40, 0, 0, 255);
        expect(equalBytes(outcome.data, due), 'the value is not the logical name 0-0:40.0.0*255');
      },
    },
    refusedGet('APPL_GET_N1', 'An object that does not exist', NO_OBJECT, [
      'object-undefined',
      'object-unavailable',
    ]),
    refusedGet('APPL_GET_N2', 'A class that the object is not of', { ...DEVICE_NAME, classId: 3 }, [
      'object-class-inconsistent',
      'object-undefined',
    ]),
    refusedGet('APPL_GET_N3', 'A class that does not exist', { ...DEVICE_NAME, classId: 0xfffe }, [
      'object-class-inconsistent',
      'object-undefined',
    ]),
    refusedGet('APPL_GET_N4', 'An attribute that the class has not', { ...DEVICE_NAME, attribute: 99 }, [
      'object-undefined',
      'read-write-denied',
      'object-unavailable',
      'scope-of-access-violated',
    ]),
    refusedGet(
      'APPL_GET_N5',
      'A manufacturer’s attribute that does not exist',
      { ...DEVICE_NAME, attribute: -1 },
      ['object-undefined', 'read-write-denied', 'object-unavailable', 'scope-of-access-violated'],
    ),
    {
      id: 'APPL_GET_N6',
      title: 'Attribute 0 needs its conformance bit',
      purpose: 'All attributes at once are not given where attribute0-supported-with-get was not granted.',
      async run(bench) {
        const session = await bench.associate();
        if (session.granted(BIT.attribute0Get)) notApplicable('attribute 0 is granted');
        const outcome = await session.get({ ...DEVICE_NAME, attribute: 0 });
        expect(outcome.kind !== 'data', 'attribute 0 is answered by data');
      },
    },
    {
      id: 'APPL_GET_N7',
      title: 'The secret of the association is not readable',
      purpose: 'Attribute 7 of the current association is refused.',
      async run(bench) {
        const outcome = await (await bench.associate()).get({ ...OBJECT_LIST, attribute: 7 });
        expect(outcome.kind !== 'data', 'the secret is given away');
      },
    },
    {
      id: 'APPL_BLOCK_P1',
      title: 'A long value is the same in blocks of any size',
      purpose: 'The object list fetched with PDUs of 128 and of 512 octets is the same, octet for octet.',
      async run(bench) {
        const small = await listInBlocks(bench, 128);
        const large = await listInBlocks(bench, 512);
        if (small.blocks.length === 0) notApplicable('the object list fits one PDU of 128 octets');
        expect(equalBytes(small.data, large.data), 'the blocks do not add up to the same value');
      },
    },
    {
      id: 'APPL_BLOCK_P2',
      title: 'Blocks are numbered from 1, without gaps',
      purpose: 'Only the last block says that it is the last.',
      async run(bench) {
        const { blocks } = await listInBlocks(bench, 128);
        if (blocks.length === 0) notApplicable('the object list fits one PDU of 128 octets');
        for (const [i, block] of blocks.entries()) {
          expect(block.number === i + 1, `block ${i + 1} has number ${block.number}`);
          expect(block.last === (i === blocks.length - 1), `block ${i + 1} is marked wrongly as last or not`);
          expect(block.raw.length > 0, `block ${i + 1} is empty`);
        }
      },
    },
    ...[64, 128, 200, 512].map(
      (maxPdu): Omit<TestDefinition, 'group' | 'reference'> => ({
        id: `APPL_PDU_P${maxPdu}`,
        title: `No APDU is longer than the ${maxPdu} octets that we take`,
        purpose: 'Every response, its protection included, keeps to client-max-receive-pdu-size.',
        async run(bench) {
          const { auth } = bench.target.security;
          if (maxPdu < 128 && (bench.ciphered || isHls(auth))) {
            notApplicable('protection and proofs have no room in so small a PDU');
          }
          if (maxPdu < 256 && bench.target.security.signed === true) {
            notApplicable('signatures have no room in so small a PDU');
          }
          const session = await bench.associate({ maxPdu });
          const invoke = session.nextInvoke();
          let plain = getRequest(OBJECT_LIST, undefined, invoke);
          for (;;) {
            const answer = await session.request(plain);
            expect(answer !== undefined, 'the object list is not answered');
            expect(answer.wire.length <= maxPdu, `an APDU has ${answer.wire.length} octets`);
            const block = answer.plain;
            if (block?.[0] !== 0xc4 || block[1] !== 2 || block[3] !== 0) return;
            plain = next(new DataView(block.buffer, block.byteOffset).getUint32(4), invoke);
          }
        },
      }),
    ),
    {
      id: 'APPL_BLOCK_N1',
      title: 'A next block without a transfer is refused',
      purpose: 'get-request-next brings no-long-get-in-progress or another refusal.',
      async run(bench) {
        const session = await bench.associate();
        await refusedRequest(session, next(1), 'a next block without a transfer');
        await bench.alive('a next block without a transfer', session);
      },
    },
    {
      id: 'APPL_BLOCK_N2',
      title: 'A wrong block number is refused',
      purpose:
        'get-request-next with a number that is not due brings data-block-number-invalid or another refusal.',
      async run(bench) {
        const { session, block } = await begun(bench);
        await refusedRequest(session, next(block.number + 5), 'a wrong block number');
        await bench.alive('a wrong block number', session);
      },
    },
    {
      id: 'APPL_BLOCK_N3',
      title: 'A transfer ends with the next request',
      purpose: 'After another GET the transfer that stood does not go on.',
      async run(bench) {
        const { session, block } = await begun(bench);
        const outcome = await session.get(DEVICE_NAME);
        expect(outcome.kind === 'data', `a GET within a transfer is answered by ${outcomeText(outcome)}`);
        const answer = await session.request(next(block.number));
        const plain = answer?.plain;
        const goesOn = plain?.[0] === 0xc4 && plain[1] === 2 && plain[8] === 0;
        expect(!goesOn, 'a transfer goes on after another request');
        await bench.alive('a transfer that was left', session);
      },
    },
    {
      id: 'APPL_BLOCK_N4',
      title: 'Blocks need their conformance bit',
      purpose: 'Without block-transfer-with-get a long value is refused, not sent in blocks.',
      async run(bench) {
        const session = await bench.associate({ conformance: bench.with(BIT.get), maxPdu: 128 });
        const answer = await session.request(getRequest(OBJECT_LIST));
        expect(answer !== undefined, 'it is not answered');
        const inBlocks = answer.plain?.[0] === 0xc4 && answer.plain[1] === 2 && answer.plain[8] === 0;
        expect(!inBlocks, 'blocks are sent that were not negotiated');
      },
    },
    {
      id: 'APPL_LIST_P1',
      title: 'A list of attributes is answered in its order',
      purpose: 'The values are those that single GETs give.',
      async run(bench) {
        const session = await bench.associate();
        if (!session.granted(BIT.multipleReferences)) notApplicable('multiple references are not granted');
        const attributes = [DEVICE_NAME, NAME_OF_ASSOCIATION];
        const single: Outcome[] = [];
        for (const attribute of attributes) single.push(await session.get(attribute));
        const answer = await session.request(getList(attributes));
        const list = listOf(answer?.plain);
        expect(
          list !== undefined,
          `a list is answered by ${answer?.plain ? describeApdu(answer.plain) : 'nothing'}`,
        );
        expect(
          list.length === attributes.length,
          `${list.length} results for ${attributes.length} attributes`,
        );
        list.forEach((outcome, i) => {
          const alone = single[i];
          const same =
            outcome.kind === 'data' && alone?.kind === 'data' && equalBytes(outcome.data, alone.data);
          expect(same, `item ${i + 1} of the list is not what a single GET gives`);
        });
      },
    },
    {
      id: 'APPL_LIST_P2',
      title: 'One bad attribute does not spoil a list',
      purpose: 'Each item has its own result.',
      async run(bench) {
        const session = await bench.associate();
        if (!session.granted(BIT.multipleReferences)) notApplicable('multiple references are not granted');
        const answer = await session.request(getList([NO_OBJECT, DEVICE_NAME]));
        const [bad, good] = listOf(answer?.plain) ?? [];
        expect(bad !== undefined && good !== undefined, 'the list is not answered item by item');
        expect(bad.kind === 'refused', 'an object that does not exist is answered by data');
        expect(good.kind === 'data', `the good item is answered by ${outcomeText(good)}`);
      },
    },
    {
      id: 'APPL_LIST_N1',
      title: 'A list needs its conformance bit',
      purpose: 'Without multiple-references a list is refused.',
      async run(bench) {
        const session = await bench.associate({ conformance: bench.with(BIT.get) });
        const answer = await session.request(
          getList([DEVICE_NAME, NAME_OF_ASSOCIATION]),
          bench.target.quietMs,
        );
        const list = listOf(answer?.plain) ?? [];
        expect(!list.some(({ kind }) => kind === 'data'), 'a list is served that was not negotiated');
        await bench.alive('a list that was not negotiated', session);
      },
    },
    {
      id: 'APPL_LIST_N2',
      title: 'An empty list does no harm',
      purpose: 'A list of no attributes is answered by an empty list or refused.',
      async run(bench) {
        const session = await bench.associate();
        await session.request(getList([]), bench.target.quietMs);
        await bench.alive('an empty list', session);
      },
    },
    {
      id: 'APPL_CONF_N1',
      title: 'GET needs its conformance bit',
      purpose: 'Where only ACTION was proposed, GET is refused.',
      async run(bench) {
        const { action } = BIT;
        const session = await bench.associate({ conformance: action });
        if (session.granted(BIT.get)) notApplicable('GET is granted all the same');
        const outcome = await session.get(DEVICE_NAME, undefined, bench.target.quietMs);
        expect(outcome.kind !== 'data', 'GET is served although it was not negotiated');
      },
    },
    {
      id: 'APPL_CONF_N2',
      title: 'General block transfer needs its conformance bit',
      purpose: 'A general-block-transfer APDU is not served where it was not negotiated.',
      async run(bench) {
        const session = await bench.associate();
        if (session.granted(BIT.generalBlockTransfer)) notApplicable('general block transfer is granted');
        const get = getRequest(DEVICE_NAME);
        const inner = session.protection?.seal(get) ?? get;
        const gbt = concat([Uint8Array.of(0xe0, 0x81, 0, 1, 0, 0, inner.length), inner]);
        const answer = await session.raw(gbt, bench.target.quietMs);
        expect(answer?.plain?.[0] !== 0xc4 && answer?.wire[0] !== 0xe0, 'general block transfer is served');
        await bench.alive('general block transfer', session);
      },
    },
    {
      id: 'APPL_CONF_N3',
      title: 'Short-name services are not served with logical names',
      purpose: 'A read-request brings an exception or nothing.',
      async run(bench) {
        const session = await bench.associate();
        const answer = await session.request(Uint8Array.of(0x05, 1, 2, 0xfa, 0x00), bench.target.quietMs);
        expect(answer?.plain?.[0] !== 0x0c, 'a read-request is answered by read-response');
        await bench.alive('a read-request', session);
      },
    },
    {
      id: 'APPL_CIPH_N1',
      title: 'Ciphered requests are not served without ciphering',
      purpose: 'A glo-get-request in a plain association brings an exception or nothing.',
      async run(bench) {
        if (bench.ciphered) notApplicable('the association is ciphered');
        const session = await bench.associate();
        const noise = bench.randomBytes(32);
        noise.set([0xc8, 30, 0x30]);
        const answer = await session.raw(noise, bench.target.quietMs);
        expect(
          answer === undefined || [0xd8, 0x0e].includes(answer.wire[0] ?? 0),
          'a ciphered request is served',
        );
        await bench.alive('a ciphered request', session);
      },
    },
  ],
);
