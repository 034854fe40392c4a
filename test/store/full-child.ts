/** Writes until the disk is full and prints what came of it as one JSON line. Argument: directory. */
import { toDcuError } from '../../src/base/errors.ts';
import { createMeter, numbers, openTestStore, profileRows, QUARTER_MS } from './fixture.ts';

const [directory = ''] = process.argv.slice(2);
const store = await openTestStore(directory);
const meter = await createMeter(store, 'F1');
let acknowledged = 0;
let code: string | undefined;
let seed = 1;
while (code === undefined && acknowledged < 100_000) {
  const times = Array.from({ length: 96 }, (_, i) => (acknowledged + i) * QUARTER_MS);
  const noise = times.map(() => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return seed;
  });
  const rows = profileRows(times, [numbers(...noise), numbers(...noise.toReversed())]);
  try {
    await store.collection.appendProfile(meter.id, 'energy', rows, undefined);
    acknowledged += 96;
  } catch (error) {
    code = toDcuError(error).code;
  }
}
const interval = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };
const decoded = (await store.readings.profile(meter.id, 'energy', interval))?.times.length;
await store.close();
// The disk is still as full.
const again = await openTestStore(directory);
const { profileRows: reopened } = await again.readings.totals();
await again.close();
process.stdout.write(`${JSON.stringify({ acknowledged, code, decoded, reopened })}\n`);
