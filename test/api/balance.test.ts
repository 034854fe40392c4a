import { afterEach, beforeEach, expect, test } from 'bun:test';
import { createApi } from '../../src/api/app.ts';
import { BalanceKeeper } from '../../src/balance/keeper.ts';
import { VirtualClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import type { Store } from '../../src/store/types.ts';
import {
  column,
  createMeter,
  numbers,
  openTestStore,
  profileRows,
  QUARTER_MS,
  removeDirectory,
  temporaryDirectory,
} from '../store/fixture.ts';
import { call, fakeServices, START_MS } from './fake-services.ts';

let directory: string;
let store: Store;
let total: number;
let broken: number;
const FROM = START_MS - 4 * QUARTER_MS;

beforeEach(async () => {
  directory = temporaryDirectory();
  const clock = new VirtualClock(START_MS);
  store = await openTestStore(directory, { clock });
  total = (await createMeter(store, 'TOTAL', { balance: true })).id;
  const fine = (await createMeter(store, '1')).id;
  broken = (await createMeter(store, '2')).id;
  const append = (id: number, values: readonly number[], scaler: number) =>
    store.collection.appendProfile(
      id,
      'energy',
      profileRows(
        values.map((_, i) => FROM + i * QUARTER_MS),
        [numbers(...values)],
        [column('1.0.1.8.0.255', { scaler })],
      ),
      undefined,
    );
  await append(total, [0, 100, 250], 0);
  await append(fine, [0, 60_500, 160_500], -3);
  await append(broken, [0, 40, 30], 0);
  const keeper = new BalanceKeeper({ store: store.balances, clock, log: silentLog });
  await keeper.settle();
  await keeper.stop();
});
afterEach(async () => {
  await store.close();
  removeDirectory(directory);
});

function open(rights: readonly ('readings.read' | 'meters.write' | 'meters.read')[]) {
  const fake = fakeServices();
  const app = createApi({
    ...fake.services,
    store: { ...fake.services.store, balances: store.balances, archive: store.archive },
  });
  const token = fake.signIn(rights);
  return (path: string, method: 'GET' | 'DELETE' = 'GET') => call(app, path, { method, token });
}

test('transformers, intervals and who is missing', async () => {
  const get = open(['readings.read']);
  expect((await get('/api/balance')).json()).toMatchObject({
    rows: [{ meterNo: 'TOTAL', members: 2, until: null, last: { balance: 50_000, scaler: -3, counted: 1 } }],
  });
  const answer = (await get(`/api/balance/${total}?from=${FROM}&to=${FROM + 2 * QUARTER_MS}`)).json();
  expect(answer).toMatchObject({ meterNo: 'TOTAL', unit: 'Wh', zone: expect.any(String) });
  expect(answer).toMatchObject({
    intervals: [
      {
        from: FROM,
        imported: 100_000,
        consumed: 100_500,
        balance: -500,
        expected: 2,
        counted: 2,
        missing: [],
      },
      { imported: 150_000, consumed: 100_000, balance: 50_000, missing: [{ cause: 'reset', meters: 1 }] },
    ],
  });
  const to = FROM + 2 * QUARTER_MS;
  expect((await get(`/api/balance/${total}/missing?to=${to}`)).json()).toMatchObject({
    rows: [{ meterId: broken, meterNo: '2', cause: 'reset' }],
  });
  expect((await get(`/api/balance/${total}/missing?to=${to + 1}`)).status).toBe(404);
});

test('the file has exact Wh', async () => {
  const get = open(['readings.read']);
  const file = await get(`/api/balance/${total}/intervals.csv?from=${FROM}&to=${START_MS}`);
  const [head, first, second] = file.text.split('\r\n');
  expect(head).toContain('From,To,Supplied,FedBack,Consumed,FedIn,Balance,MetersExpected,MetersCounted');
  expect(first).toContain(',100,0,100.5,0,-0.5,2,2,');
  expect(second).toContain(',150,0,100,0,50,2,1,');
});

test('what is no balance meter, too much, or without the right is refused', async () => {
  const get = open(['readings.read']);
  expect((await get(`/api/balance/${broken}`)).status).toBe(404);
  expect((await get(`/api/balance/${total}?from=0&to=${START_MS}`)).status).toBe(422);
  expect((await get(`/api/balance/${total}?from=5&to=4`)).status).toBe(422);
  const other = open(['meters.read']);
  for (const path of ['/api/balance', `/api/balance/${total}`, `/api/balance/${total}/intervals.csv`]) {
    expect((await other(path)).status).toBe(403);
  }
});

test('a balance meter is deleted with its number said', async () => {
  const remove = open(['meters.write']);
  const refused = await remove(`/api/meters/${total}`, 'DELETE');
  expect([refused.status, refused.json()]).toMatchObject([
    409,
    { error: { code: 'conflict', field: 'confirm' } },
  ]);
  expect((await remove(`/api/meters/${total}?confirm=OTHER`, 'DELETE')).status).toBe(409);
  expect((await remove(`/api/meters/${total}?confirm=TOTAL`, 'DELETE')).status).toBe(200);
  expect(await store.balances.transformers()).toEqual([]);
  expect((await remove(`/api/meters/${broken}`, 'DELETE')).status).toBe(200);
});
