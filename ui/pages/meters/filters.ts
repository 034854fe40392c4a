import { useCallback, useMemo, useState } from 'react';
import { useSearchParams } from 'react-router';
import type { ApiContract, MeterState } from '../../../src/api/contract.ts';

type MeterQuery = ApiContract['GET /api/meters']['query'];
type SortKey = NonNullable<MeterQuery['sort']>;

const states: readonly string[] = ['online', 'offline', 'reading', 'unknown'] satisfies readonly MeterState[];
const sortKeys: readonly string[] = [
  'id',
  'meterNo',
  'channel',
  'task',
  'enabled',
  'lastSeen',
  'offlineSince',
] satisfies readonly SortKey[];

/** For how long a meter has been offline at least. */
export const silences = [
  { key: '1h', label: 'Offline for 1 h', ms: 3_600_000 },
  { key: '1d', label: 'Offline for 1 d', ms: 86_400_000 },
  { key: '7d', label: 'Offline for 7 d', ms: 7 * 86_400_000 },
] as const;

export const PAGE_SIZES = [20, 50, 100, 200];

export interface MeterFilters {
  readonly query: MeterQuery;
  readonly page: number;
  readonly pageSize: number;
  /** Changes parameters of the address; `null` takes one away. Anything but the page itself goes back to page 1. */
  readonly set: (change: Readonly<Record<string, string | null>>) => void;
  readonly filtered: boolean;
  /** Key of `silences`. */
  readonly silent: string | null;
}

/** The filters live in the address, so that any view of the list can be linked to. */
export function useMeterFilters(): MeterFilters {
  const [params, setParams] = useSearchParams();
  const set = useCallback(
    (change: Readonly<Record<string, string | null>>) => {
      setParams(
        (before) => {
          const next = new URLSearchParams(before);
          if (!('page' in change)) next.delete('page');
          for (const [key, value] of Object.entries(change)) {
            if (value === null || value === '') next.delete(key);
            else next.set(key, value);
          }
          return next;
        },
        { replace: true },
      );
    },
    [setParams],
  );
  // Of the page, not of each look at it: a query that changes by itself would be asked for ever.
  const [openedAt] = useState(Date.now);
  return useMemo(() => {
    const text = (key: string): string | undefined => params.get(key) ?? undefined;
    const page = Math.max(1, Math.trunc(Number(params.get('page') ?? 1)) || 1);
    const size = Number(params.get('size'));
    const pageSize = PAGE_SIZES.includes(size) ? size : 20;
    const state = text('state');
    const sort = text('sort');
    const enabled = text('enabled');
    const search = text('search');
    const channel = text('channel');
    const task = text('task');
    const silent = silences.find(({ key }) => key === text('silent'));
    const query: MeterQuery = {
      ...(search === undefined ? {} : { search }),
      ...(channel === undefined ? {} : { channel }),
      ...(task === undefined ? {} : { task }),
      ...(enabled === 'true' || enabled === 'false' ? { enabled: enabled === 'true' } : {}),
      ...(state !== undefined && states.includes(state) ? { state: state as MeterState } : {}),
      ...(silent === undefined ? {} : { offlineSince: openedAt - silent.ms }),
      ...(sort !== undefined && sortKeys.includes(sort) ? { sort: sort as SortKey } : {}),
      ...(params.get('desc') === '1' ? { descending: true } : {}),
      offset: (page - 1) * pageSize,
      limit: pageSize,
    };
    const filtered = ['search', 'channel', 'task', 'enabled', 'state', 'silent'].some((key) =>
      params.has(key),
    );
    return { query, page, pageSize, set, filtered, silent: silent?.key ?? null };
  }, [params, set, openedAt]);
}
