import type { CosemObject } from '../../dlms/cosem/cosem-object.ts';
import type { Caller, CosemRequest } from '../../dlms/server.ts';
import type { HesChange, HesClient } from '../hes-access.ts';
import type { Later } from '../later.ts';
import type { HeadendSources } from '../ports.ts';
import type { ZoneTimes } from '../zone-times.ts';

/** Who may come in over the connection, for the one who asks. */
export interface SecurityPort {
  readonly systemTitle: Uint8Array;
  /** Undefined for the public client. */
  clientOf(caller: Caller): HesClient | undefined;
  /** Resolves when it is on disk; what is asked for next goes by it. @throws DcuError what kept it from being written */
  change(client: HesClient, change: HesChange): Promise<void>;
}

/** One request to the concentrator's own logical device, with all that answering it needs. */
export interface ManagementRequest {
  readonly sources: HeadendSources;
  readonly request: CosemRequest;
  readonly caller: Caller;
  /** Name of the channel that it came over, and address of the head-end. */
  readonly channel: string;
  readonly host: string;
  readonly security: SecurityPort;
  /** Tells instants in the concentrator's time zone. */
  readonly times: ZoneTimes;
  /** Takes what does not end at once. */
  readonly later: Later;
}

/** Objects of the concentrator that belong together: one file each. */
export interface ManagementGroup {
  /**
   * The objects as far as this request needs them: what is costly and not asked for may be empty. Every object is always
   * there, as the list of objects is made of them.
   */
  readonly objects: (at: ManagementRequest) => readonly CosemObject[] | Promise<readonly CosemObject[]>;
  /** OBIS codes that the public client may read. */
  readonly open?: readonly string[];
}

/** Whether a request is about an object. */
export function isAbout({ request }: ManagementRequest, obis: string): boolean {
  return (request.type === 'action' ? request.method : request.attribute).obis === obis;
}

/** Who asks, as the audit trail names it. */
export const actorOf = ({ channel, host, caller }: ManagementRequest): string =>
  `the head-end on ${channel}, ${host}, client ${caller.clientAddress}`;
