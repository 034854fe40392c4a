import { DcuError } from '../../base/errors.ts';
import { TAG } from '../apdu/tags.ts';
import type { VariableReference } from '../apdu/variable-access.ts';
import {
  decodeWriteResponse,
  encodeWriteLists,
  encodeWriteRequest,
  type WriteRequest,
} from '../apdu/write.ts';
import { encodeData } from '../axdr.ts';
import type { ClientEvent } from '../client-types.ts';
import { octetString } from '../values.ts';
import { notGranted, type Operation, type Progress } from './client-operations.ts';
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

/** A variable and the A-XDR bytes of the value that it is to have. */
export interface VariableValue {
  readonly access: VariableReference;
  readonly value: Uint8Array;
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
    this.#pieces = piecesOf(encodeWriteLists(request), this.#limits.maxApdu - PIECE_HEADER);
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

export function writeRequestOf(settings: readonly VariableValue[]): WriteRequest {
  return {
    accesses: settings.map(({ access }) => access),
    values: settings.map(({ value }) => value),
  };
}

function writePiece(pieces: OutgoingTransfer): Uint8Array {
  const { last, blockNumber, raw } = pieces.next();
  return encodeWriteRequest({
    accesses: [{ type: 'write-data-block-access', last, blockNumber }],
    values: [encodeData(octetString(raw))],
  });
}
