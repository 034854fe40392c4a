import { DcuError } from '../../base/errors.ts';
import { encodeUnconfirmedWriteRequest } from '../apdu/unconfirmed-write.ts';
import type { VariableReference } from '../apdu/variable-access.ts';
import { encodeData } from '../axdr.ts';
import type {
  AccessResult,
  AccessSelection,
  ClientEvent,
  CosemAttribute,
  GetResult,
  MethodCall,
} from '../client-types.ts';
import type { DlmsData } from '../data.ts';
import { NULL_DATA } from '../values.ts';
import { REPLY_TO_HLS } from './association.ts';
import { ChainedOperation } from './chained-operation.ts';
import { isGranted, type RequestCommand, type RequestScope } from './client-dialect.ts';
import { notGranted, type Operation } from './client-operations.ts';
import { encodeSelection } from './selective-access.ts';
import { methodExtent, returnsValue } from './short-name-methods.ts';
import type { ShortNameLimits } from './short-name-pieces.ts';
import { ReadOperation } from './short-name-read-operation.ts';
import { REPLY_TO_HLS_SN, type ShortNameTable } from './short-name-table.ts';
import { type VariableValue, WriteOperation, writeRequestOf } from './short-name-write-operation.ts';

/** A method has no selective access; the selector that stands in its place. */
const METHOD_SELECTOR = 0;
const UNDEFINED = 'object-undefined';

/** What is left of a command when every name in it is known: a request, or its outcome when there is nothing to ask. */
export type Outcome = Operation | ClientEvent;

/** The authentication asks for it by the name that it has in logical-name referencing. */
export function isReplyToHls({ classId, obis, attribute }: CosemAttribute): boolean {
  return (
    classId === REPLY_TO_HLS.classId && obis === REPLY_TO_HLS.obis && attribute === REPLY_TO_HLS.attribute
  );
}

/** Throws `not-granted`. */
export function requireService(scope: RequestScope, bit: 'read' | 'write' | 'unconfirmed-write'): void {
  if (!isGranted(scope, bit)) throw notGranted(bit);
}

/** Turns one command into requests, with every short name at hand. */
export class Planner {
  readonly #names: ShortNameTable;
  readonly #limits: ShortNameLimits;
  readonly #scope: RequestScope;

  constructor(names: ShortNameTable, limits: ShortNameLimits, scope: RequestScope) {
    this.#names = names;
    this.#limits = limits;
    this.#scope = scope;
  }

  plan(command: RequestCommand): Outcome {
    switch (command.type) {
      case 'get':
        return this.#read([this.#reference(command.attribute, command.selection)], getEvent);
      case 'get-list':
        return this.#read(
          command.attributes.map((item) =>
            'selection' in item ? this.#reference(item.attribute, item.selection) : this.#reference(item),
          ),
          getEvent,
        );
      case 'set':
        return this.#write(
          [this.#setting(command.attribute, command.value)],
          ([result = UNDEFINED]) => ({ type: 'set-result', result }),
          command.confirmed,
        );
      case 'set-list':
        return this.#write(
          command.settings.map(({ attribute, value }) => this.#setting(attribute, value)),
          (results) => ({ type: 'set-list-result', results }),
        );
      case 'action':
        return this.#action(command, (result) => ({ type: 'action-result', ...result }), command.confirmed);
      case 'action-list':
        return this.#actions(command.calls);
      case 'access':
        throw new DcuError('unsupported', 'the access service knows no short names');
    }
  }

  #reference(attribute: CosemAttribute, selection?: AccessSelection): VariableReference | undefined {
    const name = this.#names.nameOfAttribute(attribute);
    if (name === undefined) return undefined;
    if (selection === undefined) return { type: 'variable-name', name };
    this.#requireParameters();
    return { type: 'parameterized-access', name, selection: encodeSelection(selection) };
  }

  #requireParameters(): void {
    if (!isGranted(this.#scope, 'parameterized-access')) throw notGranted('parameterized access');
  }

  #setting(attribute: CosemAttribute, value: DlmsData): VariableValue | undefined {
    const access = this.#reference(attribute);
    return access && { access, value: encodeData(value) };
  }

  /** Reads what has a name, and answers for the rest. */
  #read(
    references: readonly (VariableReference | undefined)[],
    done: (results: readonly GetResult[]) => ClientEvent,
  ): Outcome {
    const known = references.filter((reference) => reference !== undefined);
    const finish = (results: readonly GetResult[]): ClientEvent =>
      done(withGaps(references, results, { ok: false, result: UNDEFINED }));
    if (known.length === 0) return finish([]);
    requireService(this.#scope, 'read');
    return new ReadOperation(this.#limits, known, finish);
  }

  #write(
    settings: readonly (VariableValue | undefined)[],
    done: (results: readonly string[]) => ClientEvent,
    confirmed = true,
  ): Outcome {
    const known = settings.filter((setting) => setting !== undefined);
    const finish = (results: readonly string[]): ClientEvent => done(withGaps(settings, results, UNDEFINED));
    if (known.length === 0) return finish([]);
    if (confirmed) {
      requireService(this.#scope, 'write');
      return new WriteOperation(this.#limits, known, finish);
    }
    requireService(this.#scope, 'unconfirmed-write');
    return unanswered(this.#limits, known, finish(known.map(() => 'success')));
  }

  /** A method that answers is read with its parameter; one that does not is written first. */
  #action(
    { method, parameter = NULL_DATA }: MethodCall,
    done: (result: AccessResult) => ClientEvent,
    confirmed = true,
  ): Outcome {
    const target = isReplyToHls(method) ? REPLY_TO_HLS_SN : method;
    const object = this.#names.find(target);
    if (object === undefined) return done({ result: UNDEFINED });
    const { classId, version } = object;
    if (methodExtent(classId, version) === 0) {
      throw new DcuError('unsupported', `the short names of methods of class ${classId} version ${version}`);
    }
    const name = this.#names.nameOfMethod(target);
    if (name === undefined) return done({ result: UNDEFINED });
    const encoded = encodeData(parameter);
    const setting = { access: { type: 'variable-name', name }, value: encoded } as const;
    const selection = { selector: METHOD_SELECTOR, parameters: encoded };
    const reference = { type: 'parameterized-access', name, selection } as const;
    if (confirmed && returnsValue(classId, version, target.attribute)) {
      if (target !== REPLY_TO_HLS_SN) this.#requireParameters();
      return this.#read([reference], ([result]) =>
        done(result?.ok ? { result: 'success', data: result.data } : { result: result?.result ?? UNDEFINED }),
      );
    }
    if (confirmed && isGranted(this.#scope, 'parameterized-access')) {
      return this.#writtenOrRead(setting, reference, done);
    }
    return this.#write([setting], ([result = UNDEFINED]) => done({ result }), confirmed);
  }

  /**
   * Some servers know methods by READ alone and say of a WRITE that its name is undefined. Then nothing was done, and
   * it is asked again as a READ, whose value says nothing.
   */
  #writtenOrRead(
    setting: VariableValue,
    reference: VariableReference,
    done: (result: AccessResult) => ClientEvent,
  ): Outcome {
    const read = this.#read([reference], ([result]) =>
      done({ result: result?.ok ? 'success' : (result?.result ?? UNDEFINED) }),
    );
    const answer = ([result = UNDEFINED]: readonly string[]): ClientEvent => ({ type: 'set-result', result });
    const written = this.#write([setting], answer);
    if (!('start' in written) || !('start' in read)) return written;
    return new ChainedOperation(written, (event) => {
      if (event.type !== 'set-result') return event;
      return event.result === UNDEFINED ? read : done({ result: event.result });
    });
  }

  /** One call after the other: some are read and others written, so no one request holds them all. */
  #actions(calls: readonly MethodCall[]): Outcome {
    const results: AccessResult[] = [];
    const note = (result: AccessResult): ClientEvent => {
      results.push(result);
      return { type: 'action-list-result', results };
    };
    const next = (): Outcome => {
      for (;;) {
        const call = calls[results.length];
        if (call === undefined) return { type: 'action-list-result', results };
        const outcome = this.#action(call, note);
        if ('start' in outcome) return outcome;
      }
    };
    const first = next();
    return 'start' in first ? new ChainedOperation(first, next) : first;
  }
}

function getEvent(results: readonly GetResult[]): ClientEvent {
  return { type: 'get-result', results };
}

/** Results in the places of what was asked, and `missing` where nothing was. */
function withGaps<Asked, Result>(
  asked: readonly (Asked | undefined)[],
  results: readonly Result[],
  missing: Result,
): Result[] {
  const left = results.values();
  return asked.map((one) => (one === undefined ? missing : (left.next().value ?? missing)));
}

/** Nothing answers an unconfirmed WRITE: it is done as soon as it is sent. */
function unanswered(
  limits: ShortNameLimits,
  settings: readonly VariableValue[],
  done: ClientEvent,
): Operation {
  const apdu = encodeUnconfirmedWriteRequest(writeRequestOf(settings));
  if (apdu.length > limits.maxApdu) {
    throw new DcuError('apdu-too-long', `an unconfirmed request of ${apdu.length} bytes has no blocks`);
  }
  return { unanswered: done, start: () => apdu, answers: () => false, receive: () => ({}) };
}
