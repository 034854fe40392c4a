/** A-XDR profile decoding in TypeScript: a lean columnar decoder, and a plain one with objects. */

const DAY_MS = 86_400_000;

function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const m = month <= 2 ? month + 12 : month;
  return (
    365 * y +
    ((y / 4) | 0) -
    ((y / 100) | 0) +
    ((y / 400) | 0) +
    (((153 * (m - 3) + 2) / 5) | 0) +
    day -
    719469
  );
}

export interface TunedColumn {
  readonly kind: 'time' | 'number';
  readonly values: Float64Array;
}

/** Cell layout of the first row: offset of the content and its tag, and which bytes of a row are fixed. */
interface Layout {
  readonly width: number;
  readonly fixedAt: Uint16Array;
  readonly fixed: Uint8Array;
  readonly offsets: readonly number[];
  readonly tags: readonly number[];
}

const WIDTHS: Readonly<Record<number, number>> = { 5: 4, 6: 4, 15: 1, 16: 2, 17: 1, 18: 2, 22: 1 };

function learn(bytes: Uint8Array, at: number): Layout {
  const cells = bytes[at + 1] ?? 0;
  const fixedAt = [0, 1];
  const offsets: number[] = [];
  const tags: number[] = [];
  let p = at + 2;
  for (let i = 0; i < cells; i++) {
    const tag = bytes[p] ?? 0;
    fixedAt.push(p - at);
    p++;
    let width = WIDTHS[tag] ?? 0;
    if (tag === 9) {
      fixedAt.push(p - at);
      width = bytes[p] ?? 0;
      p++;
    }
    if (width === 0) throw new Error(`tag ${tag} is not of this benchmark`);
    offsets.push(p - at);
    tags.push(tag);
    p += width;
  }
  return {
    width: p - at,
    fixedAt: Uint16Array.from(fixedAt),
    fixed: Uint8Array.from(fixedAt, (offset) => bytes[at + offset] ?? 0),
    offsets,
    tags,
  };
}

function rowsAlike(bytes: Uint8Array, at: number, rows: number, { fixedAt, fixed, width }: Layout): boolean {
  const count = fixedAt.length;
  for (let row = 0, p = at; row < rows; row++, p += width) {
    for (let i = 0; i < count; i++) {
      if (bytes[p + (fixedAt[i] as number)] !== fixed[i]) return false;
    }
  }
  return true;
}

function fillTimes(bytes: Uint8Array, start: number, width: number, values: Float64Array): void {
  let date = -1;
  let midnight = 0;
  let p = start;
  for (let row = 0; row < values.length; row++, p += width) {
    const day =
      ((bytes[p] as number) << 24) |
      ((bytes[p + 1] as number) << 16) |
      ((bytes[p + 2] as number) << 8) |
      (bytes[p + 3] as number);
    if (day !== date) {
      date = day;
      midnight = daysFromCivil(day >>> 16, (day >> 8) & 0xff, day & 0xff) * DAY_MS;
    }
    const deviation = (((bytes[p + 9] as number) << 24) | ((bytes[p + 10] as number) << 16)) >> 16;
    const hundredths = bytes[p + 8] as number;
    const second = bytes[p + 7] as number;
    values[row] =
      midnight +
      (((bytes[p + 5] as number) * 60 + (bytes[p + 6] as number) + (deviation === -32768 ? 0 : deviation)) *
        60 +
        (second === 0xff ? 0 : second)) *
        1000 +
      (hundredths === 0xff ? 0 : hundredths * 10);
  }
}

function fillNumbers(
  bytes: Uint8Array,
  tag: number,
  start: number,
  width: number,
  values: Float64Array,
): void {
  const rows = values.length;
  let p = start;
  if (tag === 6) {
    for (let row = 0; row < rows; row++, p += width) {
      values[row] =
        (((bytes[p] as number) << 24) |
          ((bytes[p + 1] as number) << 16) |
          ((bytes[p + 2] as number) << 8) |
          (bytes[p + 3] as number)) >>>
        0;
    }
    return;
  }
  if (tag === 17 || tag === 22) {
    for (let row = 0; row < rows; row++, p += width) values[row] = bytes[p] as number;
    return;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let row = 0; row < rows; row++, p += width) {
    values[row] =
      tag === 5
        ? view.getInt32(p)
        : tag === 16
          ? view.getInt16(p)
          : tag === 18
            ? view.getUint16(p)
            : view.getInt8(p);
  }
}

/** Learns the row's layout, checks every row against it, then fills typed arrays column by column. */
export function decodeTuned(bytes: Uint8Array): TunedColumn[] {
  const first = bytes[1] ?? 0;
  const extra = first < 0x80 ? 0 : first - 0x80;
  let rows = extra === 0 ? first : 0;
  for (let i = 0; i < extra; i++) rows = (rows << 8) | (bytes[2 + i] ?? 0);
  const at = 2 + extra;
  const layout = learn(bytes, at);
  if (at + rows * layout.width > bytes.length || !rowsAlike(bytes, at, rows, layout)) {
    throw new Error('rows of unlike layout are not of this benchmark');
  }
  return layout.offsets.map((offset, i) => {
    const values = new Float64Array(rows);
    const tag = layout.tags[i] ?? 0;
    if (tag === 9) {
      fillTimes(bytes, at + offset, layout.width, values);
      return { kind: 'time', values };
    }
    fillNumbers(bytes, tag, at + offset, layout.width, values);
    return { kind: 'number', values };
  });
}

export type PlainValue = number | bigint | Date | null | Uint8Array | PlainValue[];

class Reader {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  #skip(length: number): number {
    const at = this.#at;
    this.#at += length;
    return at;
  }

  length(): number {
    const first = this.#view.getUint8(this.#skip(1));
    if (first < 0x80) return first;
    let value = 0;
    for (let i = 0; i < first - 0x80; i++) value = value * 256 + this.#view.getUint8(this.#skip(1));
    return value;
  }

  value(): PlainValue {
    const tag = this.#view.getUint8(this.#skip(1));
    switch (tag) {
      case 0:
        return null;
      case 1:
      case 2: {
        const count = this.length();
        const list: PlainValue[] = [];
        for (let i = 0; i < count; i++) list.push(this.value());
        return list;
      }
      case 5:
        return this.#view.getInt32(this.#skip(4));
      case 6:
        return this.#view.getUint32(this.#skip(4));
      case 9: {
        const length = this.length();
        const at = this.#skip(length);
        return this.#bytes.slice(at, at + length);
      }
      case 15:
        return this.#view.getInt8(this.#skip(1));
      case 16:
        return this.#view.getInt16(this.#skip(2));
      case 17:
      case 22:
        return this.#view.getUint8(this.#skip(1));
      case 18:
        return this.#view.getUint16(this.#skip(2));
      case 20:
        return this.#view.getBigInt64(this.#skip(8));
      case 21:
        return this.#view.getBigUint64(this.#skip(8));
      default:
        throw new Error(`tag ${tag} is not supported`);
    }
  }
}

function toDate(bytes: Uint8Array): Date {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const deviation = view.getInt16(9);
  const or0 = (value: number, open: number): number => (value === open ? 0 : value);
  return new Date(
    Date.UTC(
      view.getUint16(0),
      view.getUint8(2) - 1,
      view.getUint8(3),
      view.getUint8(5),
      view.getUint8(6) + or0(deviation, -32768),
      or0(view.getUint8(7), 0xff),
      or0(view.getUint8(8), 0xff) * 10,
    ),
  );
}

export interface PlainRow {
  readonly time: Date;
  readonly values: readonly PlainValue[];
}

/** As one writes it at first: a recursive reader, an object a row, a `Date` a time. */
export function decodeIdiomatic(bytes: Uint8Array): PlainRow[] {
  const rows = new Reader(bytes).value();
  if (!Array.isArray(rows)) throw new Error('not a profile');
  return rows.map((row) => {
    if (!Array.isArray(row)) throw new Error('not a row');
    const [clock, ...values] = row;
    if (!(clock instanceof Uint8Array)) throw new Error('not a clock');
    return { time: toDate(clock), values };
  });
}
