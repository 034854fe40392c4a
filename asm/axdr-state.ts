// Vocabulary of the A-XDR decoder: outcomes, kinds of columns, and the layout of a column's state.

export const COMPLETE: i32 = 0;
export const TRUNCATED: i32 = 1;
export const UNSUPPORTED: i32 = 2;
export const CONFLICT: i32 = 3;
export const NOT_A_PROFILE: i32 = 4;

export const NONE: u8 = 0;
export const NUMBER: u8 = 1;
export const INT64: u8 = 2;
export const UINT64: u8 = 3;
export const DATE_TIME: u8 = 4;
export const BYTES: u8 = 5;

export const HINT_NUMBER: u8 = 0;
export const HINT_DATE_TIME: u8 = 1;
export const HINT_BYTES: u8 = 2;

/** Column state: hint, kind and tag once a value has fixed them; then the cell of the row last walked. */
export const HINT: usize = 0;
export const KIND: usize = 1;
export const TAG: usize = 2;
export const CELL_TAG: usize = 3;
export const CONTENT: usize = 4;
export const LENGTH: usize = 8;
/** The template's cell: offset of its content in the row, and whether it is null-data. */
export const T_OFFSET: usize = 12;
export const T_NULL: usize = 16;

export const DATE_TIME_LENGTH: u32 = 12;

/** What the walked cell makes of its column. */
export function kindOfCell(column: usize): u8 {
  const hint = load<u8>(column, HINT);
  if (hint == HINT_BYTES) return BYTES;
  const tag = load<u8>(column, CELL_TAG);
  switch (tag) {
    case 3: case 5: case 6: case 13: case 15: case 16: case 17: case 18: case 22: case 23: case 24:
      return NUMBER;
    case 20:
      return INT64;
    case 21:
      return UINT64;
    case 25:
      return hint == HINT_DATE_TIME ? DATE_TIME : BYTES;
    case 9:
      return hint == HINT_DATE_TIME && load<u32>(column, LENGTH) == DATE_TIME_LENGTH ? DATE_TIME : BYTES;
    default:
      return BYTES;
  }
}
