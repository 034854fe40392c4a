/**
 * Writes profile rows until it is killed, and prints a line for each batch once it is acknowledged. Arguments: directory,
 * thread, first batch.
 */
import { createMeter, numbers, openTestStore, profileRows, QUARTER_MS } from './fixture.ts';

const [directory = '', thread = 'same', first = '0'] = process.argv.slice(2);
const store = await openTestStore(directory, { thread: thread === 'own' ? 'own' : 'same' });
const { rows: known } = await store.archive.list({});
const meters =
  known.length > 0 ? known : await Promise.all([1, 2, 3, 4].map((i) => createMeter(store, `K${i}`)));
process.stdout.write('ready\n');
for (let batch = Number(first); ; batch++) {
  await Promise.all(
    meters.map(async (meter) => {
      const times = [0, 1, 2, 3].map((i) => (batch * 4 + i) * QUARTER_MS);
      const rows = profileRows(times, [numbers(...times.map((_, i) => batch * 10 + i))]);
      const covered = { fromMs: times[0] ?? 0, toMs: (times[3] ?? 0) + QUARTER_MS };
      await store.collection.appendProfile(meter.id, 'energy', rows, covered);
      process.stdout.write(`${meter.id} ${batch}\n`);
    }),
  );
}
