import { DcuError } from '../../base/errors.ts';
import type { ApplicationContext } from '../apdu/acse.ts';
import { LN_PROPOSED } from '../apdu/conformance.ts';
import { CONFIRMED, HIGH_PRIORITY } from '../apdu/fields.ts';
import { encodeData } from '../axdr.ts';
import type { CosemAttribute } from '../client-types.ts';
import { type ClientDialect, isGranted, type RequestCommand, type RequestScope } from './client-dialect.ts';
import {
  ActionOperation,
  GetOperation,
  notGranted,
  type Operation,
  type OperationLimits,
  planGetBatches,
  SetOperation,
} from './client-operations.ts';
import { encodeSelection } from './selective-access.ts';

/** Logical-name referencing: GET, SET and ACTION. */
export class LogicalNameDialect implements ClientDialect {
  readonly referencing = 'ln';
  readonly conformance = LN_PROPOSED;
  #invokeId = 0;

  context(ciphered: boolean): ApplicationContext {
    return ciphered ? 'ln-ciphered' : 'ln';
  }

  operationFor(command: RequestCommand, scope: RequestScope): Operation {
    const limits: OperationLimits = { invoke: this.#nextInvoke(scope), maxApdu: scope.maxApdu };
    switch (command.type) {
      case 'get': {
        const { attribute, selection } = command;
        if (selection === undefined) return new GetOperation(limits, [[{ attribute }]]);
        if (!isGranted(scope, 'selective-access')) throw notGranted('selective access');
        return new GetOperation(limits, [[{ attribute, selection: encodeSelection(selection) }]]);
      }
      case 'get-list': {
        const requests = command.attributes.map((item) =>
          'selection' in item
            ? { attribute: item.attribute, selection: encodeSelection(item.selection) }
            : { attribute: item as CosemAttribute },
        );
        const lists = isGranted(scope, 'multiple-references');
        return new GetOperation(limits, planGetBatches(requests, lists, limits.maxApdu));
      }
      case 'set': {
        const blocks = isGranted(scope, 'block-transfer-with-set-or-write');
        return new SetOperation(limits, command.attribute, encodeData(command.value), blocks);
      }
      case 'action': {
        const parameter = command.parameter && encodeData(command.parameter);
        const blocks = isGranted(scope, 'block-transfer-with-action');
        return new ActionOperation(limits, command.method, parameter, blocks);
      }
      default:
        throw new DcuError('unsupported', command.type);
    }
  }

  #nextInvoke(scope: RequestScope): number {
    this.#invokeId = (this.#invokeId % 15) + 1;
    const priority = isGranted(scope, 'priority-mgmt-supported') ? HIGH_PRIORITY : 0;
    return CONFIRMED | priority | this.#invokeId;
  }
}
