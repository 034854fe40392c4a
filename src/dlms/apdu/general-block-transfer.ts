import { ByteReader, ByteWriter } from '../../base/bytes.ts';
import { readOctets, writeOctets } from '../axdr-length.ts';
import { expectTag } from './fields.ts';
import { TAG } from './tags.ts';

/** One General-Block-Transfer APDU (Green Book 9.5): a piece of another APDU, which may be ciphered, or none. */
export interface GeneralBlock {
  /** The sender has nothing to send behind this block. */
  readonly last: boolean;
  /** More blocks follow at once; without it, it is the peer's turn. */
  readonly streaming: boolean;
  /** Blocks that the sender takes in one go, 0 to 63. */
  readonly window: number;
  /** 1 to 65535; 0 says that the transfer is given up. */
  readonly blockNumber: number;
  /** The last block that came without a gap before it; 0 = none. */
  readonly blockNumberAck: number;
  readonly data: Uint8Array;
}

const LAST = 0x80;
const STREAMING = 0x40;
export const MAX_WINDOW = 0x3f;
/** Tag, block control, both numbers, and a length of up to 65535. */
export const GENERAL_BLOCK_HEADER = 9;

export function encodeGeneralBlock(block: GeneralBlock): Uint8Array {
  const writer = new ByteWriter(GENERAL_BLOCK_HEADER + block.data.length)
    .u8(TAG.generalBlockTransfer)
    .u8((block.last ? LAST : 0) | (block.streaming ? STREAMING : 0) | (block.window & MAX_WINDOW))
    .u16(block.blockNumber)
    .u16(block.blockNumberAck);
  writeOctets(writer, block.data);
  return writer.done();
}

/** Throws `apdu-invalid`, `axdr-invalid` or `truncated`; bytes behind the block are passed over. */
export function decodeGeneralBlock(bytes: Uint8Array): GeneralBlock {
  const reader = new ByteReader(bytes);
  expectTag(reader, TAG.generalBlockTransfer, 'general-block-transfer');
  const control = reader.u8('block-control');
  return {
    last: (control & LAST) !== 0,
    streaming: (control & STREAMING) !== 0,
    window: control & MAX_WINDOW,
    blockNumber: reader.u16('block-number'),
    blockNumberAck: reader.u16('block-number-ack'),
    data: readOctets(reader, 'block-data'),
  };
}
