import { QueryCache, QueryClient, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Right } from '../../src/api/contract.ts';
import { ApiError, type Result, request } from './client.ts';

/** Data of one kind share the first part of their key, so that a change can refresh all of it. */
export const queryClient: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError: forgetSession }),
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (count, error) =>
        count < 2 && error instanceof ApiError && (error.status === 0 || error.status >= 502),
    },
    mutations: { onError: forgetSession },
  },
});

/** An answer 401 means that the session has ended: the sign-in page takes over. */
function forgetSession(error: unknown): void {
  if (error instanceof ApiError && error.status === 401 && error.code === 'unauthenticated') {
    queryClient.setQueryData<Result<'GET /api/session'>>(['session'], { session: null });
  }
  if (error instanceof ApiError && error.code === 'password-change-required') {
    void queryClient.invalidateQueries({ queryKey: ['session'] });
  }
}

export const useSession = () =>
  useQuery({
    queryKey: ['session'],
    queryFn: () => request('GET /api/session'),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** Whether the account may do this; what it may not, the GUI does not offer. */
export function useRight(right: Right): boolean {
  return useSession().data?.session?.rights.includes(right) ?? false;
}

export const useDevice = () =>
  useQuery({ queryKey: ['device'], queryFn: () => request('GET /api/device'), refetchInterval: 60_000 });

/** Zone in which the concentrator counts its days. */
export const useZone = (): string => useDevice().data?.zone ?? 'UTC';

export const useChoices = () =>
  useQuery({ queryKey: ['choices'], queryFn: () => request('GET /api/meters/choices'), staleTime: 60_000 });

/** A change that, once made, refreshes the data kinds it touches. */
export function useChange<Input, Output>(
  change: (input: Input) => Promise<Output>,
  kinds: readonly string[],
) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () => Promise.all(kinds.map((kind) => client.invalidateQueries({ queryKey: [kind] }))),
  });
}
