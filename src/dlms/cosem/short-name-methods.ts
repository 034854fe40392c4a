/** Methods of one class that lie one behind the other, eight apart, from `offset` behind the base name. */
interface MethodNames {
  readonly classId: number;
  /** Versions of the class, from … to. */
  readonly versions: readonly [from: number, to: number];
  readonly methods: readonly [first: number, last: number];
  readonly offset: number;
  /** Methods that answer with a value, and so are read, not written. */
  readonly returning?: readonly number[];
}

/**
 * Where short-name referencing finds the methods of a class (the short names in the class tables of the Blue Book,
 * clause 4). The tables leave room between attributes and methods as they please, so there is no rule, and a
 * class or version that is not here has no known names: guessing could write an attribute of the object behind.
 */
const METHOD_NAMES: readonly MethodNames[] = [
  { classId: 3, versions: [0, 0], methods: [1, 1], offset: 0x28 },
  { classId: 4, versions: [0, 0], methods: [1, 1], offset: 0x38 },
  { classId: 5, versions: [0, 0], methods: [1, 2], offset: 0x48 },
  { classId: 6, versions: [0, 0], methods: [1, 3], offset: 0x30 },
  { classId: 7, versions: [0, 1], methods: [1, 4], offset: 0x58 },
  { classId: 8, versions: [0, 0], methods: [1, 6], offset: 0x60 },
  { classId: 9, versions: [0, 0], methods: [1, 1], offset: 0x20 },
  { classId: 10, versions: [0, 0], methods: [1, 3], offset: 0x20 },
  { classId: 11, versions: [0, 0], methods: [1, 2], offset: 0x10 },
  { classId: 12, versions: [0, 0], methods: [1, 8], offset: 0x20, returning: [1, 2, 3, 4, 7, 8] },
  { classId: 12, versions: [1, 2], methods: [3, 8], offset: 0x30, returning: [3, 4, 8] },
  { classId: 12, versions: [3, 255], methods: [3, 10], offset: 0x30, returning: [3, 4, 8] },
  { classId: 17, versions: [0, 0], methods: [1, 1], offset: 0x20 },
  { classId: 18, versions: [0, 0], methods: [1, 4], offset: 0x40 },
  { classId: 20, versions: [0, 0], methods: [1, 1], offset: 0x50 },
  { classId: 30, versions: [0, 0], methods: [1, 3], offset: 0x30, returning: [1, 3] },
  { classId: 40, versions: [0, 0], methods: [1, 1], offset: 0x38 },
  { classId: 42, versions: [0, 0], methods: [1, 3], offset: 0x60, returning: [3] },
  { classId: 61, versions: [0, 0], methods: [1, 2], offset: 0x28 },
  { classId: 64, versions: [0, 0], methods: [1, 2], offset: 0x28 },
  { classId: 64, versions: [1, 1], methods: [1, 8], offset: 0x30, returning: [3, 5, 7] },
  { classId: 65, versions: [0, 0], methods: [1, 2], offset: 0x20 },
  { classId: 67, versions: [0, 0], methods: [1, 1], offset: 0x80 },
  { classId: 70, versions: [0, 1], methods: [1, 2], offset: 0x20 },
  { classId: 72, versions: [0, 0], methods: [1, 8], offset: 0x60 },
  { classId: 72, versions: [1, 1], methods: [1, 8], offset: 0x70 },
];

/** Attributes and methods lie so far apart. */
export const NAME_STEP = 8;

const BY_CLASS = Map.groupBy(METHOD_NAMES, ({ classId }) => classId);

function rowOf(classId: number, version: number): MethodNames | undefined {
  return BY_CLASS.get(classId)?.find(({ versions: [from, to] }) => version >= from && version <= to);
}

/** How far behind the base name a method lies; undefined where that is not known. */
export function methodOffset(classId: number, version: number, method: number): number | undefined {
  const row = rowOf(classId, version);
  if (row === undefined || method < row.methods[0] || method > row.methods[1]) return undefined;
  return row.offset + NAME_STEP * (method - row.methods[0]);
}

/** The method that lies so far behind the base name; undefined where there is none. */
export function methodAt(classId: number, version: number, offset: number): number | undefined {
  const row = rowOf(classId, version);
  if (row === undefined || offset < row.offset || offset % NAME_STEP !== 0) return undefined;
  const method = row.methods[0] + (offset - row.offset) / NAME_STEP;
  return method > row.methods[1] ? undefined : method;
}

/** Whether a method answers with a value: it is read with its parameter then, for a WRITE brings nothing back. */
export function returnsValue(classId: number, version: number, method: number): boolean {
  return rowOf(classId, version)?.returning?.includes(method) === true;
}

/** Names that the methods of a class take, counted from the base name; 0 where it has none that are known. */
export function methodExtent(classId: number, version: number): number {
  const row = rowOf(classId, version);
  return row === undefined ? 0 : row.offset + NAME_STEP * (row.methods[1] - row.methods[0] + 1);
}
