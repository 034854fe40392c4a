import type { DcuError } from '../base/errors.ts';
import type { Machine } from '../base/machine.ts';
import type { AuthMechanism, SecurityPolicy, SecuritySuite } from '../base/model.ts';
import type { GatewayAddress } from './apdu/gateway.ts';
import type { HlsHook, KeyMaterial } from './ciphering/types.ts';
import type { AccessSelection, CosemAttribute, Referencing, ShortName } from './client-types.ts';
import type { DlmsData } from './data.ts';
import type { LinkConfig, LinkCounters, LinkPeer } from './link/link.ts';

/** Protection that one APDU has, or at least needs. */
export interface RequestProtection {
  readonly policy: SecurityPolicy;
  readonly signed: boolean;
}

/** A row of class 15's user_list. */
export interface AssociationUser {
  readonly id: number;
  readonly name: string;
}

/** Who asks: the association that the request came through. */
export interface Caller {
  readonly clientAddress: number;
  readonly auth: AuthMechanism;
  readonly peer: LinkPeer;
  readonly referencing?: Referencing;
  /** calling-AP-title of the AARQ. */
  readonly systemTitle?: Uint8Array;
  /** calling-AE-invocation-id of the AARQ. */
  readonly userId?: number;
  /** How the request came; absent where it was not protected. */
  readonly protection?: RequestProtection;
  /** What was negotiated; absent where the caller is no DLMS association. */
  readonly context?: {
    readonly ciphered: boolean;
    /** 24 bits; see apdu/conformance.ts. */
    readonly conformance: number;
    /** Of the server. */
    readonly maxReceivePduSize: number;
    /** What the client takes; 0 = no limit. */
    readonly maxSendPduSize: number;
  };
}

export type CosemRequest =
  | { readonly type: 'get'; readonly attribute: CosemAttribute; readonly selection?: AccessSelection }
  | { readonly type: 'set'; readonly attribute: CosemAttribute; readonly value: DlmsData }
  | { readonly type: 'action'; readonly method: CosemAttribute; readonly parameter?: DlmsData };

/** `result` is the standard's name of the data-access-result or action-result, `success` when it went well. */
export interface CosemResponse {
  readonly result: string;
  /** A-XDR bytes of what is returned. */
  readonly data?: Uint8Array;
  /** Least protection of the APDU that carries it, beyond that of the association. */
  readonly protection?: RequestProtection;
}

/** What one association grants to one client address of a logical device. */
export interface AssociationPolicy extends KeyMaterial {
  readonly clientAddress: number;
  readonly auth: AuthMechanism;
  /** It stands without being asked for: requests that need no answer are served before any AARQ (Green Book 9.3.2). */
  readonly preEstablished?: boolean;
  /** LLS; and the secret of HLS-MD5, HLS-SHA1 and HLS-SHA256. */
  readonly password?: Uint8Array;
  /** What mechanism 2 computes; needed with `hls`. */
  readonly hook?: HlsHook;
  /** Least protection that requests must have. */
  readonly policy: SecurityPolicy;
  /** Least protection of responses, where it is not that of requests (class 64 version 1 has both). */
  readonly responsePolicy?: SecurityPolicy;
  /** Requests must be signed (class 64 version 1). */
  readonly signedRequests?: boolean;
  readonly signedResponses?: boolean;
  /** 0 if not given. */
  readonly suite?: SecuritySuite;
  /** What clients may use; `ln` alone if not given. */
  readonly referencing?: readonly Referencing[];
  /** Where there are any, nobody else associates (class 15 version 2, user_list). */
  readonly users?: readonly AssociationUser[];
}

/** Keys with invocation counters that outlive an association; those of keys for one message count as the unicast key's. */
export type CountedKey = 'unicast' | 'broadcast';

/** One logical device as the server sees it; it serves its own objects, association objects included. */
export interface LogicalDevice {
  /** Wrapper: the server's wPort. HDLC: the upper address. */
  readonly address: number;
  readonly systemTitle: Uint8Array;
  readonly associations: readonly AssociationPolicy[];
  /** Next invocation counter for what this device sends under its global key. */
  nextInvocationCounter(): number;
  /**
   * Whether the counter is not below the lowest that is still accepted from a client under this key; that one is raised
   * above it then. The broadcast key counts apart: whoever else has it must not use up the counters of the unicast key.
   */
  acceptInvocationCounter(clientAddress: number, counter: number, key: CountedKey): boolean;
  /** The lowest counter that would be accepted under the unicast key; where given, a refused client is told (`invocation-counter-error`). */
  expectedInvocationCounter?(clientAddress: number): number;
  /** Short names of this device's objects, for clients that use them; absent where it knows none. */
  readonly shortNames?: readonly ShortName[];
  /** Answers at once, or `undefined` when `respond` will be given as a command later. */
  handle(request: CosemRequest, caller: Caller): CosemResponse | undefined;
}

export interface ServerConfig {
  /** Addresses of the link config are this server's; the client's is learned. HDLC: frames to other physical addresses are ignored. */
  readonly link: LinkConfig;
  readonly devices: readonly LogicalDevice[];
  /**
   * Wrapper: the device of an address that is none of `devices`, asked for when a client begins there and kept for as
   * long as its association stands; none stays unanswered.
   */
  readonly deviceAt?: (address: number) => LogicalDevice | undefined;
  /**
   * A gateway: the device that serves logical device `address` of the meter that a request's gateway prefix names; none
   * stays unanswered. Absent: requests behind a gateway prefix are for nobody.
   */
  readonly deviceBehind?: (gateway: GatewayAddress, address: number) => LogicalDevice | undefined;
  /** Largest PDU this server accepts. */
  readonly maxPduSize: number;
  readonly randomBytes: (length: number) => Uint8Array;
  /** An association without a request for so long is closed. */
  readonly idleTimeoutMs: number;
  /** Time for the whole of an authentication, 30 s if not given: who has not proved by then is forgotten. */
  readonly handshakeTimeoutMs?: number;
  /** General blocks in one go, 1 to 63; 6 if not given. On HDLC it is always one. */
  readonly generalBlockWindow?: number;
}

export type ServerCommand =
  /** Answer to a request whose `handle` returned undefined. */
  | { readonly type: 'respond'; readonly response: CosemResponse }
  /**
   * Push an APDU (DataNotification, EventNotification) to the peer: as it is, or under the association of the client
   * that is named (with the logical device that is named, or any), protected and in general blocks as that one asks for.
   * A DataNotification whose service class is confirmed leads to `notification-confirmed`; when to try again is push.ts'
   * business.
   */
  | {
      readonly type: 'notify';
      readonly apdu: Uint8Array;
      readonly clientAddress?: number;
      readonly serverAddress?: number;
    };

export type ServerEvent =
  | { readonly type: 'associated'; readonly caller: Caller }
  | { readonly type: 'refused'; readonly clientAddress: number; readonly diagnostic: string }
  | { readonly type: 'released'; readonly clientAddress: number }
  | {
      readonly type: 'notification-confirmed';
      readonly clientAddress: number;
      /** Long-Invoke-Id-And-Priority of the notification. */
      readonly longInvoke: number;
    }
  /** A notification that could not be sent under the association that was named. */
  | { readonly type: 'notification-failed'; readonly clientAddress: number; readonly error: DcuError }
  /** Something about security that a device wants in its fraud log. */
  | {
      readonly type: 'security';
      readonly code: 'authentication-failed' | 'decryption-failed' | 'replay-detected';
      readonly clientAddress: number;
    };

/** Server role: link + associations + services of all logical devices behind one connection (or one bus address). */
export interface ServerMachine extends Machine<ServerCommand, ServerEvent> {
  readonly counters: Readonly<LinkCounters>;
  /** Whose associations stand, the oldest first. */
  readonly associated: readonly LinkPeer[];
}
