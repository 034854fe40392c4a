import { useQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useSyncExternalStore } from 'react';
import type { Meter, ReadNow } from '../../src/api/contract.ts';
import { confirmTyped } from '../parts/confirm.tsx';
import { failed, told } from '../parts/problem.tsx';
import { request } from './client.ts';
import { queryClient, useRight } from './queries.ts';

/** Meters with an order under way; kept outside of pages, so that leaving one does not lose sight of it. */
const busy = new Set<string>();
const listeners = new Set<() => void>();
let version = 0;

function setBusy(key: string, is: boolean): void {
  if (is) busy.add(key);
  else busy.delete(key);
  version += 1;
  for (const listener of listeners) listener();
}

function useBusy(): (key: string) => boolean {
  useSyncExternalStore(
    useCallback((listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    }, []),
    () => version,
  );
  return (key) => busy.has(key);
}

const readKey = (meterId: number) => ['read-now', meterId] as const;

/** Reads a meter now and keeps the result for every page that shows it. Errors are told, not thrown. */
export async function readMeterNow(meter: Pick<Meter, 'id' | 'meterNo'>): Promise<boolean> {
  const key = `read ${meter.id}`;
  if (busy.has(key)) return false;
  setBusy(key, true);
  try {
    const result = await request('POST /api/reading/:id', { params: { id: meter.id } });
    queryClient.setQueryData<ReadNow>(readKey(meter.id), result);
    void queryClient.invalidateQueries({ queryKey: ['meter-data', meter.id] });
    return true;
  } catch (error) {
    failed(`Meter ${meter.meterNo} could not be read`, error);
    return false;
  } finally {
    setBusy(key, false);
    void queryClient.invalidateQueries({ queryKey: ['meter', meter.id] });
  }
}

/** Fetches what was read last of these meters, whoever asked for it, for every page that shows it. */
export function useLastReadings(meterIds: readonly number[]): void {
  const ids = meterIds.join(',');
  const { data } = useQuery({
    queryKey: ['last-readings', ids],
    queryFn: () => request('GET /api/reading', { query: { ids } }),
    enabled: useRight('readings.read') && ids !== '',
    refetchInterval: 30_000,
  });
  useEffect(() => {
    for (const { meterId, ...last } of data?.rows ?? []) {
      queryClient.setQueryData<ReadNow>(readKey(meterId), (before) =>
        before === undefined || newest(last) > newest(before) ? last : before,
      );
    }
  }, [data]);
}

const newest = ({ time, relayTime }: ReadNow): number => Math.max(time, relayTime ?? 0);

/** What was read of the meter last; undefined when it never was. */
export function useReadNow(meterId: number): {
  readonly result: ReadNow | undefined;
  readonly reading: boolean;
} {
  const isBusy = useBusy();
  const { data } = useQuery<ReadNow>({
    queryKey: readKey(meterId),
    queryFn: () => Promise.reject(new Error('is only read on demand')),
    enabled: false,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
  });
  return { result: data, reading: isBusy(`read ${meterId}`) };
}

/** Relay orders: typed confirmation, then the order, then what the relay reports. */
export function useRelay() {
  const isBusy = useBusy();
  return {
    busy: (meterId: number): boolean => isBusy(`relay ${meterId}`),
    ask: (meter: Pick<Meter, 'id' | 'meterNo'>, state: 'off' | 'on'): void =>
      confirmTyped(
        state === 'off' ? 'Switch the relay off' : 'Switch the relay on',
        state === 'off'
          ? `The customer of meter ${meter.meterNo} will be without electricity until the relay is switched on again.`
          : `The customer of meter ${meter.meterNo} will get electricity. Make sure that nobody works on the line.`,
        meter.meterNo,
        state === 'off' ? 'Switch off' : 'Switch on',
        (confirmation) => void order(meter, state, confirmation),
      ),
  };
}

async function order(
  meter: Pick<Meter, 'id' | 'meterNo'>,
  state: 'off' | 'on',
  confirmation: string,
): Promise<void> {
  const key = `relay ${meter.id}`;
  setBusy(key, true);
  try {
    const { relay, relayTime } = await request('POST /api/meters/:id/relay', {
      params: { id: meter.id },
      body: { state, confirmation },
    });
    told(`Meter ${meter.meterNo}: the relay reports ${relay ?? 'nothing'}.`);
    queryClient.setQueryData<ReadNow>(readKey(meter.id), (before) =>
      before === undefined ? before : { ...before, relay, relayTime },
    );
    void queryClient.invalidateQueries({ queryKey: ['last-readings'] });
  } catch (error) {
    failed(`Meter ${meter.meterNo}: the relay could not be switched ${state}`, error);
  } finally {
    setBusy(key, false);
  }
}
