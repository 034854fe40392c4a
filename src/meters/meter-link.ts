import type { DcuError } from '../base/errors.ts';
import type { AccessSelection, CosemAttribute, GetResult, NegotiatedAssociation } from '../dlms/client.ts';
import type { DlmsData } from '../dlms/data.ts';
import type { LinkCounters } from '../dlms/link/link.ts';

/** An open association as a session uses it; `channels/` makes the real ones. Requests go one at a time. */
export interface MeterLink {
  readonly association: NegotiatedAssociation;
  readonly counters: Readonly<LinkCounters>;
  /** What ended the association; undefined while it stands. */
  readonly ended: DcuError | undefined;
  get(
    attribute: CosemAttribute,
    selection?: AccessSelection,
    onBlock?: (data: Uint8Array) => void,
  ): Promise<GetResult>;
  getList(attributes: readonly CosemAttribute[]): Promise<readonly GetResult[]>;
  /** The standard's name of the result, `success` when it was set. */
  set(attribute: CosemAttribute, value: DlmsData): Promise<string>;
  action(
    method: CosemAttribute,
    parameter?: DlmsData,
  ): Promise<{ readonly result: string; readonly data?: Uint8Array }>;
  /** See `DlmsClient.breakOff`; absent where transfers cannot be broken off. */
  breakOff?(wanted: boolean): void;
  release(): Promise<void>;
  /** Ends at once, without a word to the meter. */
  abort(reason?: DcuError): void;
}
