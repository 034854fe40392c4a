import { equalBytes } from '../../base/bytes.ts';
import { BIT } from '../aarq.ts';
import type { Bench } from '../bench.ts';
import {
  buildBlock,
  inGeneralBlocks,
  parseBlock,
  type TransferOptions,
  type Transferred,
} from '../general-blocks.ts';
import { outcomeOf, outcomeText, type Session } from '../session.ts';
import { OBJECT_LIST } from '../survey.ts';
import { defineTests } from '../test-case.ts';
import { expect, fail, notApplicable } from '../verdict.ts';
import { WrapperStation } from '../wrapper-station.ts';

const MAX_PDU = 512;
const WINDOW = 4;
/** Not proposed: where both kinds are granted the meter may choose. */
const SERVICE_BLOCKS = BIT.blockGet | BIT.blockSet | BIT.blockAction;

/** An association in which general blocks may be used. */
async function blocks(bench: Bench): Promise<Session> {
  const session = await bench.associate({
    conformance: (bench.usual & ~SERVICE_BLOCKS) | BIT.generalBlockTransfer,
    maxPdu: MAX_PDU,
  });
  return session.granted(BIT.generalBlockTransfer)
    ? session
    : notApplicable('general block transfer is not granted');
}

/** Windows of more than one block need a link on which the meter may send unasked. */
async function windowed(bench: Bench): Promise<Session> {
  const session = await blocks(bench);
  return session.link instanceof WrapperStation ? session : notApplicable('a turn of HDLC has one APDU');
}

/** The object list in general blocks must be what it is otherwise. */
async function sameList(bench: Bench, session: Session, options: TransferOptions = {}): Promise<Transferred> {
  const transferred = await inGeneralBlocks(session, bench.longProbe(), options);
  const outcome = outcomeOf(transferred.answer);
  if (outcome.kind !== 'data') fail(`the blocks hold ${outcomeText(outcome)}`);
  const due = await (await bench.associate()).read(OBJECT_LIST);
  if (due.kind !== 'data') notApplicable('the object list cannot be read without general blocks');
  expect(equalBytes(outcome.data, due.data), 'the general blocks do not add up to the same value');
  return transferred;
}

const sealed = (session: Session, plain: Uint8Array): Uint8Array => session.protection?.seal(plain) ?? plain;

/** What a block leads to must be no answer to the request in it. */
async function notServed(bench: Bench, session: Session, apdu: Uint8Array, what: string): Promise<void> {
  const answer = await session.raw(apdu, bench.target.quietMs);
  const block = parseBlock(answer?.wire);
  expect(block === undefined || block.data.length === 0, `${what} is answered by a block with content`);
  expect(block !== undefined || outcomeOf(answer).kind !== 'data', `${what} is served`);
  await bench.alive(what, session);
}

export const APPL_GENERAL_BLOCK_TESTS = defineTests(
  { group: 'APPL', reference: 'Green Book 9.4.6.13, general block transfer' },
  [
    {
      id: 'APPL_GBT_P1',
      title: 'A long value is the same in general blocks',
      purpose: 'The object list, block by block, is what the blocks of the service give.',
      async run(bench) {
        const { turns } = await sameList(bench, await blocks(bench));
        for (const turn of turns) expect(turn.length === 1, `${turn.length} blocks where one is taken`);
      },
    },
    {
      id: 'APPL_GBT_P2',
      title: 'General blocks are numbered from 1, without gaps',
      purpose:
        'Each acknowledges our own block, keeps to our PDU, and only the last says that it is the last.',
      async run(bench) {
        const { turns, longest } = await sameList(bench, await blocks(bench));
        const all = turns.flat();
        all.forEach((block, i) => {
          expect(block.number === i + 1, `block ${i + 1} has number ${block.number}`);
          expect(block.last === (i === all.length - 1), `block ${i + 1} is marked wrongly as last or not`);
          expect(block.ack === i + 1, `block ${i + 1} acknowledges ${block.ack}, not ${i + 1}`);
        });
        expect(longest <= MAX_PDU, `an APDU has ${longest} octets`);
      },
    },
    {
      id: 'APPL_GBT_P3',
      title: 'The window is kept, and streamed',
      purpose: 'With a window of four no more than four come in one go, all but the last of them streaming.',
      async run(bench) {
        const { turns } = await sameList(bench, await windowed(bench), { window: WINDOW });
        for (const turn of turns) expect(turn.length <= WINDOW, `${turn.length} blocks come in one go`);
        const [first] = turns;
        if (turns.length < 2) notApplicable('the object list fits one window');
        expect((first?.length ?? 0) > 1, 'the window is not used');
      },
    },
    {
      id: 'APPL_GBT_P4',
      title: 'A lost block is sent again',
      purpose: 'The second of four streamed blocks is lost; what follows our acknowledgement fills the gap.',
      async run(bench) {
        const { turns } = await sameList(bench, await windowed(bench), { window: WINDOW, lose: 2 });
        if (turns.flat().length < 3) notApplicable('there are too few blocks');
      },
    },
    {
      id: 'APPL_GBT_P5',
      title: 'A block that is asked for again comes again',
      purpose: 'One block at a time, the third is lost and asked for once more.',
      async run(bench) {
        const { turns } = await sameList(bench, await blocks(bench), { lose: 3 });
        if (turns.length < 4) notApplicable('there are too few blocks');
        const third = turns.flat().filter(({ number }) => number === 3);
        expect(third.length === 2, `block 3 comes ${third.length} times`);
      },
    },
    {
      id: 'APPL_GBT_P6',
      title: 'A request in several blocks is put together',
      purpose: 'The first block is acknowledged; the answer comes after the last.',
      async run(bench) {
        const session = await blocks(bench);
        const request = sealed(session, bench.probe());
        const half = Math.floor(request.length / 2);
        const first = await session.raw(
          buildBlock({ number: 1, last: false, data: request.subarray(0, half) }),
        );
        const acknowledged = parseBlock(first?.wire);
        expect(acknowledged !== undefined, 'the first block is not acknowledged');
        expect(acknowledged.ack === 1, `it is acknowledged as ${acknowledged.ack}`);
        expect(acknowledged.data.length === 0, 'half a request is answered');
        const rest = { number: 2, ack: acknowledged.number, data: request.subarray(half) };
        const answer = parseBlock((await session.raw(buildBlock(rest)))?.wire);
        expect(answer !== undefined, 'the last block is not answered by a block');
        const outcome = outcomeOf(session.openAnswer(answer.data));
        expect(outcome.kind === 'data', `the request is answered by ${outcomeText(outcome)}`);
      },
    },
    {
      id: 'APPL_GBT_N1',
      title: 'A transfer does not begin in the middle',
      purpose: 'A whole request in a block of number 3 is not served.',
      async run(bench) {
        const session = await blocks(bench);
        const block = buildBlock({ number: 3, data: sealed(session, bench.probe()) });
        await notServed(bench, session, block, 'block 3 without 1 and 2');
      },
    },
    {
      id: 'APPL_GBT_N2',
      title: 'An aborted transfer ends',
      purpose: 'Block number 0 in the midst of an answer: what follows is not sent, and the meter serves on.',
      async run(bench) {
        const session = await blocks(bench);
        const request = buildBlock({ number: 1, data: sealed(session, bench.longProbe()) });
        const first = parseBlock((await session.raw(request))?.wire);
        if (first === undefined || first.last) notApplicable('the answer has no second block');
        await session.raw(buildBlock({ number: 0 }), bench.target.quietMs);
        if (!session.link.closed) {
          const on = await session.raw(buildBlock({ number: 2, ack: 1 }), bench.target.quietMs);
          expect((parseBlock(on?.wire)?.data.length ?? 0) === 0, 'an aborted transfer goes on');
        }
        await bench.alive('an aborted transfer', session);
      },
    },
    {
      id: 'APPL_GBT_N3',
      title: 'A block that was never sent is not acknowledged',
      purpose: 'An acknowledgement of block 9999 brings no other block than the one that is due.',
      async run(bench) {
        const session = await blocks(bench);
        const request = buildBlock({ number: 1, data: sealed(session, bench.longProbe()) });
        const first = parseBlock((await session.raw(request))?.wire);
        if (first === undefined || first.last) notApplicable('the answer has no second block');
        const answer = await session.raw(buildBlock({ number: 2, ack: 9999 }), bench.target.quietMs);
        const block = parseBlock(answer?.wire);
        expect((block?.number ?? 0) <= 2, `block ${block?.number ?? 0} comes`);
        await bench.alive('a false acknowledgement', session);
      },
    },
    {
      id: 'APPL_GBT_N4',
      title: 'A request that was begun gives way to another',
      purpose: 'After the first block of a request an ordinary request is served.',
      async run(bench) {
        const session = await blocks(bench);
        const request = sealed(session, bench.probe());
        const begun = buildBlock({ number: 1, last: false, data: request.subarray(0, 4) });
        await session.raw(begun, bench.target.quietMs);
        await bench.alive('half a request', session);
      },
    },
    {
      id: 'APPL_GBT_N5',
      title: 'Malformed general blocks do no harm',
      purpose: 'Blocks that break off, and one whose length lies, are refused or passed over.',
      async run(bench) {
        const session = await blocks(bench);
        const good = buildBlock({ number: 1, data: sealed(session, bench.probe()) });
        for (const length of [1, 2, 4, 6, 9]) {
          if (session.link.closed) break;
          const answer = await session.raw(good.subarray(0, length), bench.target.quietMs);
          expect(outcomeOf(answer).kind !== 'data', `${length} octets of a block are served`);
        }
        if (!session.link.closed) {
          const lie = Uint8Array.of(0xe0, 0x81, 0, 1, 0, 0, 0x84, 0xff, 0xff, 0xff, 0xff);
          await session.raw(lie, bench.target.quietMs);
        }
        await bench.alive('malformed general blocks', session);
      },
    },
  ],
);
