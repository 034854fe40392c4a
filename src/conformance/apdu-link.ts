/** A data link that stands, as the tests of the application layer use it. */
export interface ApduLink {
  /** Longest silence of an answer that is due. */
  readonly timeoutMs: number;
  /** The link or the connection is gone. */
  readonly closed: boolean;
  /** Sends an APDU as it is and gives the next one that comes; undefined when none does within `withinMs`. */
  exchange(apdu: Uint8Array, withinMs?: number): Promise<Uint8Array | undefined>;
  close(): Promise<void>;
}

/** data-notification and event-notification with its ciphered forms: no answer to what was asked. */
const UNASKED: ReadonlySet<number> = new Set([0x0f, 0xc2, 0xca, 0xd2]);

export const isUnasked = (apdu: Uint8Array): boolean => UNASKED.has(apdu[0] ?? 0);

export interface LinkTiming {
  readonly timeoutMs: number;
  readonly quietMs: number;
}
