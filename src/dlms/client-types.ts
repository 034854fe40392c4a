import type { DcuError } from '../base/errors.ts';
import type { Machine } from '../base/machine.ts';
import type { AuthMechanism, SecurityPolicy, SecuritySuite } from '../base/model.ts';
import type { ConformanceBit } from './apdu/conformance.ts';
import type { CipheringForm, HlsHook, KeyMaterial } from './ciphering/types.ts';
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

/** Selective access, in words for a profile generic's buffer (Blue Book, class 7). */
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
    }
  /** Any other access selector of a class, with the parameter that the class defines for it. */
  | { readonly by: 'selector'; readonly selector: number; readonly parameter: DlmsData };

/** How objects are named: by logical names, by short names, or by what the server turns out to speak. */
export type Referencing = 'ln' | 'sn';

/** An object as short-name referencing sees it: attribute n has the name `baseName` + 8·(n−1) (Blue Book 4.1.2). */
export interface ShortName {
  readonly baseName: number;
  readonly classId: number;
  readonly version: number;
  readonly obis: string;
}

export interface AssociationConfig extends KeyMaterial {
  readonly auth: AuthMechanism;
  /** `ln` if not given; `auto` tries logical names first and short names when the server does not know that context. */
  readonly referencing?: Referencing | 'auto';
  /** Short names that are known already, so that the meter's list of them is not read. */
  readonly shortNames?: readonly ShortName[];
  /** LLS; and the secret of HLS-MD5, HLS-SHA1 and HLS-SHA256. */
  readonly password?: Uint8Array;
  /** What mechanism 2 computes; needed with `hls`. */
  readonly hook?: HlsHook;
  readonly policy: SecurityPolicy;
  /** 0 if not given. */
  readonly suite?: SecuritySuite;
  /** How protected APDUs are framed; `service-specific` if not given. */
  readonly form?: CipheringForm;
  /** A fresh dedicated key for this association, sent in the InitiateRequest; forms then use the ded- tags. */
  readonly dedicated?: boolean;
  /** Requests are signed with `signingKey` inside or around the ciphering (general-signing). */
  readonly signed?: boolean;
  /** Answers that `peerSigningKey` has not signed are refused. */
  readonly signedResponses?: boolean;
  /** Eight bytes; needed with hls-gmac, hls-sha256, hls-ecdsa, or any policy but none. */
  readonly systemTitle?: Uint8Array;
  /** Expected from the meter; what its AARE says wins. */
  readonly meterSystemTitle?: Uint8Array;
  /** calling-AE-invocation-id: the user of class 15 version 2. */
  readonly userId?: number;
  /** Services to propose instead of all that the dialect has. */
  readonly proposedConformance?: readonly ConformanceBit[];
  /** Gives the next invocation counter; each value is used once. */
  readonly nextInvocationCounter?: () => number;
  /** General block transfer is proposed, and requests use it where no other blocks are due; 1 to 63 blocks in one go. */
  readonly generalBlocks?: { readonly window: number; readonly always?: boolean };
  /** The keys as they are now, where they may change while the association stands (key_transfer): asked before each request. */
  readonly currentKeys?: () => KeyMaterial;
  /** Lowest invocation counter still accepted from the meter. */
  readonly lowestMeterCounter?: number;
  /** Told what `lowestMeterCounter` is from now on, whenever an authenticated APDU under the global key has raised it. */
  readonly onMeterCounter?: (lowest: number) => void;
  /** Client max receive PDU size proposed in the InitiateRequest. */
  readonly maxPduSize: number;
}

export interface ClientConfig {
  readonly link: LinkConfig;
  readonly association: AssociationConfig;
  /** Random bytes for challenges. */
  readonly randomBytes: (length: number) => Uint8Array;
}

/** An attribute with the part of it that is wanted. */
export interface SelectedAttribute {
  readonly attribute: CosemAttribute;
  readonly selection: AccessSelection;
}

export interface AttributeSetting {
  readonly attribute: CosemAttribute;
  readonly value: DlmsData;
}

export interface MethodCall {
  readonly method: CosemAttribute;
  readonly parameter?: DlmsData;
}

/** One item of an access-request (Green Book 9.3.13). */
export type AccessSpecification =
  | { readonly type: 'get'; readonly attribute: CosemAttribute; readonly selection?: AccessSelection }
  | { readonly type: 'set'; readonly attribute: CosemAttribute; readonly value: DlmsData }
  | { readonly type: 'action'; readonly method: CosemAttribute; readonly parameter?: DlmsData };

export type ClientCommand =
  /** Link, AARQ/AARE and HLS passes 3 and 4, in one. */
  | { readonly type: 'open' }
  | { readonly type: 'get'; readonly attribute: CosemAttribute; readonly selection?: AccessSelection }
  | { readonly type: 'get-list'; readonly attributes: readonly (CosemAttribute | SelectedAttribute)[] }
  /** `confirmed: false`: no answer is asked for, the result is `success` as soon as it is sent. */
  | {
      readonly type: 'set';
      readonly attribute: CosemAttribute;
      readonly value: DlmsData;
      readonly confirmed?: boolean;
    }
  | { readonly type: 'set-list'; readonly settings: readonly AttributeSetting[] }
  | {
      readonly type: 'action';
      readonly method: CosemAttribute;
      readonly parameter?: DlmsData;
      readonly confirmed?: boolean;
    }
  | { readonly type: 'action-list'; readonly calls: readonly MethodCall[] }
  /** The unified service: gets, sets and actions in one request. */
  | {
      readonly type: 'access';
      readonly specifications: readonly AccessSpecification[];
      /** Nothing is done behind the first item that fails. */
      readonly breakOnError?: boolean;
    }
  /**
   * The value that comes in blocks is asked for no further than its next block: the request then fails with `preempted`,
   * and the association is free for others. A request that is answered in one piece is not touched.
   */
  | { readonly type: 'break-off' }
  /** Release and link disconnect. */
  | { readonly type: 'release' };

/** A meter's refusal is a value, not an exception: the standard's name of the data-access-result or action-result. */
export type GetResult =
  /** A-XDR bytes of the data, undecoded (profile buffers go to the kernel as they are). */
  { readonly ok: true; readonly data: Uint8Array } | { readonly ok: false; readonly result: string };

/** What became of one item of an access-request: the standard's result name, and the A-XDR bytes that came with it. */
export interface AccessResult {
  readonly result: string;
  readonly data?: Uint8Array;
}

export interface NegotiatedAssociation {
  readonly referencing: Referencing;
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
  | { readonly type: 'set-list-result'; readonly results: readonly string[] }
  | { readonly type: 'action-result'; readonly result: string; readonly data?: Uint8Array }
  | { readonly type: 'action-list-result'; readonly results: readonly AccessResult[] }
  | { readonly type: 'access-result'; readonly results: readonly AccessResult[] }
  | { readonly type: 'released' }
  /** DataNotification, EventNotification or InformationReport received unasked: the plain APDU. */
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
