import { createContext, type ReactNode, useContext, useEffect, useMemo, useRef, useState } from 'react';
import type { CollectorSnapshot, MeterState } from '../../src/api/contract.ts';
import { queryClient } from './queries.ts';

export interface LiveState {
  readonly state: MeterState;
  readonly lastSeen: number | null;
}

interface StreamData {
  readonly heartbeat: { readonly now: number };
  readonly progress: CollectorSnapshot;
  readonly 'meter-state': LiveState & { readonly meterId: number };
  readonly 'meter-data': { readonly meterId: number };
}

interface Live {
  /** False once the stream has been silent for too long or broke off. */
  readonly connected: boolean;
  readonly progress: CollectorSnapshot | undefined;
  /** States heard since the page was opened, by meter id. */
  readonly states: ReadonlyMap<number, LiveState>;
}

const LiveContext = createContext<Live>({ connected: true, progress: undefined, states: new Map() });

/** Heartbeats come every 15 s. */
const SILENCE_MS = 40_000;
/** Events are shown in bundles, so that two thousand meters at work do not redraw the page two thousand times. */
const BUNDLE_MS = 300;
const RETRY_MS = 5_000;

/** Keeps one event stream open while someone is signed in. */
export function LiveProvider({ children }: { readonly children: ReactNode }) {
  const [attempt, setAttempt] = useState(0);
  const [connected, setConnected] = useState(true);
  const [progress, setProgress] = useState<CollectorSnapshot>();
  const [states, setStates] = useState<ReadonlyMap<number, LiveState>>(new Map());
  const heardAt = useRef(Date.now());

  useEffect(() => {
    const pending = new Map<number, LiveState>();
    let newest: CollectorSnapshot | undefined;
    const touched = new Set<number>();
    let lost = attempt > 0;
    let retry: ReturnType<typeof setTimeout> | undefined;
    const source = new EventSource('/api/events/stream');
    const listen = <Name extends keyof StreamData>(
      name: Name,
      use: (data: StreamData[Name]) => void,
    ): void => {
      source.addEventListener(name, (event) => {
        heardAt.current = Date.now();
        if (lost) void queryClient.invalidateQueries();
        lost = false;
        setConnected(true);
        use(JSON.parse((event as MessageEvent<string>).data) as StreamData[Name]);
      });
    };
    listen('heartbeat', () => {});
    listen('progress', (data) => {
      newest = data;
    });
    listen('meter-state', ({ meterId, state, lastSeen }) => {
      pending.set(meterId, { state, lastSeen });
    });
    listen('meter-data', ({ meterId }) => touched.add(meterId));
    source.addEventListener('error', () => {
      lost = true;
      setConnected(false);
      // A browser gives up for good when the answer is an error; ask who is signed in to find out why.
      if (source.readyState !== EventSource.CLOSED) return;
      void queryClient.invalidateQueries({ queryKey: ['session'] });
      retry = setTimeout(() => setAttempt((before) => before + 1), RETRY_MS);
    });
    const flush = setInterval(() => {
      if (Date.now() - heardAt.current > SILENCE_MS) {
        lost = true;
        setConnected(false);
      }
      if (newest !== undefined) setProgress(newest);
      newest = undefined;
      if (pending.size > 0) {
        const heard = [...pending];
        pending.clear();
        setStates((before) => new Map([...before, ...heard]));
      }
      for (const id of touched) void queryClient.invalidateQueries({ queryKey: ['meter-data', id] });
      touched.clear();
    }, BUNDLE_MS);
    return () => {
      source.close();
      clearInterval(flush);
      clearTimeout(retry);
    };
  }, [attempt]);

  const value = useMemo(() => ({ connected, progress, states }), [connected, progress, states]);
  return <LiveContext value={value}>{children}</LiveContext>;
}

export const useLive = (): Live => useContext(LiveContext);
