import { ByteReader } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import { type AttributeRequest, type DataBlock, expectEnd, readDataBytes, readList } from '../apdu/fields.ts';
import { decodeSetRequest, encodeSetResponse } from '../apdu/set.ts';
import { resultOfEach, setEach } from './attribute-zero.ts';
import { BlockAssembly } from './block-assembly.ts';
import {
  type JobItem,
  MAX_INCOMING_BYTES,
  requireAttributeZero,
  requireGranted,
  requireListLength,
  type Service,
  type ServiceLimits,
  type ServiceReply,
  setItem,
} from './server-services.ts';

interface IncomingSet {
  readonly requests: readonly AttributeRequest[];
  readonly list: boolean;
  readonly assembly: BlockAssembly;
}

/** SET, server role (Green Book 9.3.7): normal, with-list, and values that come in blocks. */
export class SetService implements Service {
  readonly #limits: ServiceLimits;
  #incoming: IncomingSet | undefined;

  constructor(limits: ServiceLimits) {
    this.#limits = limits;
  }

  receive(plain: Uint8Array): ServiceReply {
    requireGranted(this.#limits, 'set');
    const request = decodeSetRequest(plain);
    const { invoke } = request;
    if (request.type === 'with-datablock') return this.#block(invoke, request.block);
    this.#incoming = undefined;
    switch (request.type) {
      case 'normal':
        requireAttributeZero(this.#limits, request.request.attribute, 'set');
        return {
          job: {
            items: setItems(request.request, request.value),
            finish: (responses) =>
              encodeSetResponse({ type: 'normal', invoke, result: resultOfEach(responses) }),
          },
        };
      case 'with-list':
        requireGranted(this.#limits, 'multiple-references');
        return this.#list(request.requests, request.values, (results) =>
          encodeSetResponse({ type: 'with-list', invoke, results }),
        );
      case 'with-first-datablock':
        return this.#begin(invoke, [request.request], false, request.block);
      case 'with-list-and-first-datablock':
        requireGranted(this.#limits, 'multiple-references');
        return this.#begin(invoke, request.requests, true, request.block);
    }
  }

  #list(
    requests: readonly AttributeRequest[],
    values: readonly Uint8Array[],
    answer: (results: readonly string[]) => Uint8Array,
  ): ServiceReply {
    requireListLength(requests.length);
    if (requests.length !== values.length) {
      throw new DcuError('apdu-invalid', `${values.length} values for ${requests.length} attributes`);
    }
    for (const { attribute } of requests) requireAttributeZero(this.#limits, attribute, 'set');
    return {
      job: {
        items: requests.map((request, i) => setItem(request, values[i] ?? new Uint8Array(0))),
        finish: (responses) => answer(responses.map(({ result }) => result)),
      },
    };
  }

  #begin(
    invoke: number,
    requests: readonly AttributeRequest[],
    list: boolean,
    block: DataBlock,
  ): ServiceReply {
    requireGranted(this.#limits, 'block-transfer-with-set-or-write');
    requireListLength(requests.length);
    for (const { attribute } of requests) requireAttributeZero(this.#limits, attribute, 'set');
    this.#incoming = { requests, list, assembly: new BlockAssembly(MAX_INCOMING_BYTES) };
    return this.#block(invoke, block);
  }

  #block(invoke: number, block: DataBlock): ServiceReply {
    const incoming = this.#incoming;
    const { blockNumber, last, raw } = block;
    if (incoming === undefined) return this.#abort(invoke, blockNumber, 'no-long-set-in-progress');
    try {
      incoming.assembly.add(blockNumber, raw, last);
    } catch (error) {
      if (!(error instanceof DcuError)) throw error;
      const outOfOrder = error.code === 'block-out-of-order';
      return this.#abort(invoke, blockNumber, outOfOrder ? 'data-block-number-invalid' : 'long-set-aborted');
    }
    if (!last) return { apdu: encodeSetResponse({ type: 'datablock', invoke, blockNumber }) };
    this.#incoming = undefined;
    return this.#complete(invoke, blockNumber, incoming);
  }

  #complete(invoke: number, blockNumber: number, incoming: IncomingSet): ServiceReply {
    const bytes = incoming.assembly.bytes();
    const [first] = incoming.requests;
    if (incoming.list) {
      const reader = new ByteReader(bytes);
      const values = readList(reader, readDataBytes);
      expectEnd(reader);
      return this.#list(incoming.requests, values, (results) =>
        encodeSetResponse({ type: 'last-datablock-with-list', invoke, results, blockNumber }),
      );
    }
    return {
      job: {
        items: first === undefined ? [] : setItems(first, bytes),
        finish: (responses) =>
          encodeSetResponse({
            type: 'last-datablock',
            invoke,
            result: resultOfEach(responses),
            blockNumber,
          }),
      },
    };
  }

  #abort(invoke: number, blockNumber: number, result: string): ServiceReply {
    this.#incoming = undefined;
    return { apdu: encodeSetResponse({ type: 'last-datablock', invoke, result, blockNumber }) };
  }
}

function setItems(request: AttributeRequest, value: Uint8Array): JobItem[] {
  const item = setItem(request, value);
  const isAll = 'type' in item && item.type === 'set' && request.attribute.attribute === 0;
  return isAll ? setEach(request.attribute, item.value) : [item];
}
