import type { ApplicationContext } from '../apdu/acse.ts';
import { type ConformanceBit, conformanceMask } from '../apdu/conformance.ts';
import type { ClientCommand, Referencing } from '../client-types.ts';
import type { Operation } from './client-operations.ts';

export type RequestCommand = Exclude<ClientCommand, { type: 'open' | 'break-off' | 'release' }>;

/** What an association allows a request to use. */
export interface RequestScope {
  /** Granted by the server, 24 bits. */
  readonly conformance: number;
  /** Longest plain APDU that the server takes. */
  readonly maxApdu: number;
}

export function isGranted({ conformance }: RequestScope, bit: ConformanceBit): boolean {
  return (conformance & conformanceMask([bit])) !== 0;
}

/** How services are spoken in one association. It lives as long as the association and may learn from it. */
export interface ClientDialect {
  readonly referencing: Referencing;
  /** Services to propose. */
  readonly conformance: readonly ConformanceBit[];
  context(ciphered: boolean): ApplicationContext;
  /** Throws `not-granted` or `unsupported` for what this association cannot do. */
  operationFor(command: RequestCommand, scope: RequestScope): Operation;
}
