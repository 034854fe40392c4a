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
  /** Contents already expanded to what a plain array would hold. */
  | { readonly type: 'compact-array'; readonly elements: readonly DlmsData[] }
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
  | { readonly type: 'time'; readonly value: Uint8Array };

export type DlmsType = DlmsData['type'];
