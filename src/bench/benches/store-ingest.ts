import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../base/clock.ts';
import { DcuError } from '../../base/errors.ts';
import { silentLog } from '../../base/log.ts';
import type { CaptureColumn, ColumnValues, NewMeter } from '../../base/model.ts';
import { systemRandom } from '../../base/random.ts';
import { openStore } from '../../store/index.ts';
import type { SecretSealer } from '../../store/types.ts';
import { PlainRowStore } from '../baselines/rows.ts';
import { defineBench, expectEqual } from '../bench.ts';
import { random } from '../samples.ts';

const METERS = 8;
const COLUMNS = 6;
const PERIOD_MS = 900_000;
const START_MS = Date.UTC(2026, 0, 1);

/** These meters have no secrets. */
const noSecrets = (): never => {
  throw new DcuError('internal', 'the benchmark has no secrets');
};
const sealer: SecretSealer = { seal: noSecrets, open: noSecrets };

function meter(index: number): NewMeter {
  return {
    meterNo: `BENCH${index}`,
    enabled: false,
    mac: -1,
    channel: 'tcp_meters',
    meterType: 1,
    phase: 1,
    credit: 1,
    task: 'single_phase',
    prepaid: 255,
    wiring: 0,
    profile: 'generic',
    address: {
      framing: 'wrapper',
      host: '127.0.0.1',
      port: 4059 + index,
      clientAddress: 16,
      serverAddress: 1,
      addressBytes: 1,
    },
    security: { auth: 'none', policy: 'none' },
  };
}

const columns = Array.from(
  { length: COLUMNS },
  (_, i): CaptureColumn => ({
    classId: 3,
    obis: `1.0.${i + 1}.8.0.255`,
    attribute: 2,
    dataIndex: 0,
    scaler: 0,
    unit: 30,
  }),
);

/** One meter's `rows` quarter hours of day number `batch`: registers that grow as energy does. */
function batchOf(
  batch: number,
  rows: number,
): { readonly times: Float64Array; readonly values: Float64Array[] } {
  const first = batch * rows;
  return {
    times: Float64Array.from({ length: rows }, (_, i) => START_MS + (first + i) * PERIOD_MS),
    values: Array.from({ length: COLUMNS }, (_, column) =>
      Float64Array.from(
        { length: rows },
        (_, i) => (first + i) * (100 + column) + Math.floor(random.next() * 90),
      ),
    ),
  };
}

export const storeIngest = defineBench({
  name: 'store-ingest',
  about:
    'profile rows of 8 meters to disk, a commit a batch; facade = the store, ts-idiomatic = a row at a time',
  sizeUnit: 'rows a batch',
  sizes: [96],
  unit: 'row/s',
  ratios: [['facade', 'ts-idiomatic']],
  async prepare(size) {
    const directory = mkdtempSync(join(tmpdir(), 'dcu-bench-'));
    const store = await openStore({
      directory,
      clock: systemClock,
      log: silentLog,
      random: systemRandom,
      sealer,
      validateCron: () => {},
      thread: 'own',
    });
    const plain = new PlainRowStore(join(directory, 'plain.db'));
    const ids: number[] = [];
    for (let i = 0; i < METERS; i++) ids.push((await store.archive.create(meter(i), {})).id);
    let productBatch = 0;
    let plainBatch = 0;

    const append = async (): Promise<number> => {
      const { times, values } = batchOf(productBatch++, size);
      const kinds = values.map((list): ColumnValues => ({ kind: 'number', values: list }));
      const first = times[0] ?? 0;
      const covered = { fromMs: first, toMs: first + size * PERIOD_MS };
      const rows = { columns, times, clockStatus: new Uint8Array(size), values: kinds };
      const added = await Promise.all(
        ids.map((id) => store.collection.appendProfile(id, 'energy', rows, covered)),
      );
      return added.reduce((sum, one) => sum + one.added, 0);
    };
    const insert = (): void => {
      const { times, values } = batchOf(plainBatch++, size);
      for (const id of ids) plain.insert(id, times, values);
    };
    return {
      operations: METERS * size,
      async validate() {
        expectEqual(await append(), METERS * size, 'facade');
        const interval = { fromMs: START_MS, toMs: START_MS + size * PERIOD_MS };
        const back = await store.readings.profile(ids[0] ?? 0, 'energy', interval);
        expectEqual([back?.times.length, back?.values.length], [size, COLUMNS], 'facade');
        insert();
        expectEqual(plain.count(), METERS * size, 'ts-idiomatic');
      },
      candidates: [
        {
          name: 'facade',
          async run(times) {
            for (let i = 0; i < times; i++) await append();
          },
        },
        {
          name: 'ts-idiomatic',
          run(times) {
            for (let i = 0; i < times; i++) insert();
          },
        },
      ],
      async close() {
        plain.close();
        await store.close();
        rmSync(directory, { recursive: true, force: true });
      },
    };
  },
});
