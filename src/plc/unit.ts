import { DcuError, type ErrorCode } from '../base/errors.ts';
import { type Codec, type Edition, nothing, UnitReader, UnitWriter } from './codec.ts';

/** A data unit: what Fn of an application function carries in each direction. */
export interface Unit<Down, Up> {
  readonly afn: number;
  readonly fn: number;
  readonly name: string;
  /** Of the concentrator's frame. */
  readonly down: Codec<Down>;
  /** Of the module's frame. */
  readonly up: Codec<Up>;
}

export type AnyUnit = Unit<unknown, unknown>;

interface UnitDefinition<Down, Up> {
  readonly afn: number;
  readonly fn: number;
  readonly name: string;
  readonly down?: Codec<Down>;
  readonly up?: Codec<Up>;
}

/** A direction that is not given carries no data. */
export function defineUnit<Down = undefined, Up = undefined>(
  definition: UnitDefinition<Down, Up>,
): Unit<Down, Up> {
  return {
    ...definition,
    down: definition.down ?? (nothing as Codec<Down>),
    up: definition.up ?? (nothing as Codec<Up>),
  };
}

/** `10F21`, as the standard's readers write it. */
export function unitName({ afn, fn }: { readonly afn: number; readonly fn: number }): string {
  return `${afn.toString(16).toUpperCase().padStart(2, '0')}F${fn}`;
}

/** Throws `invalid-field`. */
export function encodeData<T>(codec: Codec<T>, value: T, edition: Edition): Uint8Array {
  const to = new UnitWriter(edition);
  codec.write(to, value);
  return to.done();
}

export interface DecodedData<T> {
  readonly value: T;
  /** Bytes behind the value: fields of a newer edition, or of the manufacturer. */
  readonly trailing: number;
}

/** Throws `truncated`, `overflow` or `link-protocol` with the offset in the data. */
export function decodeData<T>(codec: Codec<T>, data: Uint8Array, edition: Edition): DecodedData<T> {
  const from = new UnitReader(data, edition);
  const value = codec.read(from);
  return { value, trailing: from.remaining };
}

const UNREADABLE: ReadonlySet<ErrorCode> = new Set(['truncated', 'overflow', 'link-protocol']);

/** Whether this says that data do not follow the grammar; anything else that is thrown is a fault of ours. */
export function isUnreadable(thrown: unknown): boolean {
  return thrown instanceof DcuError && UNREADABLE.has(thrown.code);
}

/** Looks units up by function and Fn. */
export class UnitRegistry {
  readonly all: readonly AnyUnit[];
  readonly #byKey = new Map<number, AnyUnit>();

  constructor(units: readonly AnyUnit[]) {
    this.all = units;
    for (const unit of units) this.#byKey.set(keyOf(unit), unit);
    if (this.#byKey.size !== units.length) throw new DcuError('internal', 'two data units have one name');
  }

  find(frame: { readonly afn: number; readonly fn: number }): AnyUnit | undefined {
    return this.#byKey.get(keyOf(frame));
  }
}

const keyOf = ({ afn, fn }: { readonly afn: number; readonly fn: number }): number => afn * 0x200 + fn;
