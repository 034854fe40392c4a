import { DcuError } from '../base/errors.ts';
import type { Interval } from '../base/model.ts';

/** Last instant that a date can be made of (ECMA-262, Time Values): what lies beyond it has no day, month or year. */
export const LAST_MS = 8_640_000_000_000_000;

/**
 * What of an interval asked for can hold rows: "everything until the end of all numbers" is a fair question.
 * @throws DcuError `invalid-argument` for ends that are no numbers
 */
export function clamped({ fromMs, toMs }: Interval): Interval {
  if (Number.isNaN(fromMs) || Number.isNaN(toMs)) {
    throw new DcuError('invalid-argument', 'the ends of an interval are not numbers');
  }
  const within = (timeMs: number): number => Math.min(LAST_MS, Math.max(0, timeMs));
  return { fromMs: within(fromMs), toMs: within(toMs) };
}
