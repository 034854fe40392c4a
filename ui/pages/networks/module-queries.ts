import { useQuery } from '@tanstack/react-query';
import { request } from '../../api/client.ts';
import type { Module } from './module-words.ts';

const isBusy = ({ state, searching, network, upgrade }: Module): boolean =>
  searching || network.looking || upgrade?.state === 'running' || state !== 'running';

/** The modules, asked for more often while one is at something. */
export const useModules = (enabled = true) =>
  useQuery({
    queryKey: ['modules'],
    queryFn: () => request('GET /api/modules'),
    refetchInterval: ({ state }) => (state.data?.rows.some(isBusy) === true ? 2_000 : 5_000),
    enabled,
  });
