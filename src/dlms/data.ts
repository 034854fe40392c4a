/** COSEM data (Blue Book, data types; A-XDR tags of Green Book 9.5). 64-bit integers are bigint, all others number. */
export type DlmsData =
  | { readonly type: 'null-data' }
  | { readonly type: 'array'; readonly elements: readonly DlmsData[] }
  | { readonly type: 'structure'; readonly elements: readonly DlmsData[] }
  | { readonly type: 'boolean'; readonly value: boolean }
  /** `value` holds ceil(bits/8) bytes, first bit in the top bit of the first byte. */
  | { readonly type: 'bit-string'; readonly value: Uint8Array; readonly bits: number }
  | { readonly type: 'double-long'; readonly value: number }
  | { readonly type: 'double-long-unsigned'; readonly value: number }
  | { readonly type: 'octet-string'; readonly value: Uint8Array }
  | { readonly type: 'visible-string'; readonly value: string }
  | { readonly type: 'utf8-string'; readonly value: string }
  | { readonly type: 'bcd'; readonly value: number }
  | { readonly type: 'integer'; readonly value: number }
  | { readonly type: 'long'; readonly value: number }
  | { readonly type: 'unsigned'; readonly value: number }
  | { readonly type: 'long-unsigned'; readonly value: number }
  /** Contents already expanded to what a plain array would hold. To be encoded as `description` says, else as the first element does. */
  | {
      readonly type: 'compact-array';
      readonly elements: readonly DlmsData[];
      readonly description?: TypeDescription;
    }
  | { readonly type: 'long64'; readonly value: bigint }
  | { readonly type: 'long64-unsigned'; readonly value: bigint }
  | { readonly type: 'enum'; readonly value: number }
  | { readonly type: 'float32'; readonly value: number }
  | { readonly type: 'float64'; readonly value: number }
  /** 12 raw bytes; see datetime.ts. */
  | { readonly type: 'date-time'; readonly value: Uint8Array }
  /** 5 raw bytes. */
  | { readonly type: 'date'; readonly value: Uint8Array }
  /** 4 raw bytes. */
  | { readonly type: 'time'; readonly value: Uint8Array }
  /** Differences to the value before, in a column of a profile or an array; see delta-values.ts. */
  | { readonly type: DeltaType; readonly value: number }
  /** A place that the receiver is to leave as it is. */
  | { readonly type: 'dont-care' };

export type DeltaType =
  | 'delta-integer'
  | 'delta-long'
  | 'delta-double-long'
  | 'delta-unsigned'
  | 'delta-long-unsigned'
  | 'delta-double-long-unsigned';

export type DlmsType = DlmsData['type'];

/** Types that are neither lists nor compact. */
export type SimpleType = Exclude<DlmsType, 'array' | 'structure' | 'compact-array'>;

/** What the elements of a compact-array are (Green Book 9.5, TypeDescription). */
export type TypeDescription =
  | { readonly type: 'array'; readonly count: number; readonly element: TypeDescription }
  | { readonly type: 'structure'; readonly elements: readonly TypeDescription[] }
  | { readonly type: SimpleType };
