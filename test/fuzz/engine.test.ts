import { describe, expect, test } from 'bun:test';
import { concat } from '../../src/base/bytes.ts';
import { DcuError } from '../../src/base/errors.ts';
import { SeededRandom } from '../../src/base/random.ts';
import { newTally, runInput } from './engine.ts';
import { mutate, pieces } from './mutator.ts';
import type { FuzzTarget } from './target.ts';
import { FUZZ_TARGETS } from './targets/index.ts';

const SEEDS = [Uint8Array.from({ length: 40 }, (_, i) => i)];

/** A decoder with a planted fault: a count of 0x84 makes it forget what kind of error it owes. */
const FAULTY: FuzzTarget = {
  name: 'faulty',
  seeds: SEEDS,
  refuses: ['truncated'],
  run(input) {
    if (input[7] === 0x84) throw new RangeError('index out of range');
    if (input.length < 40) throw new DcuError('truncated', 'short');
  },
};

describe('the fuzzer', () => {
  test('finds a planted fault, and its seed brings it back', () => {
    const tally = newTally();
    let found: ReturnType<typeof runInput>;
    for (let seed = 1; seed < 100_000 && found === undefined; seed++) found = runInput(FAULTY, seed, tally);
    if (found === undefined) throw new Error('nothing was found');
    expect(found.error).toContain('index out of range');
    expect(runInput(FAULTY, found.inputSeed, newTally())?.input).toBe(found.input);
    expect(tally.accepted).toBeGreaterThan(0);
    expect(tally.refused['truncated']).toBeGreaterThan(0);
  });

  test('an error code that is not the module’s own is a finding', () => {
    const target: FuzzTarget = { ...FAULTY, refuses: [] };
    const found = Array.from({ length: 200 }, (_, seed) => runInput(target, seed, newTally()));
    expect(found.some((one) => one?.error.startsWith('truncated'))).toBe(true);
  });

  test('mutants differ from their seeds, and from each other', () => {
    const random = new SeededRandom(3);
    const mutants = Array.from({ length: 500 }, () => mutate(SEEDS, random).toHex());
    expect(new Set(mutants).size).toBeGreaterThan(400);
  });

  test('pieces are the input, cut', () => {
    const random = new SeededRandom(5);
    for (let i = 0; i < 100; i++) {
      const input = random.bytes(i);
      expect(concat(pieces(input, random)).toHex()).toBe(input.toHex());
    }
  });

  test('every target accepts its own seeds', () => {
    for (const { name, seeds, run } of FUZZ_TARGETS) {
      expect([name, seeds.length > 0]).toEqual([name, true]);
      for (const seed of seeds) {
        try {
          run(seed, new SeededRandom(1));
        } catch (error) {
          // Some seeds are ciphered, or telegrams of another kind, which their target may refuse.
          expect(error).toBeInstanceOf(DcuError);
        }
      }
    }
  });
});
