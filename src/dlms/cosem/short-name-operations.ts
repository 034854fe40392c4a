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
import { decodeWriteResponse, encodeWriteLists, encodeWriteRequest } from '../apdu/write.ts';
import { encodeData, skipData } from '../axdr.ts';
import type { ClientEvent, GetResult } from '../client-types.ts';
import { octetString } from '../values.ts';
import { BlockAssembly } from './block-assembly.ts';
import { notGranted, type Operation, type Progress } from './client-operations.ts';
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

/** A variable and the A-XDR bytes of the value that it is to have. */
export interface VariableValue {
  readonly access: VariableReference;
  readonly value: Uint8Array;
}

/** Longest value that is joined from blocks. */
const MAX_TRANSFER_BYTES = 16 * 1024 * 1024;
/** Tag, count, choice, last-block, block number and length in front of a piece of a read-request. */
const READ_PIECE_HEADER = 9;
/** The same and the tag of the octet-string in a write-request. */
const WRITE_PIECE_HEADER = 11;
const MOST_BLOCKS = 0xffff;

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
    this.#pieces = piecesOf(encodeReadList(this.#current), this.#limits.maxApdu - READ_PIECE_HEADER);
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

/** WRITE of lists of variables, one list after the other (Green Book 9.3.15). */
export class WriteOperation implements Operation {
  readonly #limits: ShortNameLimits;
  readonly #batches: readonly (readonly VariableValue[])[];
  readonly #done: (results: readonly string[]) => ClientEvent;
  readonly #results: string[] = [];
  #batch = 0;
  #pieces: OutgoingTransfer | undefined;

  /** `done` makes the event out of a result, by the standard's name, for each variable. */
  constructor(
    limits: ShortNameLimits,
    settings: readonly VariableValue[],
    done: (results: readonly string[]) => ClientEvent,
  ) {
    this.#limits = limits;
    this.#batches = batchesOf(limits, settings, ({ access, value }) => referenceBytes(access) + value.length);
    this.#done = done;
  }

  start(): Uint8Array {
    return this.#request();
  }

  answers(apdu: Uint8Array): boolean {
    return apdu[0] === TAG.writeResponse;
  }

  receive(apdu: Uint8Array): Progress {
    const results = decodeWriteResponse(apdu);
    const [first] = results;
    if (first?.type === 'block-number') {
      return { send: writePiece(acknowledgedPieces(this.#pieces, first.blockNumber)) };
    }
    return this.#finishBatch(
      results.map((result) => {
        if (result.type === 'block-number') throw strayBlock();
        return result.type === 'success' ? 'success' : result.result;
      }),
    );
  }

  #request(): Uint8Array {
    const request = writeRequestOf(this.#batches[this.#batch] ?? []);
    const whole = encodeWriteRequest(request);
    if (whole.length <= this.#limits.maxApdu) return whole;
    if (!this.#limits.writeBlocks) throw notGranted('block transfer of requests');
    this.#pieces = piecesOf(encodeWriteLists(request), this.#limits.maxApdu - WRITE_PIECE_HEADER);
    return writePiece(this.#pieces);
  }

  #finishBatch(results: readonly string[]): Progress {
    const { length } = this.#batches[this.#batch] ?? [];
    const [refusal] = results;
    const refused =
      results.length === 1 && length > 1 && refusal !== 'success' && refusal !== undefined
        ? Array.from({ length }, () => refusal)
        : results;
    if (refused.length !== length) {
      throw new DcuError('apdu-invalid', `${refused.length} results for ${length} variables`);
    }
    this.#results.push(...refused);
    this.#pieces = undefined;
    this.#batch++;
    return this.#batch < this.#batches.length
      ? { send: this.#request() }
      : { done: this.#done(this.#results) };
  }
}

/** Operations one behind the other: `then` says what follows on the result of each, an operation or the end. */
export class ChainedOperation implements Operation {
  readonly #then: (done: ClientEvent) => Operation | ClientEvent;
  #current: Operation;

  constructor(first: Operation, then: (done: ClientEvent) => Operation | ClientEvent) {
    this.#current = first;
    this.#then = then;
  }

  start(): Uint8Array {
    return this.#current.start();
  }

  answers(apdu: Uint8Array): boolean {
    return this.#current.answers(apdu);
  }

  receive(apdu: Uint8Array): Progress {
    const { done, ...progress } = this.#current.receive(apdu);
    if (done === undefined) return progress;
    const next = this.#then(done);
    if (!('start' in next)) return { ...progress, done: next };
    this.#current = next;
    const { unanswered } = next;
    return { ...progress, send: next.start(), ...(unanswered ? { done: unanswered } : {}) };
  }
}

export function writeRequestOf(settings: readonly VariableValue[]): {
  accesses: VariableReference[];
  values: Uint8Array[];
} {
  return {
    accesses: settings.map(({ access }) => access),
    values: settings.map(({ value }) => value),
  };
}

/** Lists as long as the server's PDU allows, or one variable each where lists were not granted. */
function batchesOf<Item>(
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
      room = maxApdu - WRITE_PIECE_HEADER - size;
    } else {
      batch.push(item);
      room -= size;
    }
  }
  return batches;
}

/** Choice, name, and the selector with its parameters. */
function referenceBytes(access: VariableReference): number {
  return access.type === 'variable-name' ? 3 : 4 + access.selection.parameters.length;
}

function piecesOf(bytes: Uint8Array, size: number): OutgoingTransfer {
  if (size < 1 || bytes.length > size * MOST_BLOCKS) {
    throw new DcuError('apdu-too-long', `a request of ${bytes.length} bytes does not fit blocks of ${size}`);
  }
  return new OutgoingTransfer(bytes, size);
}

/** The transfer whose next piece is due. Throws `apdu-unexpected` or `block-out-of-order`. */
function acknowledgedPieces(pieces: OutgoingTransfer | undefined, acknowledged: number): OutgoingTransfer {
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

function readPiece(pieces: OutgoingTransfer): Uint8Array {
  return encodeReadRequest([{ type: 'read-data-block-access', ...pieces.next() }]);
}

function writePiece(pieces: OutgoingTransfer): Uint8Array {
  const { last, blockNumber, raw } = pieces.next();
  return encodeWriteRequest({
    accesses: [{ type: 'write-data-block-access', last, blockNumber }],
    values: [encodeData(octetString(raw))],
  });
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

function strayBlock(): DcuError {
  return new DcuError('apdu-invalid', 'a block among other results');
}
