import type { ErrorCode } from '../../src/base/errors.ts';
import type { Random } from '../../src/base/random.ts';

/** Something that takes bytes from outside, and what it may say to bad ones. */
export interface FuzzTarget {
  readonly name: string;
  /** Valid inputs; mutants are made from them. */
  readonly seeds: readonly Uint8Array[];
  /** Codes of the errors that it may throw. Any other error, and any other code, is a finding. */
  readonly refuses: readonly ErrorCode[];
  /** `random` is the only randomness it may use, so that an input can be run again. */
  run(input: Uint8Array, random: Random): void;
}

/** Thrown by a target whose invariant does not hold. */
export class Broken extends Error {
  override readonly name = 'Broken';
}
