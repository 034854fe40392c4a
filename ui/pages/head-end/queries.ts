import { useQuery } from '@tanstack/react-query';
import { type Result, request } from '../../api/client.ts';
import { useRight } from '../../api/queries.ts';

export type HeadendChannel = Result<'GET /api/headend'>['rows'][number];
export type Uplink = Result<'GET /api/uplinks'>['rows'][number];
export type Kind = Result<'GET /api/uplinks/kinds'>['rows'][number];
export type Rule = Result<'GET /api/uplinks/rules'>['rows'][number];
export type Lockout = Result<'GET /api/lockouts'>['rows'][number];
export type MeterPort = Result<'GET /api/headend/:channel/meter-ports'>['rows'][number];

/** States change without anybody at this page doing anything. */
const OFTEN_MS = 5_000;
const SELDOM_MS = 30_000;

export const useHeadend = () =>
  useQuery({
    queryKey: ['headend'],
    queryFn: () => request('GET /api/headend'),
    refetchInterval: OFTEN_MS,
  });

export const useUplinks = () =>
  useQuery({
    queryKey: ['uplinks'],
    queryFn: () => request('GET /api/uplinks'),
    refetchInterval: OFTEN_MS,
  });

export const useKinds = () =>
  useQuery({
    queryKey: ['uplink-kinds'],
    queryFn: () => request('GET /api/uplinks/kinds'),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const useRules = () =>
  useQuery({ queryKey: ['uplink-rules'], queryFn: () => request('GET /api/uplinks/rules') });

export const useAttributes = () =>
  useQuery({ queryKey: ['channel-attributes'], queryFn: () => request('GET /api/channel-attributes') });

export const useSettings = () =>
  useQuery({ queryKey: ['settings'], queryFn: () => request('GET /api/settings') });

export const useClock = () =>
  useQuery({
    queryKey: ['clock'],
    queryFn: () => request('GET /api/clock'),
    refetchInterval: SELDOM_MS,
  });

/** Asked for only where the account may see them. */
export function useLockouts() {
  const allowed = useRight('accounts.manage');
  return useQuery({
    queryKey: ['lockouts'],
    queryFn: () => request('GET /api/lockouts'),
    refetchInterval: SELDOM_MS,
    enabled: allowed,
  });
}
