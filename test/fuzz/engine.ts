import { toHex } from '../../src/base/bytes.ts';
import { DcuError } from '../../src/base/errors.ts';
import { SeededRandom } from '../../src/base/random.ts';
import { mutate } from './mutator.ts';
import type { FuzzTarget } from './target.ts';

/** An input whose outcome is not allowed; `--target NAME --input-seed N` of `npm run fuzz` runs it again. */
export interface Finding {
  readonly target: string;
  readonly inputSeed: number;
  readonly input: string;
  readonly error: string;
}

/** What became of the inputs of one target. */
export interface Tally {
  inputs: number;
  accepted: number;
  /** By code of the error. */
  refused: Record<string, number>;
}

/** Runs one input; the error text when its outcome is not allowed. */
export function runInput(target: FuzzTarget, inputSeed: number, tally: Tally): Finding | undefined {
  const random = new SeededRandom(inputSeed);
  const input = mutate(target.seeds, random);
  tally.inputs++;
  try {
    target.run(input, random);
    tally.accepted++;
    return undefined;
  } catch (thrown) {
    if (thrown instanceof DcuError && target.refuses.includes(thrown.code)) {
      tally.refused[thrown.code] = (tally.refused[thrown.code] ?? 0) + 1;
      return undefined;
    }
    const error = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    const code = thrown instanceof DcuError ? `${thrown.code}: ` : '';
    return { target: target.name, inputSeed, input: toHex(input), error: code + error };
  }
}

export function newTally(): Tally {
  return { inputs: 0, accepted: 0, refused: {} };
}
