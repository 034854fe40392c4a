import type { DcuError } from '../base/errors.ts';
import type { Machine } from '../base/machine.ts';
import type { AuthMechanism, SecurityPolicy } from '../base/model.ts';
import type { DlmsData } from './data.ts';
import type { LinkConfig, LinkCounters } from './link/link.ts';

/** Names one attribute or method of one object in logical-name referencing. */
export interface CosemAttribute {
  readonly classId: number;
  /** Six decimal groups, `1.0.1.8.0.255`. */
  readonly obis: string;
  readonly attribute: number;
}

/** A column of a profile generic: an attribute, or one element of it (Blue Book, class 7, capture_object_definition). */
export interface CaptureObject extends CosemAttribute {
  /** 0 = the whole attribute, else the element of its structure or array, counted from 1. */
  readonly dataIndex: number;
}

/** Selective access of a profile generic's buffer (Blue Book, class 7). */
export type AccessSelection =
  /** Rows whose restricting object (the clock unless said otherwise) lies in [from, to]; encoded DLMS values. */
  | {
      readonly by: 'range';
      readonly restricting: CosemAttribute;
      readonly from: DlmsData;
      readonly to: DlmsData;
      /** The columns wanted, in this order; absent or empty = all. */
      readonly columns?: readonly CaptureObject[];
    }
  /** Rows `fromEntry`..`toEntry` and columns `fromColumn`..`toColumn`, counted from 1; toEntry and toColumn 0 = the last. */
  | {
      readonly by: 'entry';
      readonly fromEntry: number;
      readonly toEntry: number;
      /** 1 if not given. */
      readonly fromColumn?: number;
      /** 0 if not given. */
      readonly toColumn?: number;
    };

export interface AssociationConfig {
  readonly auth: AuthMechanism;
  /** LLS. */
  readonly password?: Uint8Array;
  readonly policy: SecurityPolicy;
  /** Eight bytes; needed with hls-gmac or any policy but none. */
  readonly systemTitle?: Uint8Array;
  /** Expected from the meter; what its AARE says wins. */
  readonly meterSystemTitle?: Uint8Array;
  /** 16 bytes. */
  readonly encryptionKey?: Uint8Array;
  /** 16 bytes. */
  readonly authenticationKey?: Uint8Array;
  /** Gives the next invocation counter; each value is used once. */
  readonly nextInvocationCounter?: () => number;
  /** Lowest invocation counter still accepted from the meter. */
  readonly lowestMeterCounter?: number;
  /** Client max receive PDU size proposed in the InitiateRequest. */
  readonly maxPduSize: number;
}

export interface ClientConfig {
  readonly link: LinkConfig;
  readonly association: AssociationConfig;
  /** Random bytes for challenges. */
  readonly randomBytes: (length: number) => Uint8Array;
}

export type ClientCommand =
  /** Link, AARQ/AARE and HLS passes 3 and 4, in one. */
  | { readonly type: 'open' }
  | { readonly type: 'get'; readonly attribute: CosemAttribute; readonly selection?: AccessSelection }
  | { readonly type: 'get-list'; readonly attributes: readonly CosemAttribute[] }
  | { readonly type: 'set'; readonly attribute: CosemAttribute; readonly value: DlmsData }
  | { readonly type: 'action'; readonly method: CosemAttribute; readonly parameter?: DlmsData }
  /** Release and link disconnect. */
  | { readonly type: 'release' };

/** A meter's refusal is a value, not an exception: the standard's name of the data-access-result or action-result. */
export type GetResult =
  /** A-XDR bytes of the data, undecoded (profile buffers go to the kernel as they are). */
  { readonly ok: true; readonly data: Uint8Array } | { readonly ok: false; readonly result: string };

export interface NegotiatedAssociation {
  /** Names of the conformance bits granted. */
  readonly conformance: readonly string[];
  readonly serverMaxPduSize: number;
  readonly serverSystemTitle?: Uint8Array;
}

export type ClientEvent =
  | { readonly type: 'opened'; readonly association: NegotiatedAssociation }
  /** Raw bytes of one data block as it arrives, for progress and for what can be saved of a broken transfer. */
  | { readonly type: 'block'; readonly blockNumber: number; readonly data: Uint8Array }
  | { readonly type: 'get-result'; readonly results: readonly GetResult[] }
  | { readonly type: 'set-result'; readonly result: string }
  | { readonly type: 'action-result'; readonly result: string; readonly data?: Uint8Array }
  | { readonly type: 'released' }
  /** DataNotification or EventNotification received unasked: the plain APDU. */
  | { readonly type: 'notification'; readonly apdu: Uint8Array }
  /** The request failed, the association may stand (exception response, service error, block out of order). */
  | { readonly type: 'request-failed'; readonly error: DcuError }
  /** The association is gone: no answer, refused, wrong key, link lost. */
  | { readonly type: 'failed'; readonly error: DcuError };

/** Client role: link + association + services in one machine. One request at a time. */
export interface ClientMachine extends Machine<ClientCommand, ClientEvent> {
  readonly counters: Readonly<LinkCounters>;
  /** Lowest invocation counter still accepted from the meter; to be kept for the next machine's configuration. */
  readonly lowestMeterCounter?: number;
}
