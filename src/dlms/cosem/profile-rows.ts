import type { ByteWriter } from '../../base/bytes.ts';
import type { CaptureObject } from '../client-types.ts';
import type { CosemDateTime } from '../datetime.ts';

/** Rows of a profile generic, made on demand; row 0 is the oldest. */
export interface ProfileRowSource {
  readonly columns: readonly CaptureObject[];
  /** Rows there are now. */
  count(): number;
  /** UTC milliseconds of a row's clock column. */
  timeAt(row: number): number;
  /** Appends the A-XDR bytes, tags included, of the given columns of a row, in that order. */
  writeCells(writer: ByteWriter, row: number, columns: readonly number[]): void;
  /** Rows with from <= time <= to, where the source knows them without looking at each; else each is looked at. */
  rowsBetween?(fromMs: number, toMs: number): { readonly first: number; readonly end: number };
  /** Deviation that times without one are meant in; minutes to add to the local time to get UTC. */
  deviationMinutes?(local: CosemDateTime): number;
}
