import { systemClock } from '../../base/clock.ts';
import { DcuError, toDcuError } from '../../base/errors.ts';
import { FarEnd } from './far-end.ts';
import { readWithGurux } from './gurux-line.ts';
import { type LineFarEnd, serveLine } from './line-far-end.ts';
import { type LineResult, lineTable, resultOf } from './line-figures.ts';
import { readLine } from './line-house.ts';
import { defineScenario } from './scenario.ts';

const METERS = [1, 16] as const;
const DAY_MS = 86_400_000;
/** No row is being written so long ago. */
const EDGE_MS = 60_000;
/** Bytes per information field that are proposed. */
const MAX_BYTES = 256;

/**
 * How much of the time of an RS-485 line is useful while profiles are read: on a pseudo-terminal paced to 9,600 baud,
 * with the meters in a process of their own.
 */
export const line = defineScenario({
  name: 'line',
  about: 'share of the line time that is useful while a day of profiles is read at 9,600 baud',
  async run({ signal, progress, quick }) {
    const results: LineResult[] = [];
    const remarks: string[] = [];
    for (const meters of quick ? [1] : METERS) {
      progress(`line-${meters}`);
      const read = await withLine(meters, (farEnd) => readLine(farEnd, MAX_BYTES, signal));
      results.push(resultOf(`line-${meters}`, read));
    }
    progress('gurux-1');
    try {
      const toMs = systemClock.now() - EDGE_MS;
      const day = { fromMs: toMs - DAY_MS, toMs };
      const read = await withLine(1, (farEnd) => readWithGurux(farEnd, day, MAX_BYTES, signal));
      results.push(resultOf('gurux-1', read));
    } catch (thrown) {
      const { code, message } = toDcuError(thrown);
      if (code !== 'unsupported') throw thrown;
      remarks.push('', `gurux-1 is left out: ${message}`);
    }
    return {
      json: { results, ...(remarks.length === 0 ? {} : { remarks }) },
      lines: lineTable(results, remarks),
    };
  },
  serve: ([count], out, signal) => serveLine(Number(count), out, signal),
});

async function withLine<Result>(
  meters: number,
  use: (farEnd: LineFarEnd) => Promise<Result>,
): Promise<Result> {
  const far = new FarEnd('line', [String(meters)]);
  try {
    const said = await far.ready();
    if (!isFarEnd(said)) throw new DcuError('internal', 'the far end says nothing of its line');
    return await use(said);
  } finally {
    await far.stop();
  }
}

function isFarEnd(said: unknown): said is LineFarEnd {
  return typeof said === 'object' && said !== null && 'path' in said && 'meters' in said;
}
