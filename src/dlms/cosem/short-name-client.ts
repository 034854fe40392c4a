import { DcuError } from '../../base/errors.ts';
import type { ApplicationContext } from '../apdu/acse.ts';
import { SN_CONFORMANCE } from '../apdu/conformance.ts';
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
  ShortName,
} from '../client-types.ts';
import type { DlmsData } from '../data.ts';
import { NULL_DATA } from '../values.ts';
import { REPLY_TO_HLS } from './association.ts';
import { type ClientDialect, isGranted, type RequestCommand, type RequestScope } from './client-dialect.ts';
import { notGranted, type Operation } from './client-operations.ts';
import { encodeSelection } from './selective-access.ts';
import { decodeObjectList } from './short-name-list.ts';
import { methodExtent, returnsValue } from './short-name-methods.ts';
import {
  ChainedOperation,
  ReadOperation,
  type ShortNameLimits,
  type VariableValue,
  WriteOperation,
  writeRequestOf,
} from './short-name-operations.ts';
import {
  ASSOCIATION_SN,
  isAssociationSn,
  OBJECT_LIST_ATTRIBUTE,
  REPLY_TO_HLS_SN,
  RESERVED_NAMES,
  ShortNameTable,
} from './short-name-table.ts';

/** A method has no selective access; the selector that stands in its place. */
const METHOD_SELECTOR = 0;
const UNDEFINED = 'object-undefined';
const ASSOCIATION: ShortName = { ...ASSOCIATION_SN, version: 2, baseName: RESERVED_NAMES.association };

/** What is left of a command when every name in it is known: a request, or its outcome when there is nothing to ask. */
type Outcome = Operation | ClientEvent;

/**
 * Short-name referencing: READ, WRITE and unconfirmed WRITE. Which name stands for which object is read from the
 * association object with the first request that needs it, unless it was known before.
 */
export class ShortNameDialect implements ClientDialect {
  readonly referencing = 'sn';
  readonly conformance = SN_CONFORMANCE;
  #names: ShortNameTable | undefined;

  constructor(known?: readonly ShortName[]) {
    if (known !== undefined) this.#names = tableOf(known);
  }

  context(ciphered: boolean): ApplicationContext {
    return ciphered ? 'sn-ciphered' : 'sn';
  }

  operationFor(command: RequestCommand, scope: RequestScope): Operation {
    const limits: ShortNameLimits = {
      maxApdu: scope.maxApdu,
      lists: isGranted(scope, 'multiple-references'),
      readBlocks: isGranted(scope, 'block-transfer-with-get-or-read'),
      writeBlocks: isGranted(scope, 'block-transfer-with-set-or-write'),
    };
    const planFor = (names: ShortNameTable): Outcome => new Planner(names, limits, scope).plan(command);
    if (isAboutAssociation(command)) return settledOr(planFor(tableOf([])));
    if (this.#names !== undefined) return settledOr(planFor(this.#names));
    requireService(scope, 'read');
    return new ChainedOperation(new QuietRead(limits, objectListReference()), (done) => {
      if (this.#names !== undefined) return done;
      this.#names = tableOf(namesIn(done));
      return planFor(this.#names);
    });
  }
}

/** Authentication comes before any list can be read, so the association's own names are the standard's. */
function isAboutAssociation(command: RequestCommand): boolean {
  switch (command.type) {
    case 'get':
    case 'set':
      return isAssociationSn(command.attribute);
    case 'action':
      return isAssociationSn(command.method) || isReplyToHls(command.method);
    default:
      return false;
  }
}

function isReplyToHls({ classId, obis, attribute }: CosemAttribute): boolean {
  return (
    classId === REPLY_TO_HLS.classId && obis === REPLY_TO_HLS.obis && attribute === REPLY_TO_HLS.attribute
  );
}

function tableOf(names: readonly ShortName[]): ShortNameTable {
  return new ShortNameTable([ASSOCIATION, ...names]);
}

function objectListReference(): VariableReference {
  const name = tableOf([]).nameOfAttribute({ ...ASSOCIATION_SN, attribute: OBJECT_LIST_ATTRIBUTE });
  if (name === undefined) throw new DcuError('internal', 'the object list has no name');
  return { type: 'variable-name', name };
}

/** Throws `apdu-unexpected` when the server does not give its list, and what `decodeObjectList` throws. */
function namesIn(done: ClientEvent): readonly ShortName[] {
  const [result] = done.type === 'get-result' ? done.results : [];
  if (result?.ok !== true) {
    throw new DcuError('apdu-unexpected', `the server keeps its short names to itself: ${result?.result}`, {
      facts: { result: result?.result ?? 'none' },
    });
  }
  return decodeObjectList(result.data);
}

/** Reads one variable without a word about its blocks: whoever asked for another one does not expect them. */
class QuietRead extends ReadOperation {
  constructor(limits: ShortNameLimits, reference: VariableReference) {
    super(limits, [reference], (results) => ({ type: 'get-result', results }));
  }

  override receive(apdu: Uint8Array): ReturnType<ReadOperation['receive']> {
    const { event: _block, ...progress } = super.receive(apdu);
    return progress;
  }
}

/** What came of a command without a request. */
function settledOr(outcome: Outcome): Operation {
  if ('start' in outcome) return outcome;
  const unused = (): never => {
    throw new DcuError('internal', 'nothing was asked');
  };
  return { settled: outcome, start: unused, answers: unused, receive: unused };
}

function requireService(scope: RequestScope, bit: 'read' | 'write' | 'unconfirmed-write'): void {
  if (!isGranted(scope, bit)) throw notGranted(bit);
}

/** Turns one command into requests, with every short name at hand. */
class Planner {
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
            'selection' in item
              ? this.#reference(item.attribute, item.selection)
              : this.#reference(item as CosemAttribute),
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
