import { DcuError } from '../../base/errors.ts';
import { LONG_INVOKE } from '../apdu/access.ts';
import type { ApplicationContext } from '../apdu/acse.ts';
import { type ConformanceBit, LN_PROPOSED } from '../apdu/conformance.ts';
import { type AttributeRequest, CONFIRMED, HIGH_PRIORITY } from '../apdu/fields.ts';
import { encodeData } from '../axdr.ts';
import type {
  AccessResult,
  AccessSelection,
  AccessSpecification,
  ClientCommand,
  ClientEvent,
  CosemAttribute,
} from '../client-types.ts';
import { AccessOperation } from './client-access.ts';
import { ActionListOperation, ActionOperation, type RawCall } from './client-action.ts';
import { type ClientDialect, isGranted, type RequestCommand, type RequestScope } from './client-dialect.ts';
import { GetOperation, planGetBatches } from './client-get.ts';
import {
  BLOCK_HEADER,
  DESCRIPTOR_BYTES,
  notGranted,
  type Operation,
  type OperationLimits,
} from './client-operations.ts';
import { InSequence } from './client-sequence.ts';
import { type RawSetting, SetListOperation, SetOperation } from './client-set.ts';
import { encodeSelection } from './selective-access.ts';

type Command<Type extends ClientCommand['type']> = Extract<ClientCommand, { type: Type }>;

/** Logical-name referencing: GET, SET, ACTION and ACCESS, with what the server has granted. */
export class LogicalNameDialect implements ClientDialect {
  readonly referencing = 'ln';
  readonly conformance: readonly ConformanceBit[];
  #invokeId = 0;
  #longInvokeId = 0;

  constructor(proposed: readonly ConformanceBit[] = LN_PROPOSED) {
    this.conformance = proposed;
  }

  context(ciphered: boolean): ApplicationContext {
    return ciphered ? 'ln-ciphered' : 'ln';
  }

  operationFor(command: RequestCommand, scope: RequestScope): Operation {
    switch (command.type) {
      case 'get':
        return this.#get([command], scope);
      case 'get-list':
        return this.#get(
          command.attributes.map((item) => ('selection' in item ? item : { attribute: item })),
          scope,
        );
      case 'set':
        return this.#set(command, scope);
      case 'set-list':
        return this.#setList(command, scope);
      case 'action':
        return this.#action(command, scope);
      case 'action-list':
        return this.#actionList(command, scope);
      case 'access':
        return this.#access(command, scope);
    }
  }

  #get(
    items: readonly { readonly attribute: CosemAttribute; readonly selection?: AccessSelection }[],
    scope: RequestScope,
  ): Operation {
    require(scope, 'get');
    for (const { attribute, selection } of items) {
      if (selection !== undefined) require(scope, 'selective-access');
      if (attribute.attribute === 0) require(scope, 'attribute0-supported-with-get');
    }
    const limits = this.#limits(scope);
    const requests = items.map(
      ({ attribute, selection }): AttributeRequest => ({
        attribute,
        ...(selection === undefined ? {} : { selection: encodeSelection(selection) }),
      }),
    );
    const lists = isGranted(scope, 'multiple-references');
    return new GetOperation(limits, planGetBatches(requests, lists, limits.maxApdu));
  }

  #set({ attribute, value, confirmed = true }: Command<'set'>, scope: RequestScope): Operation {
    requireSet(scope, attribute);
    const blocks = isGranted(scope, 'block-transfer-with-set-or-write');
    return new SetOperation(
      this.#limits(scope, confirmed),
      { attribute, value: encodeData(value) },
      blocks,
      confirmed,
    );
  }

  #setList({ settings }: Command<'set-list'>, scope: RequestScope): Operation {
    if (settings.length === 0) return settled({ type: 'set-list-result', results: [] });
    for (const { attribute } of settings) requireSet(scope, attribute);
    const limits = this.#limits(scope);
    const blocks = isGranted(scope, 'block-transfer-with-set-or-write');
    const raw = settings.map(({ attribute, value }): RawSetting => ({ attribute, value: encodeData(value) }));
    const batches = batchesOf(raw, ({ value }) => value.length, scope, blocks);
    const parts = batches.map((batch) => {
      const [only] = batch;
      return only !== undefined && batch.length === 1
        ? new SetOperation(limits, only, blocks)
        : new SetListOperation(limits, batch, blocks);
    });
    return new InSequence(parts, (events) => ({
      type: 'set-list-result',
      results: events.flatMap((event) =>
        event.type === 'set-result'
          ? [event.result]
          : event.type === 'set-list-result'
            ? event.results
            : unexpected(event),
      ),
    }));
  }

  #action({ method, parameter, confirmed = true }: Command<'action'>, scope: RequestScope): Operation {
    require(scope, 'action');
    const blocks = isGranted(scope, 'block-transfer-with-action');
    const call: RawCall = { method, parameter: parameter && encodeData(parameter) };
    return new ActionOperation(this.#limits(scope, confirmed), call, blocks, confirmed);
  }

  #actionList({ calls }: Command<'action-list'>, scope: RequestScope): Operation {
    if (calls.length === 0) return settled({ type: 'action-list-result', results: [] });
    require(scope, 'action');
    const limits = this.#limits(scope);
    const blocks = isGranted(scope, 'block-transfer-with-action');
    const raw = calls.map(
      ({ method, parameter }): RawCall => ({ method, parameter: parameter && encodeData(parameter) }),
    );
    const batches = batchesOf(raw, ({ parameter }) => parameter?.length ?? 1, scope, blocks);
    const parts = batches.map((batch) => {
      const [only] = batch;
      return only !== undefined && batch.length === 1
        ? new ActionOperation(limits, only, blocks)
        : new ActionListOperation(limits, batch, blocks);
    });
    return new InSequence(parts, (events) => ({
      type: 'action-list-result',
      results: events.flatMap((event): readonly AccessResult[] => {
        if (event.type === 'action-list-result') return event.results;
        if (event.type !== 'action-result') return unexpected(event);
        const { result, data } = event;
        return [data === undefined ? { result } : { result, data }];
      }),
    }));
  }

  #access({ specifications, breakOnError = false }: Command<'access'>, scope: RequestScope): Operation {
    if (specifications.length === 0) return settled({ type: 'access-result', results: [] });
    require(scope, 'access');
    for (const item of specifications) requireItem(scope, item);
    this.#longInvokeId = (this.#longInvokeId % LONG_INVOKE.id) + 1;
    const high = isGranted(scope, 'priority-mgmt-supported') ? LONG_INVOKE.highPriority : 0;
    const breaks = breakOnError ? LONG_INVOKE.breakOnError : 0;
    const longInvoke = (LONG_INVOKE.confirmed | high | breaks | this.#longInvokeId) >>> 0;
    const generalBlocks = isGranted(scope, 'general-block-transfer');
    return new AccessOperation({ longInvoke, maxApdu: scope.maxApdu, generalBlocks }, specifications);
  }

  #limits(scope: RequestScope, confirmed = true): OperationLimits {
    this.#invokeId = (this.#invokeId % 15) + 1;
    const priority = isGranted(scope, 'priority-mgmt-supported') ? HIGH_PRIORITY : 0;
    return {
      invoke: (confirmed ? CONFIRMED : 0) | priority | this.#invokeId,
      maxApdu: scope.maxApdu,
      generalBlocks: isGranted(scope, 'general-block-transfer'),
    };
  }
}

/** Lists as long as the server's PDU allows: with blocks the descriptors must fit, without them the values too. */
function batchesOf<Item>(
  items: readonly Item[],
  sizeOf: (item: Item) => number,
  scope: RequestScope,
  blocks: boolean,
): Item[][] {
  if (!isGranted(scope, 'multiple-references')) return items.map((item) => [item]);
  const batches: Item[][] = [];
  let room = 0;
  for (const item of items) {
    const size = DESCRIPTOR_BYTES + (blocks ? 0 : sizeOf(item));
    const batch = batches.at(-1);
    if (batch === undefined || size > room) {
      batches.push([item]);
      room = scope.maxApdu - 2 * BLOCK_HEADER - size;
    } else {
      batch.push(item);
      room -= size;
    }
  }
  return batches;
}

function require(scope: RequestScope, bit: ConformanceBit): void {
  if (!isGranted(scope, bit)) throw notGranted(bit);
}

function requireSet(scope: RequestScope, { attribute }: CosemAttribute): void {
  require(scope, 'set');
  if (attribute === 0) require(scope, 'attribute0-supported-with-set');
}

function requireItem(scope: RequestScope, item: AccessSpecification): void {
  require(scope, item.type);
  if (item.type === 'get' && item.selection !== undefined) require(scope, 'selective-access');
  if (item.type === 'action' || item.attribute.attribute !== 0) return;
  require(scope, item.type === 'get' ? 'attribute0-supported-with-get' : 'attribute0-supported-with-set');
}

/** What came of a command that asks for nothing. */
function settled(event: ClientEvent): Operation {
  return {
    settled: event,
    start: () => new Uint8Array(0),
    answers: () => false,
    receive: () => ({}),
  };
}

function unexpected(event: ClientEvent): never {
  throw new DcuError('internal', `${event.type} in a list`);
}
