import { DcuError } from '../../base/errors.ts';
import type { ApplicationContext } from '../apdu/acse.ts';
import { SN_CONFORMANCE } from '../apdu/conformance.ts';
import type { VariableReference } from '../apdu/variable-access.ts';
import type { ClientEvent, ShortName } from '../client-types.ts';
import { ChainedOperation } from './chained-operation.ts';
import { type ClientDialect, isGranted, type RequestCommand, type RequestScope } from './client-dialect.ts';
import type { Operation } from './client-operations.ts';
import { decodeObjectList } from './short-name-list.ts';
import type { ShortNameLimits } from './short-name-pieces.ts';
import { isReplyToHls, type Outcome, Planner, requireService } from './short-name-planner.ts';
import { ReadOperation } from './short-name-read-operation.ts';
import {
  ASSOCIATION_SN,
  isAssociationSn,
  OBJECT_LIST_ATTRIBUTE,
  RESERVED_NAMES,
  ShortNameTable,
} from './short-name-table.ts';

const ASSOCIATION: ShortName = { ...ASSOCIATION_SN, version: 2, baseName: RESERVED_NAMES.association };

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
