/** A concentrator that reads all its meters again and again until it is killed. Argument: its directory. */
import { openHouse } from '../concentrator/house.ts';

const [directory = ''] = process.argv.slice(2);
const { concentrator } = await openHouse({ directory });
const { signal } = new AbortController();
const { rows } = await concentrator.store.archive.list({});
for (;;) {
  for (const { id } of rows) await concentrator.collector.readNow(id, signal);
  await concentrator.collector.round({ types: ['Energy profile', 'Fraud Event'] });
}
