import { useCallback, useMemo } from 'react';
import { useSearchParams } from 'react-router';
import { type NodeFilter, SHOWS } from './nodes.ts';

export interface NetworkView {
  readonly channel: string | null;
  readonly filter: NodeFilter;
  readonly filtered: boolean;
  readonly view: 'tree' | 'table';
  /** Address of the node that is looked at. */
  readonly node: string | null;
  readonly page: number;
  /** Changes parameters of the address; `null` takes one away. A change of the filter goes back to page 1. */
  readonly set: (change: Readonly<Record<string, string | null>>) => void;
}

/** What is looked at stands in the address, so that it can be linked to. */
export function useNetworkView(): NetworkView {
  const [params, setParams] = useSearchParams();
  const set = useCallback(
    (change: Readonly<Record<string, string | null>>) => {
      setParams(
        (before) => {
          const next = new URLSearchParams(before);
          if (!('page' in change) && !('node' in change)) next.delete('page');
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
  return useMemo(() => {
    const show = SHOWS.find((one) => one === params.get('show')) ?? null;
    const phase = [1, 2, 3].find((one) => String(one) === params.get('phase')) ?? null;
    const search = params.get('search') ?? '';
    return {
      channel: params.get('channel'),
      filter: { search, show, phase },
      filtered: search !== '' || show !== null || phase !== null,
      view: params.get('view') === 'table' ? 'table' : 'tree',
      node: params.get('node'),
      page: Math.max(1, Math.trunc(Number(params.get('page') ?? 1)) || 1),
      set,
    };
  }, [params, set]);
}
