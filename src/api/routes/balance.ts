import { type Static, t } from 'elysia';
import { missingMeters } from '../../balance/missing-meters.ts';
import { type BalanceInterval, balanceOf, MISSING_CAUSES, phaseBalances } from '../../base/balance.ts';
import { DcuError } from '../../base/errors.ts';
import type { Interval } from '../../base/model.ts';
import { type CsvColumn, csvResponse } from '../csv.ts';
import { defineRawRoute, defineRoute, found, idParams } from '../route.ts';
import * as schema from '../schema.ts';
import type { ApiServices } from '../services.ts';

const DAY_MS = 86_400_000;
/** Longest stretch in one answer, as of profiles. */
const LONGEST_MS = 93 * DAY_MS;

const range = t.Object({
  from: t.Optional(t.Number({ description: 'UTC epoch milliseconds; intervals that end after it' })),
  to: t.Optional(t.Number({ description: 'UTC epoch milliseconds; intervals that end then or before' })),
});

export const balanceRoutes = [
  defineRoute({
    method: 'GET',
    path: '/api/balance',
    right: 'readings.read',
    summary: 'Balance meters, and the last balance of each transformer',
    response: schema.list(schema.transformer),
    handler: async ({ services: { store } }) => ({
      rows: (await store.balances.transformers()).map(({ meterId, meterNo, untilMs, members, last }) => ({
        meterId,
        meterNo,
        until: untilMs ?? null,
        members,
        last: last === undefined ? null : intervalView(last),
      })),
    }),
  }),
  defineRoute({
    method: 'GET',
    path: '/api/balance/:id',
    right: 'readings.read',
    summary: 'Balance of a transformer by intervals; the id is that of its balance meter',
    params: idParams,
    query: range,
    response: schema.balance,
    handler: async ({ services, params, query }) => {
      const { transformer, interval, intervals } = await balanceFor(services, params.id, query);
      return {
        meterId: transformer.meterId,
        meterNo: transformer.meterNo,
        from: interval.fromMs,
        to: interval.toMs,
        zone: services.device.zone(),
        unit: 'Wh' as const,
        intervals: intervals.map(intervalView),
      };
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/api/balance/:id/missing',
    right: 'readings.read',
    summary: 'Meters that have no part in an interval, and why, as it is known now',
    params: idParams,
    query: t.Object({ to: t.Number({ description: 'End of the interval, UTC epoch milliseconds' }) }),
    response: schema.balanceMissing,
    handler: async ({ services: { store }, params, query: { to } }) => {
      found(await store.balances.transformer(params.id), 'balance meter', params.id);
      const [one] = await store.balances.intervals(params.id, { fromMs: to, toMs: to + 1 });
      const { fromMs, toMs } = found(one, 'balance that ends at', new Date(to).toISOString());
      const missing = await missingMeters(store.balances, params.id, { fromMs, toMs });
      const rows = await Promise.all(
        missing.map(async ({ meterId, cause }) => ({
          meterId,
          meterNo: (await store.archive.get(meterId))?.meterNo ?? null,
          cause,
        })),
      );
      return { from: fromMs, to: toMs, rows };
    },
  }),
  defineRawRoute({
    method: 'GET',
    path: '/api/balance/:id/intervals.csv',
    right: 'readings.read',
    summary: 'Balance of a transformer as CSV, energies in Wh',
    params: idParams,
    query: range,
    handler: async ({ services, params, query }) => {
      const { transformer, intervals } = await balanceFor(services, params.id, query);
      return csvResponse(`balance-${transformer.meterNo}.csv`, CSV_COLUMNS, intervals);
    },
  }),
] as const;

async function balanceFor(
  { store, clock }: ApiServices,
  meterId: number,
  { from, to = clock.now() }: Static<typeof range>,
) {
  const transformer = found(await store.balances.transformer(meterId), 'balance meter', meterId);
  const interval: Interval = { fromMs: from ?? to - DAY_MS, toMs: to };
  if (interval.fromMs >= to)
    throw new DcuError('invalid-field', 'from must be before to.', { field: 'from' });
  if (to - interval.fromMs > LONGEST_MS) {
    throw new DcuError('invalid-field', `from must be at most ${LONGEST_MS / DAY_MS} days before to.`, {
      field: 'from',
    });
  }
  // A day holds the intervals that lie in it.
  const ends = { fromMs: interval.fromMs + 1, toMs: to + 1 };
  return { transformer, interval, intervals: await store.balances.intervals(meterId, ends) };
}

function intervalView(interval: BalanceInterval): Static<typeof schema.balanceInterval> {
  const { fromMs, toMs, missing, phases, ...sums } = interval;
  const balances = phaseBalances(interval);
  return {
    from: fromMs,
    to: toMs,
    ...sums,
    balance: balanceOf(interval),
    missing: MISSING_CAUSES.flatMap((cause) =>
      missing[cause] === undefined ? [] : [{ cause, meters: missing[cause] }],
    ),
    phases:
      phases === undefined
        ? null
        : {
            supplied: [...phases.supplied],
            consumed: [...phases.consumed],
            unassigned: phases.unassigned,
            balance: balances === undefined ? null : [...balances],
          },
  };
}

/** A number, for a minus would be guarded in text; below fifteen digits its decimal form is exact. */
const wh =
  (of: (interval: BalanceInterval) => number | undefined) =>
  (interval: BalanceInterval): number | '' => {
    const value = of(interval);
    return value === undefined ? '' : value / 10 ** -interval.scaler;
  };

const PHASES = [0, 1, 2] as const;

const CSV_COLUMNS: readonly CsvColumn<BalanceInterval>[] = [
  ['From', ({ fromMs }) => new Date(fromMs).toISOString()],
  ['To', ({ toMs }) => new Date(toMs).toISOString()],
  ['Supplied', wh(({ imported }) => imported)],
  ['FedBack', wh(({ exported }) => exported)],
  ['Consumed', wh(({ consumed }) => consumed)],
  ['FedIn', wh(({ fed }) => fed)],
  ['Balance', wh(balanceOf)],
  ['MetersExpected', ({ expected }) => expected],
  ['MetersCounted', ({ counted }) => counted],
  ...PHASES.flatMap((i): CsvColumn<BalanceInterval>[] => [
    [`SuppliedL${i + 1}`, wh(({ phases }) => phases?.supplied[i])],
    [`ConsumedL${i + 1}`, wh(({ phases }) => phases?.consumed[i])],
    [`BalanceL${i + 1}`, wh((interval) => phaseBalances(interval)?.[i])],
  ]),
];
