import { concat, equalBytes } from '../../base/bytes.ts';
import { BIT } from '../aarq.ts';
import type { Bench } from '../bench.ts';
import { describeApdu } from '../describe.ts';
import { isHls } from '../hls.ts';
import {
  type Answer,
  blockOf,
  type GetBlock,
  getRequest,
  type Outcome,
  outcomeOf,
  outcomeText,
  type Session,
} from '../session.ts';
import { NAME_STEP, nextBlockRequest, readRequest, readResults, SN, type Variable } from '../short-names.ts';
import { OBJECT_LIST, survey } from '../survey.ts';
import { defineTests, type TestDefinition } from '../test-case.ts';
import { expect, fail, notApplicable } from '../verdict.ts';

const LN_ONLY =
  BIT.get | BIT.set | BIT.action | BIT.selectiveAccess | BIT.access | BIT.priority | BIT.attribute0Get;
const ASSOCIATION_NAME: Variable = { name: SN.association };
const DEVICE: Variable = { name: SN.deviceName };
const CONFIRMED_SERVICE_ERROR = 0x0e;

/** Refused by a result, an exception or a confirmed-service-error; silence is none of them. */
function refusal(answer: Answer | undefined, what: string): Outcome {
  const outcome = outcomeOf(answer);
  expect(
    outcome.kind === 'refused' || outcome.kind === 'exception',
    `${what} is answered by ${outcomeText(outcome)}`,
  );
  return outcome;
}

/** A READ that must be refused, whatever the form of the refusal. */
function refusedRead(
  id: string,
  title: string,
  purpose: string,
  variables: (bench: Bench) => Promise<readonly Variable[]>,
): Omit<TestDefinition, 'group' | 'reference'> {
  return {
    id,
    title,
    purpose,
    async run(bench) {
      const names = await variables(bench);
      const session = await bench.associate();
      for (const variable of names) {
        refusal(await session.request(readRequest(variable)), `name 0x${variable.name.toString(16)}`);
      }
      await bench.alive('a refused READ', session);
    },
  };
}

/** A name that belongs to no object: below the first base name, or far behind the last attribute of one. */
async function unknownName(bench: Bench): Promise<number> {
  const { objects } = await survey(bench);
  const bases = objects.map(({ baseName = 0 }) => baseName).sort((a, b) => a - b);
  const [first = 0] = bases;
  if (first >= NAME_STEP) return first - NAME_STEP;
  const farthest = NAME_STEP * 0x60;
  const before = bases.find((base, i) => (bases[i + 1] ?? 0x10000) - base > farthest);
  return before === undefined ? notApplicable('every name has an object') : before + farthest;
}

async function listInBlocks(bench: Bench, maxPdu: number): Promise<{ data: Uint8Array; blocks: GetBlock[] }> {
  const session = await bench.associate({ maxPdu });
  const blocks: GetBlock[] = [];
  const outcome = await session.read(OBJECT_LIST, undefined, (block) => blocks.push(block));
  if (outcome.kind !== 'data') fail(`the object list is answered by ${outcomeText(outcome)}`);
  return { data: outcome.data, blocks };
}

async function begun(bench: Bench): Promise<{ session: Session; number: number }> {
  const session = await bench.associate({ maxPdu: 160 });
  const block = blockOf((await session.request(bench.longProbe()))?.plain);
  if (block === undefined || block.last) notApplicable('the object list does not come in blocks');
  return { session, number: block.number };
}

async function lists(bench: Bench): Promise<Session> {
  const session = await bench.associate();
  return session.granted(BIT.multipleReferences)
    ? session
    : notApplicable('multiple references are not granted');
}

export const SN_READ_TESTS = defineTests(
  {
    group: 'APPL',
    reference: 'Green Book 9.3.14, the Read service',
    needs: { referencing: 'sn' },
  },
  [
    {
      id: 'SN_OPEN_P1',
      title: 'What is granted fits short names',
      purpose: 'READ is granted, and no service of logical names, though all of them are proposed.',
      async run(bench) {
        const { negotiated } = await bench.open({ conformance: bench.usual | LN_ONLY });
        expect((negotiated.conformance & BIT.read) !== 0, 'READ is not granted');
        expect((negotiated.conformance & LN_ONLY) === 0, 'services of logical names are granted');
        expect(negotiated.vaaName === SN.vaaName, `the VAA name is 0x${negotiated.vaaName.toString(16)}`);
      },
    },
    {
      id: 'SN_OPEN_N1',
      title: 'Services of logical names alone make no association',
      purpose:
        'Where the context is that of short names and GET, SET, ACTION are proposed, READ is not served.',
      async run(bench) {
        const session = await bench
          .open({ conformance: LN_ONLY })
          .then((opened) => bench.session(opened))
          .catch(() => undefined);
        if (session !== undefined) {
          const answer = await session.request(bench.probe(), bench.target.quietMs);
          expect(outcomeOf(answer).kind !== 'data', 'READ is served though it was not granted');
        }
        await bench.alive('a proposal of other services');
      },
    },
    {
      id: 'SN_READ_P1',
      title: 'Attribute 1 is the logical name',
      purpose: 'The variable FA00 is 0-0:40.0.0*255.',
      async run(bench) {
        const outcome = await (await bench.associate()).readVariable(ASSOCIATION_NAME);
        expect(outcome.kind === 'data', `it is answered by ${outcomeText(outcome)}`);
        const due = Uint8Array.of(0x09, 6, 0, 0, 40, 0, 0, 255);
        expect(equalBytes(outcome.data, due), 'the value is another name');
      },
    },
    refusedRead(
      'SN_READ_N1',
      'An unknown name is refused',
      'A name that belongs to no object of the list.',
      async (bench) => [{ name: await unknownName(bench) }],
    ),
    refusedRead(
      'SN_READ_N2',
      'Names between attributes are refused',
      'Attributes lie eight apart; one, four and seven behind one there is nothing.',
      async () => [1, 4, 7].map((more) => ({ name: SN.deviceName + more })),
    ),
    refusedRead(
      'SN_READ_N3',
      'A method is not read by its bare name',
      'The names of read_by_logicalname and reply_to_HLS_authentication give no data without a parameter.',
      async () => [{ name: SN.readByLogicalName }, { name: SN.replyToHls }],
    ),
    {
      id: 'SN_READ_N4',
      title: 'Services of logical names are not served with short names',
      purpose: 'A get-request brings an exception or nothing.',
      async run(bench) {
        const session = await bench.associate();
        const answer = await session.request(
          getRequest({ classId: 1, obis: '0.0.42.0.0.255', attribute: 2 }),
          bench.target.quietMs,
        );
        expect(answer?.plain?.[0] !== 0xc4, 'a get-request is answered by get-response');
        await bench.alive('a get-request', session);
      },
    },
    {
      id: 'SN_CONF_N1',
      title: 'READ needs its conformance bit',
      purpose: 'Where only WRITE was proposed, READ is refused.',
      async run(bench) {
        if (isHls(bench.target.security.auth)) notApplicable('HLS itself needs READ');
        const session = await bench.associate({ conformance: BIT.write | BIT.generalProtection });
        if (session.granted(BIT.read)) notApplicable('READ is granted all the same');
        const answer = await session.request(bench.probe(), bench.target.quietMs);
        expect(outcomeOf(answer).kind !== 'data', 'READ is served although it was not negotiated');
      },
    },
    {
      id: 'SN_CONF_N2',
      title: 'A list needs its conformance bit',
      purpose: 'Without multiple-references a list of variables is refused.',
      async run(bench) {
        const session = await bench.associate({ conformance: bench.with(BIT.read) });
        const answer = await session.request(readRequest(DEVICE, ASSOCIATION_NAME), bench.target.quietMs);
        const served = readResults(answer?.plain)?.some(({ kind }) => kind === 'data') === true;
        expect(!served, 'a list is served that was not negotiated');
        await bench.alive('a list that was not negotiated', session);
      },
    },
    {
      id: 'SN_CONF_N3',
      title: 'Blocks need their conformance bit',
      purpose: 'Without block-transfer-with-get-or-read a long value is refused, not sent in blocks.',
      async run(bench) {
        const session = await bench.associate({ conformance: bench.with(BIT.read), maxPdu: 128 });
        const answer = await session.request(bench.longProbe());
        expect(answer !== undefined, 'it is not answered');
        expect(blockOf(answer.plain) === undefined, 'blocks are sent that were not negotiated');
      },
    },
    {
      id: 'SN_CONF_N4',
      title: 'Parameterized access needs its conformance bit',
      purpose: 'Where it was not negotiated, a part of the object list is refused.',
      async run(bench) {
        const session = await bench.associate({ conformance: bench.with(BIT.read | BIT.blockGet) });
        if (session.granted(BIT.parameterizedAccess)) notApplicable('it is granted all the same');
        const selection = { selector: 1, parameters: Uint8Array.of(0x12, 0, 8) };
        const request = readRequest({ name: SN.objectList, selection });
        const answer = await session.request(request, bench.target.quietMs);
        expect(outcomeOf(answer).kind !== 'data', 'parameterized access is served');
      },
    },
    {
      id: 'SN_LIST_P1',
      title: 'A list of variables is answered in its order',
      purpose: 'The values are those that single READs give.',
      async run(bench) {
        const session = await lists(bench);
        const single = [await session.readVariable(ASSOCIATION_NAME), await session.readVariable(DEVICE)];
        const answer = await session.request(readRequest(ASSOCIATION_NAME, DEVICE));
        const results = readResults(answer?.plain);
        const came = answer?.plain ? describeApdu(answer.plain) : 'nothing';
        expect(results !== undefined, `a list is answered by ${came}`);
        expect(results.length === 2, `${results.length} results for 2 variables`);
        results.forEach((result, i) => {
          const alone = single[i];
          const same =
            result.kind === 'data' && alone?.kind === 'data' && equalBytes(result.data, alone.data);
          expect(same, `item ${i + 1} of the list is not what a single READ gives`);
        });
      },
    },
    {
      id: 'SN_LIST_P2',
      title: 'One bad variable does not spoil a list',
      purpose: 'Each item has its own result.',
      async run(bench) {
        const session = await lists(bench);
        const answer = await session.request(readRequest({ name: SN.deviceName + 1 }, DEVICE));
        const [bad, good] = readResults(answer?.plain) ?? [];
        expect(bad !== undefined && good !== undefined, 'the list is not answered item by item');
        expect(bad.kind === 'refused', 'a name that does not exist is answered by data');
        expect(good.kind === 'data', 'the good item is refused');
      },
    },
    {
      id: 'SN_LIST_N1',
      title: 'An empty list does no harm',
      purpose: 'A list of no variables is answered by an empty list or refused.',
      async run(bench) {
        const session = await bench.associate();
        await session.request(readRequest(), bench.target.quietMs);
        await bench.alive('an empty list', session);
      },
    },
    {
      id: 'SN_BLOCK_P1',
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
      id: 'SN_BLOCK_P2',
      title: 'Blocks are numbered from 1, without gaps',
      purpose: 'Only the last block says that it is the last; none is empty or longer than our PDU.',
      async run(bench) {
        const { blocks } = await listInBlocks(bench, 128);
        if (blocks.length === 0) notApplicable('the object list fits one PDU of 128 octets');
        for (const [i, block] of blocks.entries()) {
          expect(block.number === i + 1, `block ${i + 1} has number ${block.number}`);
          expect(block.last === (i === blocks.length - 1), `block ${i + 1} is marked wrongly as last or not`);
          expect(block.raw.length > 0, `block ${i + 1} is empty`);
          expect(block.apduLength <= 128, `block ${i + 1} makes an APDU of ${block.apduLength} octets`);
        }
      },
    },
    {
      id: 'SN_BLOCK_N1',
      title: 'A next block without a transfer is refused',
      purpose: 'block-number-access brings no-long-get-in-progress or another refusal.',
      async run(bench) {
        const session = await bench.associate();
        refusal(await session.request(nextBlockRequest(1)), 'a next block without a transfer');
        await bench.alive('a next block without a transfer', session);
      },
    },
    {
      id: 'SN_BLOCK_N2',
      title: 'A wrong block number is refused',
      purpose: 'block-number-access with a number that is not due brings a refusal.',
      async run(bench) {
        const { session, number } = await begun(bench);
        refusal(await session.request(nextBlockRequest(number + 5)), 'a wrong block number');
        await bench.alive('a wrong block number', session);
      },
    },
    {
      id: 'SN_BLOCK_N3',
      title: 'A transfer ends with the next request',
      purpose: 'After another READ the transfer that stood does not go on.',
      async run(bench) {
        const { session, number } = await begun(bench);
        const outcome = outcomeOf(await session.request(bench.probe()));
        expect(outcome.kind === 'data', `a READ within a transfer is answered by ${outcomeText(outcome)}`);
        const answer = await session.request(nextBlockRequest(number));
        expect(blockOf(answer?.plain) === undefined, 'a transfer goes on after another request');
        await bench.alive('a transfer that was left', session);
      },
    },
    {
      id: 'SN_PARAM_N1',
      title: 'An unknown selector is refused',
      purpose: 'Selector 99 of the object list brings a refusal.',
      async run(bench) {
        const session = await bench.associate();
        const selection = { selector: 99, parameters: Uint8Array.of(0) };
        refusal(await session.request(readRequest({ name: SN.objectList, selection })), 'selector 99');
        await bench.alive('an unknown selector', session);
      },
    },
    {
      id: 'SN_ERROR_P1',
      title: 'What READ does not know is told in form',
      purpose:
        'An access specification that is not defined brings a confirmed-service-error of READ, or an exception.',
      async run(bench) {
        const session = await bench.associate();
        const answer = await session.request(Uint8Array.of(SN.readRequest, 1, 99, 0xfd, 0x08));
        expect(answer !== undefined, 'it is not answered');
        const { plain } = answer;
        expect(plain !== undefined, 'the answer does not open');
        if (plain[0] === CONFIRMED_SERVICE_ERROR) {
          expect(plain.length === 4, `the confirmed-service-error has ${plain.length} octets`);
          expect(plain[1] === 5, `it is about service ${plain[1] ?? '-'}, not READ (5)`);
          expect((plain[2] ?? 99) <= 8, `its error has choice ${plain[2] ?? '-'}`);
        } else expect(plain[0] === 0xd8, `it is answered by ${describeApdu(plain)}`);
        await bench.alive('an unknown access specification', session);
      },
    },
    {
      id: 'SN_DATA_N1',
      title: 'A READ that breaks off at any octet does no harm',
      purpose: 'Every prefix of a good request, and one with octets behind it, is refused or passed over.',
      async run(bench) {
        const session = await bench.associate();
        const good = bench.probe();
        const requests = [
          ...Array.from({ length: good.length - 1 }, (_, i) => good.subarray(0, i + 1)),
          concat([good, Uint8Array.of(0)]),
        ];
        for (const request of requests) {
          const answer = await session.request(request, bench.target.quietMs);
          expect(outcomeOf(answer).kind !== 'data', `${request.length} octets of a READ are served`);
        }
        await bench.alive('truncated READs', session);
      },
    },
    {
      id: 'SN_DATA_N2',
      title: 'Counts and lengths that lie do no harm',
      purpose: 'A list of 4 thousand million variables, and a block as long, are refused.',
      async run(bench) {
        const session = await bench.associate();
        for (const request of [
          Uint8Array.of(SN.readRequest, 0x84, 0xff, 0xff, 0xff, 0xff, 2, 0xfd, 8),
          Uint8Array.of(SN.readRequest, 1, 6, 1, 0, 1, 0x84, 0xff, 0xff, 0xff, 0xff),
          Uint8Array.of(SN.readRequest, 1, 4, 0xfa, 8, 1, 0x01, 0x84, 0x7f, 0xff, 0xff, 0xff),
        ]) {
          const answer = await session.request(request, bench.target.quietMs);
          expect(outcomeOf(answer).kind !== 'data', 'a request that lies is served');
        }
        await bench.alive('lengths that lie', session);
      },
    },
  ],
);
