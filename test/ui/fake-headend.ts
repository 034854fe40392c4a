import type { HeadendChannelView, MeterPortView } from '../../src/api/headend-port.ts';
import type { LockoutsPort, LockoutView } from '../../src/api/lockouts-port.ts';
import type { UplinksPort } from '../../src/api/uplinks-port.ts';
import { DcuError } from '../../src/base/errors.ts';
import type { Store } from '../../src/store/types.ts';

/** Ways north in each of their moods. */
export function fakeHeadend(nowMs: number): readonly HeadendChannelView[] {
  const since = nowMs - 720_000;
  return [
    {
      channel: 'tcp_server',
      kind: 'server',
      enabled: true,
      listening: { host: '0.0.0.0', port: 4059 },
      problem: undefined,
      connections: [
        {
          peer: '10.20.0.5:50112',
          since,
          associations: [
            { client: 1, sap: 1, auth: 'hls-gmac', live: false },
            { client: 2, sap: 16, auth: 'hls-gmac', live: true },
          ],
        },
        { peer: '10.20.0.9:50113', since: nowMs - 4000, associations: [] },
      ],
      meterPorts: Array.from(
        { length: 40 },
        (_, i): MeterPortView => ({
          meterId: i + 1,
          meterNo: String(11_539_000 + i).padStart(10, '0'),
          port: 20_001 + i,
          connections: i === 0 ? 1 : 0,
          error: i === 2 ? 'port 20003 is taken' : null,
        }),
      ),
    },
    {
      channel: 'tcp_client',
      kind: 'client',
      enabled: true,
      problem: undefined,
      connections: [],
      dial: {
        state: 'pausing',
        since,
        mode: 'server',
        peer: undefined,
        nextTryAt: nowMs + 90_000,
        attempts: 3,
        lastError: { code: 'channel-open-failed', message: '10.20.0.1:4059 refused', time: nowMs - 30_000 },
        heartbeats: undefined,
      },
    },
    { channel: 'tcp_server_gui', kind: 'local', enabled: true, problem: undefined, connections: [] },
    {
      channel: 'tcp_server_im',
      kind: 'balance',
      enabled: true,
      problem: 'port 4061 is taken',
      connections: [],
    },
  ];
}

/** What the outbox of the store is emptied by; nothing of it ever goes. */
export function fakeUplinks(store: Store, nowMs: number): UplinksPort {
  const link = { connected: false, since: nowMs - 300_000, inFlight: 0, sent: 0 };
  const lastError = { code: 'link-timeout', message: 'no answer within 5 s', time: nowMs - 20_000 };
  return {
    views: () => [
      { destination: 'tcp_client', enabled: false, link: undefined, problem: undefined },
      { destination: 'mqtt', enabled: true, link: { ...link, connected: true }, problem: undefined },
      { destination: 'hes_push', enabled: true, link: { ...link, lastError }, problem: undefined },
    ],
    clear: (destination) => store.outbox.clear(destination),
  };
}

/** A head-end and an account that have failed too often. */
export function fakeLockouts(nowMs: number): LockoutsPort {
  let locked: readonly LockoutView[] = [
    {
      id: 'aGVz',
      port: 'tcp_server',
      kind: 'hes',
      name: 'tcp_server/10.9.9.9',
      failures: 5,
      until: nowMs + 80_000_000,
    },
  ];
  return {
    listLocked: async () => locked,
    unlock: async (id) => {
      const one = locked.find((row) => row.id === id);
      if (one === undefined) throw new DcuError('not-found', 'nobody of this id is locked out');
      locked = locked.filter((row) => row !== one);
      return one;
    },
  };
}

/** Makes the store owe something to two destinations. */
export async function seedOutbox(store: Store): Promise<void> {
  for (const name of ['mqtt', 'hes_push']) await store.outbox.open(name);
  for (let i = 0; i < 3; i++) await store.outbox.answer('hes_push', 1, { request: i, done: true });
}
