import { ByteReader, ByteWriter, concat } from '../base/bytes.ts';
import { DcuError } from '../base/errors.ts';
import { readOctets, writeOctets } from '../dlms/axdr-length.ts';
import { type Answer, outcomeOf, outcomeText, type Session } from './session.ts';
import { fail } from './verdict.ts';
import { WrapperStation } from './wrapper-station.ts';

/** General block transfer as a tester does it: every block can be wrong or lost (Green Book 9.4.6.13). */
export interface Block {
  readonly last: boolean;
  readonly streaming: boolean;
  readonly window: number;
  readonly number: number;
  readonly ack: number;
  readonly data: Uint8Array;
}

const TAG = 0xe0;
const LAST = 0x80;
const STREAMING = 0x40;
const WINDOW = 0x3f;
const NOTHING = new Uint8Array(0);
const MOST_TURNS = 2000;

/** A block that hands over the turn, unless it says otherwise. */
export function buildBlock({ data = NOTHING, ...block }: Partial<Block> & Pick<Block, 'number'>): Uint8Array {
  const { last = true, streaming = false, window = 1, number, ack = 0 } = block;
  const control = (last ? LAST : 0) | (streaming ? STREAMING : 0) | window;
  const writer = new ByteWriter(data.length + 16).u8(TAG).u8(control).u16(number).u16(ack);
  writeOctets(writer, data);
  return writer.done();
}

/** Undefined for anything that is no whole block. */
export function parseBlock(apdu: Uint8Array | undefined): Block | undefined {
  if (apdu?.[0] !== TAG) return undefined;
  try {
    const reader = new ByteReader(apdu, 1);
    const control = reader.u8();
    return {
      last: (control & LAST) !== 0,
      streaming: (control & STREAMING) !== 0,
      window: control & WINDOW,
      number: reader.u16(),
      ack: reader.u16(),
      data: readOctets(reader, 'block-data').slice(),
    };
  } catch (error) {
    if (error instanceof DcuError) return undefined;
    throw error;
  }
}

export interface TransferOptions {
  /** Blocks that we take in one go; more than one on the wrapper only. */
  readonly window?: number;
  /** The block of this number is lost the first time that it comes. */
  readonly lose?: number;
}

export interface Transferred {
  readonly answer: Answer;
  /** Blocks in the order in which they came, turn by turn. */
  readonly turns: readonly (readonly Block[])[];
  /** Longest APDU of all. */
  readonly longest: number;
}

/** Sends a request in one general block and takes in the answer in as many as it needs. @throws Failure */
export async function inGeneralBlocks(
  session: Session,
  plain: Uint8Array,
  { window = 1, lose }: TransferOptions = {},
): Promise<Transferred> {
  const turns: Block[][] = [];
  const parts = new Map<number, Uint8Array>();
  let end = Number.POSITIVE_INFINITY;
  let contiguous = 0;
  let longest = 0;
  let lost = lose;
  const sealed = session.protection?.seal(plain) ?? plain;
  let out = buildBlock({ window, number: 1, data: sealed });
  for (let number = 2; number < MOST_TURNS; number++) {
    const turn: Block[] = [];
    let apdu = (await session.raw(out))?.wire;
    for (;;) {
      longest = Math.max(longest, apdu?.length ?? 0);
      const block = parseBlock(apdu);
      if (block === undefined) {
        fail(`a block is answered by ${apdu ? outcomeText(outcomeOf(session.openAnswer(apdu))) : 'nothing'}`);
      }
      turn.push(block);
      if (block.number === lost) lost = undefined;
      else if (block.data.length > 0) {
        parts.set(block.number, block.data);
        if (block.last) end = block.number;
      }
      if (!block.streaming) break;
      apdu = await another(session);
    }
    turns.push(turn);
    while (parts.has(contiguous + 1)) contiguous++;
    if (contiguous >= end) {
      const whole = concat([...parts].sort(([a], [b]) => a - b).map(([, data]) => data));
      return { answer: session.openAnswer(whole), turns, longest };
    }
    out = buildBlock({ window, number, ack: contiguous });
  }
  fail('the transfer does not come to an end');
}

/** The next APDU of a stream; nothing on HDLC, where a turn has one. */
async function another({ link }: Session): Promise<Uint8Array | undefined> {
  return link instanceof WrapperStation ? (await link.next(link.timeoutMs))?.apdu : undefined;
}
