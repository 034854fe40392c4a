/** What the kernels hand out and take; the façade in `index.ts` implements it. */

export interface HdlcFrame {
  /** Values with the 7-bit groups joined: a 2-byte address is upper << 7 | lower, a 4-byte one upper << 14 | lower. */
  readonly destination: number;
  readonly destinationBytes: 1 | 2 | 4;
  readonly source: number;
  readonly sourceBytes: 1 | 2 | 4;
  readonly control: number;
  readonly segmented: boolean;
  /** A copy: safe to keep. Empty if the frame has none. */
  readonly info: Uint8Array;
}

export interface DeframerCounters {
  readonly frames: number;
  readonly rejectedHeaders: number;
  readonly badFcs: number;
}

/** Bounded; whole, byte-wise and random splits of the same input give the same frames. */
export interface HdlcDeframer {
  push(bytes: Uint8Array): HdlcFrame[];
  /** Bytes held back that may become a frame. */
  readonly pending: number;
  /** After the inter-octet time-out: drops the flag that waits and scans on behind it. */
  giveUp(): HdlcFrame[];
  /** Forgets everything held. */
  reset(): void;
  readonly counters: DeframerCounters;
}

/** One AES-128 or AES-256 key; key material lives behind a handle until `release`. */
export interface GcmKey {
  /** Ciphertext followed by the tag. `iv` is 12 bytes. */
  seal(iv: Uint8Array, aad: Uint8Array, plaintext: Uint8Array, tagLength: 12 | 16): Uint8Array;
  /** Plaintext, or undefined when the tag does not verify (nothing is handed out then). `sealed` ends with the tag. */
  open(iv: Uint8Array, aad: Uint8Array, sealed: Uint8Array, tagLength: 12 | 16): Uint8Array | undefined;
  /** CTR with the GCM counter layout and no tag: encryption-only policies. The result is not authenticated. */
  crypt(iv: Uint8Array, data: Uint8Array): Uint8Array;
  /** Wipes the key; any use afterwards throws. */
  release(): void;
}

export type ColumnHint = 'date-time' | 'number' | 'bytes';

/** One decoded column of a profile buffer; `valid[row]` is 0 where the buffer had null-data. */
export type DecodedColumn =
  /** Any integer of up to 32 bits, enum, bcd, boolean, float32/64. */
  | {
      readonly kind: 'number';
      readonly tag: number;
      readonly values: Float64Array;
      readonly valid: Uint8Array;
    }
  | {
      readonly kind: 'int64';
      readonly tag: number;
      readonly values: BigInt64Array;
      readonly valid: Uint8Array;
    }
  | {
      readonly kind: 'uint64';
      readonly tag: number;
      readonly values: BigUint64Array;
      readonly valid: Uint8Array;
    }
  /** UTC ms; NaN where unspecified. Deviation in minutes as in the bytes (-32768 = unspecified), status byte. */
  | {
      readonly kind: 'date-time';
      readonly tag: number;
      readonly values: Float64Array;
      readonly valid: Uint8Array;
      readonly deviation: Int16Array;
      readonly status: Uint8Array;
      /** What was not specified and counts as 0: bit 0 deviation, bit 1 second, bit 2 hundredths. */
      readonly flags: Uint8Array;
    }
  /** Offset and length of the content in the input buffer. */
  | {
      readonly kind: 'bytes';
      readonly tag: number;
      readonly offsets: Uint32Array;
      readonly lengths: Uint32Array;
      readonly valid: Uint8Array;
    };

export type DecodeStatus = 'complete' | 'truncated' | 'unsupported-tag' | 'type-conflict' | 'not-a-profile';

export interface DecodedProfile {
  /** Complete rows decoded; what was good is kept whatever the status. */
  readonly rows: number;
  /** Rows that the array's count announced. */
  readonly announcedRows: number;
  readonly consumed: number;
  readonly status: DecodeStatus;
  /** Offset (unsupported-tag, not-a-profile) or column (type-conflict). */
  readonly at: number;
  readonly columns: readonly DecodedColumn[];
}
