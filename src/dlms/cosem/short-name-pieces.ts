import { DcuError } from '../../base/errors.ts';
import type { VariableReference } from '../apdu/variable-access.ts';
import { OutgoingTransfer } from './server-services.ts';

export interface ShortNameLimits {
  /** Longest plain APDU that the server takes. */
  readonly maxApdu: number;
  /** Several variables in one request. */
  readonly lists: boolean;
  /** Requests in blocks: of READ, and of WRITE. */
  readonly readBlocks: boolean;
  readonly writeBlocks: boolean;
}

/** Tag, count, choice, last-block, block number and length in front of a piece of a request, and the tag of its octet-string. */
export const PIECE_HEADER = 11;
const MOST_BLOCKS = 0xffff;

/** Lists as long as the server's PDU allows, or one variable each where lists were not granted. */
export function batchesOf<Item>(
  { lists, maxApdu }: ShortNameLimits,
  items: readonly Item[],
  sizeOf: (item: Item) => number,
): Item[][] {
  if (!lists) return items.map((item) => [item]);
  const batches: Item[][] = [];
  let room = 0;
  for (const item of items) {
    const size = sizeOf(item);
    const batch = batches.at(-1);
    if (batch === undefined || size > room) {
      batches.push([item]);
      room = maxApdu - PIECE_HEADER - size;
    } else {
      batch.push(item);
      room -= size;
    }
  }
  return batches;
}

/** Choice, name, and the selector with its parameters. */
export function referenceBytes(access: VariableReference): number {
  return access.type === 'variable-name' ? 3 : 4 + access.selection.parameters.length;
}

/** A request cut into numbered pieces. Throws `apdu-too-long` where blocks cannot hold it. */
export function piecesOf(bytes: Uint8Array, size: number): OutgoingTransfer {
  if (size < 1 || bytes.length > size * MOST_BLOCKS) {
    throw new DcuError('apdu-too-long', `a request of ${bytes.length} bytes does not fit blocks of ${size}`);
  }
  return new OutgoingTransfer(bytes, size);
}

/** The transfer whose next piece is due. Throws `apdu-unexpected` or `block-out-of-order`. */
export function acknowledgedPieces(
  pieces: OutgoingTransfer | undefined,
  acknowledged: number,
): OutgoingTransfer {
  if (pieces === undefined || pieces.finished) {
    throw new DcuError('apdu-unexpected', 'the server asks for a block, and there is none');
  }
  if (acknowledged !== pieces.blockNumber) {
    throw new DcuError(
      'block-out-of-order',
      `block ${acknowledged} acknowledged, ${pieces.blockNumber} sent`,
      { facts: { expected: pieces.blockNumber, received: acknowledged } },
    );
  }
  return pieces;
}

export function strayBlock(): DcuError {
  return new DcuError('apdu-invalid', 'a block among other results');
}
