import { DcuError } from '../../base/errors.ts';
import { join, part, type Traced } from './telegram.ts';

export const GENERAL_BLOCK_TRANSFER = 0xe0;

const LAST_BLOCK = 0x80;
/** Tag, block control, block number 2, acknowledged block number 2. */
const HEADER = 6;

interface Block {
  readonly last: boolean;
  readonly number: number;
  readonly data: Traced;
}

/** General-Block-Transfer (Green Book 9.3.13; clause not checked): the APDU that the blocks hold together. */
export function joinBlocks(apdus: readonly Traced[]): Traced {
  const blocks = apdus.map(readBlock);
  blocks.forEach((block, i) => {
    const expected = (blocks[0]?.number ?? 0) + i;
    if (block.number !== expected || (block.last && i < blocks.length - 1)) {
      throw new DcuError('block-out-of-order', `block ${block.number} where block ${expected} is expected`, {
        offset: block.data.origin(0),
      });
    }
  });
  const last = blocks.at(-1);
  if (last?.last !== true) {
    throw new DcuError('truncated', 'the last block of the APDU is missing', {
      offset: last?.data.origin(last.data.bytes.length) ?? 0,
    });
  }
  return join(blocks.map((block) => block.data));
}

function readBlock(apdu: Traced): Block {
  const { bytes } = apdu;
  const invalid = (code: 'apdu-invalid' | 'truncated', message: string, at: number): DcuError =>
    new DcuError(code, message, { offset: apdu.origin(at) });
  if (bytes[0] !== GENERAL_BLOCK_TRANSFER) {
    throw invalid('apdu-invalid', 'another APDU stands between the blocks of one', 0);
  }
  if (bytes.length <= HEADER) throw invalid('truncated', 'a block ends in its header', bytes.length);
  let from = HEADER;
  let length = bytes[from++] ?? 0;
  if (length > 0x82) throw invalid('apdu-invalid', 'a block is longer than 64 KiB', HEADER);
  if (length >= 0x80) {
    const octets = length - 0x80;
    length = 0;
    for (let i = 0; i < octets; i++) length = (length << 8) | (bytes[from++] ?? 0);
  }
  const end = from + length;
  if (end > bytes.length) throw invalid('truncated', `a block of ${length} bytes is cut`, bytes.length);
  if (end < bytes.length) throw invalid('apdu-invalid', `${bytes.length - end} bytes behind a block`, end);
  return {
    last: ((bytes[1] ?? 0) & LAST_BLOCK) !== 0,
    number: ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0),
    data: part(apdu, from, end),
  };
}
