import type { ByPhase, MissingCause } from '../base/balance.ts';
import type { CaptureColumn, ColumnValues, ProfileRows } from '../base/model.ts';

/** DLMS unit enumeration (Blue Book, class 3): watt hours. */
const WH = 30;
/** mWh. With the limit below, the sums of as many meters as an archive holds stay exact in a double. */
const FINEST_SCALER = -3;
/** What is beyond is no energy of an interval. */
const MOST_WH = 4e9;
const COARSEST_SCALER = 9;
/** Clock status (Blue Book 4.1.6.1): invalid or doubtful value. */
const UNSURE = 0x03;
const UNSPECIFIED = 0xff;

/** Value group C of import and export: all phases, then L1, L2 and L3 (Blue Book, electricity). */
const FLOWS = [
  [1, 2],
  [21, 22],
  [41, 42],
  [61, 62],
] as const;
/** Value group D: registers that count up (time integral 1), and the energy of the capture period (time integral 5). */
const COUNTING = 8;
const OF_PERIOD = 29;

const codeOf = (c: number, d: number): string => `1.0.${c}.${d}.0.255`;

/** The objects that an interval's energy can be told from. */
export const ENERGY_CODES: readonly string[] = FLOWS.flat().flatMap((c) => [
  codeOf(c, COUNTING),
  codeOf(c, OF_PERIOD),
]);

interface Part {
  readonly values: Float64Array | readonly (bigint | undefined)[];
  /** What makes its integers the meter's common ones. */
  readonly factor: number;
}

/** One quantity; of several columns, as after a change of the scaler, each row has a value in one. */
interface Quantity {
  readonly counting: boolean;
  readonly parts: readonly Part[];
}

interface Flow {
  readonly imported: Quantity;
  readonly exported: Quantity | undefined;
}

/** Energy that went through a meter between two instants, in whole `10 ** scaler` Wh. */
export interface Energy {
  readonly imported: number;
  readonly exported: number;
  /** Import minus export; undefined where the meter does not count by phase. */
  readonly phases: ByPhase | undefined;
}

/** The energy profile of a meter, ready to be asked for intervals. */
export class EnergyRows {
  /** Power of ten of all its energies; at most 0. */
  readonly scaler: number;
  readonly #times: Float64Array;
  readonly #clockStatus: Uint8Array;
  readonly #flows: readonly (Flow | undefined)[];
  #periodMs: number | undefined;

  constructor(rows: ProfileRows) {
    this.#times = rows.times;
    this.#clockStatus = rows.clockStatus;
    const usable = rows.columns.map((column, i) => usableColumn(column, rows.values[i]));
    this.scaler = Math.min(0, ...usable.flatMap((one) => one?.scaler ?? []));
    const quantity = (c: number): Quantity | undefined => {
      for (const d of [COUNTING, OF_PERIOD]) {
        const parts = usable.flatMap((one) =>
          one?.obis === codeOf(c, d)
            ? [{ values: one.values, factor: 10 ** (one.scaler - this.scaler) }]
            : [],
        );
        if (parts.length > 0) return { counting: d === COUNTING, parts };
      }
      return undefined;
    };
    this.#flows = FLOWS.map(([importCode, exportCode]) => {
      const imported = quantity(importCode);
      return imported === undefined ? undefined : { imported, exported: quantity(exportCode) };
    });
  }

  /** UTC ms of the rows, ascending. */
  get times(): Float64Array {
    return this.#times;
  }

  /** The most frequent distance of rows; undefined with fewer than two. */
  get periodMs(): number | undefined {
    this.#periodMs ??= usualDistance(this.#times);
    return this.#periodMs;
  }

  /** The energy of an interval, or why it cannot be told. */
  between(fromMs: number, toMs: number): Energy | MissingCause {
    const [total, ...phases] = this.#flows;
    if (total === undefined) return this.#times.length === 0 ? 'no-row' : 'no-energy';
    const ends = this.#ends(fromMs, toMs);
    if (typeof ends === 'string') return ends;
    const energy = this.#flow(total, ends);
    if (typeof energy === 'string') return energy;
    return { ...energy, phases: this.#phases(phases, ends) };
  }

  #ends(fromMs: number, toMs: number): Ends | MissingCause {
    const ends = { first: this.#rowAt(fromMs), last: this.#rowAt(toMs) };
    if (ends.first === undefined || ends.last === undefined) {
      return (this.periodMs ?? 0) > toMs - fromMs ? 'period' : 'no-row';
    }
    const { first, last } = ends;
    return this.#isSure(first) && this.#isSure(last) ? { first, last } : 'clock';
  }

  #phases(flows: readonly (Flow | undefined)[], ends: Ends): ByPhase | undefined {
    const net = flows.map((flow) => (flow === undefined ? 'no-energy' : this.#flow(flow, ends)));
    const [l1, l2, l3] = net.map((one) =>
      typeof one === 'string' ? undefined : one.imported - one.exported,
    );
    return l1 === undefined || l2 === undefined || l3 === undefined ? undefined : [l1, l2, l3];
  }

  #flow({ imported, exported }: Flow, ends: Ends): Omit<Energy, 'phases'> | MissingCause {
    const taken = this.#quantity(imported, ends);
    if (typeof taken === 'string') return taken;
    const given = exported === undefined ? 0 : this.#quantity(exported, ends);
    return typeof given === 'string' ? given : { imported: taken, exported: given };
  }

  #quantity(quantity: Quantity, { first, last }: Ends): number | MissingCause {
    const most = MOST_WH * 10 ** -this.scaler;
    if (quantity.counting) return difference(valueAt(quantity, first), valueAt(quantity, last), most);
    // Each row has the energy of the period before it, so that none may be missing in between.
    const distance = (this.#times[last] ?? 0) - (this.#times[first] ?? 0);
    const periodMs = this.periodMs ?? 0;
    if (periodMs * (last - first) !== distance) return periodMs > distance ? 'period' : 'no-row';
    let sum = 0;
    for (let row = first + 1; row <= last; row++) {
      const value = valueAt(quantity, row);
      if (value === undefined) return 'no-row';
      sum += Number(value);
      if (value < 0 || sum > most) return 'reset';
    }
    return sum;
  }

  #rowAt(timeMs: number): number | undefined {
    const times = this.#times;
    let low = 0;
    let high = times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((times[middle] ?? 0) < timeMs) low = middle + 1;
      else high = middle;
    }
    return times[low] === timeMs ? low : undefined;
  }

  /** Two rows of one time say that the clock was set back: which of them is meant nobody can tell. */
  #isSure(row: number): boolean {
    const status = this.#clockStatus[row] ?? UNSPECIFIED;
    const isTwice = this.#times[row] === this.#times[row + 1];
    return !isTwice && (status === UNSPECIFIED || (status & UNSURE) === 0);
  }
}

interface Ends {
  readonly first: number;
  readonly last: number;
}

interface Usable {
  readonly obis: string;
  readonly scaler: number;
  readonly values: Part['values'];
}

function usableColumn(
  { obis, attribute, scaler, unit }: CaptureColumn,
  column: ColumnValues | undefined,
): Usable | undefined {
  if (column === undefined || column.kind === 'bytes' || attribute !== 2) return undefined;
  if (unit !== WH || scaler === null || scaler < FINEST_SCALER || scaler > COARSEST_SCALER) return undefined;
  return { obis, scaler, values: column.values };
}

/** Exact: a whole number that a double holds, or a bigint; undefined for null-data and fractions. */
function valueAt({ parts }: Quantity, row: number): number | bigint | undefined {
  for (const { values, factor } of parts) {
    const value = values[row];
    if (value === undefined || Number.isNaN(value)) continue;
    if (typeof value === 'number') {
      if (!Number.isSafeInteger(value)) return undefined;
      const scaled = value * factor;
      return Number.isSafeInteger(scaled) ? scaled : BigInt(value) * BigInt(factor);
    }
    return value * BigInt(factor);
  }
  return undefined;
}

function difference(
  before: number | bigint | undefined,
  after: number | bigint | undefined,
  most: number,
): number | MissingCause {
  if (before === undefined || after === undefined) return 'no-row';
  const counted =
    typeof before === 'number' && typeof after === 'number' ? after - before : BigInt(after) - BigInt(before);
  return counted < 0 || counted > most ? 'reset' : Number(counted);
}

function usualDistance(times: Float64Array): number | undefined {
  const seen = new Map<number, number>();
  for (let i = 1; i < times.length; i++) {
    const distance = (times[i] ?? 0) - (times[i - 1] ?? 0);
    if (distance > 0) seen.set(distance, (seen.get(distance) ?? 0) + 1);
  }
  let usual: number | undefined;
  for (const [distance, count] of seen) if (count > (seen.get(usual ?? 0) ?? 0)) usual = distance;
  return usual;
}
