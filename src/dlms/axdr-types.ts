import type { DlmsType } from './data.ts';

/** A-XDR tags of the COSEM data types (Blue Book, common data types; Green Book 9.5). */
export const DATA_TAGS = {
  'null-data': 0,
  array: 1,
  structure: 2,
  boolean: 3,
  'bit-string': 4,
  'double-long': 5,
  'double-long-unsigned': 6,
  'octet-string': 9,
  'visible-string': 10,
  'utf8-string': 12,
  bcd: 13,
  integer: 15,
  long: 16,
  unsigned: 17,
  'long-unsigned': 18,
  'compact-array': 19,
  long64: 20,
  'long64-unsigned': 21,
  enum: 22,
  float32: 23,
  float64: 24,
  'date-time': 25,
  date: 26,
  time: 27,
  'delta-integer': 28,
  'delta-long': 29,
  'delta-double-long': 30,
  'delta-unsigned': 31,
  'delta-long-unsigned': 32,
  'delta-double-long-unsigned': 33,
  'dont-care': 255,
} as const satisfies Record<DlmsType, number>;

const TYPES_BY_TAG = new Map<number, DlmsType>(
  Object.entries(DATA_TAGS).map(([type, tag]) => [tag, type as DlmsType]),
);

/** The type of an A-XDR tag; undefined for tags that COSEM does not define. */
export function typeOfTag(tag: number): DlmsType | undefined {
  return TYPES_BY_TAG.get(tag);
}

/** Content bytes of the types whose length is fixed. */
export const FIXED_SIZES: Partial<Record<DlmsType, number>> = {
  'null-data': 0,
  boolean: 1,
  'double-long': 4,
  'double-long-unsigned': 4,
  bcd: 1,
  integer: 1,
  long: 2,
  unsigned: 1,
  'long-unsigned': 2,
  long64: 8,
  'long64-unsigned': 8,
  enum: 1,
  float32: 4,
  float64: 8,
  'date-time': 12,
  date: 5,
  time: 4,
  'delta-integer': 1,
  'delta-long': 2,
  'delta-double-long': 4,
  'delta-unsigned': 1,
  'delta-long-unsigned': 2,
  'delta-double-long-unsigned': 4,
  'dont-care': 0,
};
