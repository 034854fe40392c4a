import type { ColumnHint, DecodedColumn, DecodedProfile, DecodeStatus } from '../../../src/kernels/types.ts';
import { dateTime } from './date-time.ts';

const MAX_NESTING = 4;

const WIDTHS: Readonly<Record<number, number>> = {
  0: 0,
  3: 1,
  13: 1,
  15: 1,
  17: 1,
  22: 1,
  16: 2,
  18: 2,
  5: 4,
  6: 4,
  23: 4,
  20: 8,
  21: 8,
  24: 8,
  25: 12,
  26: 5,
  27: 4,
};

class Stop extends Error {
  readonly status: DecodeStatus;
  readonly at: number;

  constructor(status: DecodeStatus, at: number) {
    super(status);
    this.status = status;
    this.at = at;
  }
}

interface Element {
  readonly tag: number;
  /** Content; for arrays and structures the whole element with its tag. */
  readonly offset: number;
  readonly length: number;
  readonly end: number;
}

class Walker {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  byte(at: number): number {
    const byte = this.#bytes[at];
    if (byte === undefined) throw new Stop('truncated', at);
    return byte;
  }

  count(at: number): { readonly value: number; readonly end: number } {
    const first = this.byte(at);
    if (first < 0x80) return { value: first, end: at + 1 };
    if (first < 0x81 || first > 0x84) throw new Stop('unsupported-tag', at);
    let value = 0;
    const end = at + 1 + (first - 0x80);
    for (let i = at + 1; i < end; i++) value = value * 256 + this.byte(i);
    return { value, end };
  }

  element(at: number, nesting = 0): Element {
    const tag = this.byte(at);
    if (tag === 1 || tag === 2) {
      if (nesting === MAX_NESTING) throw new Stop('unsupported-tag', at);
      const { value, end } = this.count(at + 1);
      let next = end;
      for (let i = 0; i < value; i++) next = this.element(next, nesting + 1).end;
      return { tag, offset: at, length: next - at, end: next };
    }
    if (tag === 4 || tag === 9 || tag === 10 || tag === 12) {
      const { value, end } = this.count(at + 1);
      return this.#content(tag, end, tag === 4 ? Math.ceil(value / 8) : value);
    }
    const width = WIDTHS[tag];
    if (width === undefined) throw new Stop('unsupported-tag', at);
    return this.#content(tag, at + 1, width);
  }

  #content(tag: number, offset: number, length: number): Element {
    if (offset + length > this.#bytes.length) throw new Stop('truncated', offset);
    return { tag, offset, length, end: offset + length };
  }
}

type Kind = DecodedColumn['kind'];

function kindOf(element: Element, hint: ColumnHint): Kind {
  const { tag, length } = element;
  if (hint === 'bytes') return 'bytes';
  if (hint === 'date-time' && (tag === 25 || (tag === 9 && length === 12))) return 'date-time';
  if (tag === 20) return 'int64';
  if (tag === 21) return 'uint64';
  return [3, 5, 6, 13, 15, 16, 17, 18, 22, 23, 24].includes(tag) ? 'number' : 'bytes';
}

const KIND_OF_HINT = { 'date-time': 'date-time', number: 'number', bytes: 'bytes' } as const;

function numberOf(view: DataView, { tag, offset }: Element): number {
  switch (tag) {
    case 3:
      return view.getUint8(offset) === 0 ? 0 : 1;
    case 5:
      return view.getInt32(offset);
    case 6:
      return view.getUint32(offset);
    case 15:
      return view.getInt8(offset);
    case 16:
      return view.getInt16(offset);
    case 18:
      return view.getUint16(offset);
    case 23:
      return view.getFloat32(offset);
    case 24:
      return view.getFloat64(offset);
    default:
      return view.getUint8(offset);
  }
}

function build(
  bytes: Uint8Array,
  fixed: { readonly kind: Kind; readonly tag: number },
  cells: readonly Element[],
): DecodedColumn {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const rows = cells.length;
  const valid = Uint8Array.from(cells, (cell) => (cell.tag === 0 ? 0 : 1));
  const { kind, tag } = fixed;
  switch (kind) {
    case 'number':
      return {
        kind,
        tag,
        valid,
        values: Float64Array.from(cells, (cell) => (cell.tag === 0 ? Number.NaN : numberOf(view, cell))),
      };
    case 'int64':
      return {
        kind,
        tag,
        valid,
        values: BigInt64Array.from(cells, (cell) => (cell.tag === 0 ? 0n : view.getBigInt64(cell.offset))),
      };
    case 'uint64':
      return {
        kind,
        tag,
        valid,
        values: BigUint64Array.from(cells, (cell) => (cell.tag === 0 ? 0n : view.getBigUint64(cell.offset))),
      };
    case 'bytes':
      return {
        kind,
        tag,
        valid,
        offsets: Uint32Array.from(cells, (cell) => (cell.tag === 0 ? 0 : cell.offset)),
        lengths: Uint32Array.from(cells, (cell) => (cell.tag === 0 ? 0 : cell.length)),
      };
    case 'date-time': {
      const values = new Float64Array(rows).fill(Number.NaN);
      const deviation = new Int16Array(rows).fill(-32768);
      const status = new Uint8Array(rows).fill(0xff);
      const flags = new Uint8Array(rows);
      cells.forEach((cell, row) => {
        if (cell.tag === 0) return;
        const time = dateTime(bytes.subarray(cell.offset, cell.offset + 12));
        values[row] = time.ms;
        deviation[row] = time.deviation;
        status[row] = time.status;
        flags[row] = time.flags;
      });
      return { kind, tag, valid, values, deviation, status, flags };
    }
  }
}

/** The plain decoder: elements first, then columns; nothing is clever. */
export function decodeProfile(
  bytes: Uint8Array,
  hints: readonly ColumnHint[],
  capacityRows = Number.POSITIVE_INFINITY,
): DecodedProfile {
  const walker = new Walker(bytes);
  const cells: Element[][] = hints.map(() => []);
  const fixed: { kind: Kind; tag: number }[] = hints.map((hint) => ({ kind: KIND_OF_HINT[hint], tag: 0 }));
  let rows = 0;
  let announcedRows = 0;
  let consumed = 0;
  let status: DecodeStatus = 'complete';
  let at: number | undefined;
  try {
    const tag = walker.byte(0);
    if (tag !== 1) throw new Stop(tag === 19 ? 'unsupported-tag' : 'not-a-profile', 0);
    const announced = walker.count(1);
    announcedRows = announced.value;
    consumed = announced.end;
    while (rows < announcedRows) {
      if (rows >= capacityRows) throw new Stop('truncated', consumed);
      if (walker.byte(consumed) !== 2) throw new Stop('not-a-profile', consumed);
      const count = walker.count(consumed + 1);
      if (count.value !== hints.length) {
        throw new Stop('type-conflict', Math.min(count.value, hints.length));
      }
      let next = count.end;
      const row = hints.map((hint, column) => {
        const element = walker.element(next);
        next = element.end;
        const known = fixed[column]?.tag ?? 0;
        const clash = element.tag !== 0 && known !== 0 && known !== element.tag;
        const kind = fixed[column]?.kind;
        const otherKind = element.tag !== 0 && known !== 0 && kindOf(element, hint) !== kind;
        if (clash || otherKind) throw new Stop('type-conflict', column);
        return element;
      });
      row.forEach((element, column) => {
        const hint = hints[column];
        if (element.tag !== 0 && hint !== undefined) {
          fixed[column] = { kind: kindOf(element, hint), tag: element.tag };
        }
        cells[column]?.push(element);
      });
      consumed = next;
      rows++;
    }
  } catch (thrown) {
    if (!(thrown instanceof Stop)) throw thrown;
    status = thrown.status;
    at = thrown.status === 'truncated' ? consumed : thrown.at;
  }
  return {
    rows,
    announcedRows,
    consumed,
    status,
    at: at ?? consumed,
    columns: cells.map((column, i) => build(bytes, fixed[i] ?? { kind: 'bytes', tag: 0 }, column)),
  };
}
