import { ByteReader } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import {
  decodeReadResponse,
  decodeReadResults,
  encodeReadList,
  encodeReadRequest,
  type ReadResult,
} from '../apdu/read.ts';
import { TAG } from '../apdu/tags.ts';
import type { VariableReference } from '../apdu/variable-access.ts';
import { skipData } from '../axdr.ts';
import type { ClientEvent, GetResult } from '../client-types.ts';
import { BlockAssembly } from './block-assembly.ts';
import { MAX_TRANSFER_BYTES, notGranted, type Operation, type Progress } from './client-operations.ts';
import type { OutgoingTransfer } from './server-services.ts';
import {
  acknowledgedPieces,
  batchesOf,
  PIECE_HEADER,
  piecesOf,
  referenceBytes,
  type ShortNameLimits,
  strayBlock,
} from './short-name-pieces.ts';

/** READ of lists of variables, one list after the other (Green Book 9.3.14). */
export class ReadOperation implements Operation {
  readonly #limits: ShortNameLimits;
  readonly #batches: readonly (readonly VariableReference[])[];
  readonly #done: (results: readonly GetResult[]) => ClientEvent;
  readonly #results: GetResult[] = [];
  #batch = 0;
  #assembly: BlockAssembly | undefined;
  #pieces: OutgoingTransfer | undefined;

  /** `done` makes the event out of a result for each reference. */
  constructor(
    limits: ShortNameLimits,
    references: readonly VariableReference[],
    done: (results: readonly GetResult[]) => ClientEvent,
  ) {
    this.#limits = limits;
    this.#batches = batchesOf(limits, references, referenceBytes);
    this.#done = done;
  }

  start(): Uint8Array {
    return this.#request();
  }

  /** There is nothing in a read-response that names its request. */
  answers(apdu: Uint8Array): boolean {
    return apdu[0] === TAG.readResponse;
  }

  receive(apdu: Uint8Array): Progress {
    const results = decodeReadResponse(apdu);
    const [first] = results;
    if (first?.type === 'block-number') return { send: this.#nextPiece(first.blockNumber) };
    if (first?.type === 'data-block-result') return this.#block(first);
    return this.#finishBatch(results);
  }

  get #current(): readonly VariableReference[] {
    return this.#batches[this.#batch] ?? [];
  }

  #request(): Uint8Array {
    const whole = encodeReadRequest(this.#current);
    if (whole.length <= this.#limits.maxApdu) return whole;
    if (!this.#limits.readBlocks) throw notGranted('block transfer of requests');
    this.#pieces = piecesOf(encodeReadList(this.#current), this.#limits.maxApdu - PIECE_HEADER);
    return readPiece(this.#pieces);
  }

  #nextPiece(acknowledged: number): Uint8Array {
    return readPiece(acknowledgedPieces(this.#pieces, acknowledged));
  }

  #block({ last, blockNumber, raw }: Extract<ReadResult, { type: 'data-block-result' }>): Progress {
    this.#assembly ??= new BlockAssembly(MAX_TRANSFER_BYTES);
    this.#assembly.add(blockNumber, raw, last);
    const data = blockNumber === 1 && this.#current.length === 1 ? withoutListHeader(raw) : raw;
    const event: ClientEvent = { type: 'block', blockNumber, data };
    if (!last) return { event, send: encodeReadRequest([{ type: 'block-number-access', blockNumber }]) };
    return { event, ...this.#finishBatch(joinedResults(this.#assembly.bytes(), this.#current.length)) };
  }

  #finishBatch(results: readonly ReadResult[]): Progress {
    const { length } = this.#current;
    const answers = results.map(getResult);
    const [refusal] = answers;
    // A refused list may come back as one plain refusal.
    const refused = answers.length === 1 && length > 1 && refusal?.ok === false ? refusal : undefined;
    const all = refused === undefined ? answers : this.#current.map(() => refused);
    if (all.length !== length) {
      throw new DcuError('apdu-invalid', `${all.length} results for ${length} variables`);
    }
    this.#results.push(...all);
    this.#assembly = undefined;
    this.#pieces = undefined;
    this.#batch++;
    return this.#batch < this.#batches.length
      ? { send: this.#request() }
      : { done: this.#done(this.#results) };
  }
}

function readPiece(pieces: OutgoingTransfer): Uint8Array {
  return encodeReadRequest([{ type: 'read-data-block-access', ...pieces.next() }]);
}

function getResult(result: ReadResult): GetResult {
  switch (result.type) {
    case 'data':
      return { ok: true, data: result.data };
    case 'data-access-error':
      return { ok: false, result: result.result };
    default:
      throw strayBlock();
  }
}

/**
 * What the blocks were pieces of: the list of a read-response. Some servers leave its count and the first choice
 * out where a single variable was asked for, so that the blocks hold the bare value.
 */
function joinedResults(bytes: Uint8Array, asked: number): ReadResult[] {
  if (asked === 1 && !hasListHeader(bytes) && isOneValue(bytes)) return [{ type: 'data', data: bytes }];
  return decodeReadResults(bytes);
}

/** A count of one and the choice of data. As a value it would be an empty array with a byte behind. */
function hasListHeader(bytes: Uint8Array): boolean {
  return bytes[0] === 1 && bytes[1] === 0;
}

function withoutListHeader(raw: Uint8Array): Uint8Array {
  return hasListHeader(raw) ? raw.subarray(2) : raw;
}

function isOneValue(bytes: Uint8Array): boolean {
  const reader = new ByteReader(bytes);
  try {
    skipData(reader);
  } catch (error) {
    if (error instanceof DcuError) return false;
    throw error;
  }
  return reader.remaining === 0;
}
