import { profilesPort } from '../../src/api/ports.ts';
import type { ApiServices, LiveEvents, Right, Session } from '../../src/api/services.ts';
import { Bus } from '../../src/base/bus.ts';
import { VirtualClock } from '../../src/base/clock.ts';
import { DcuError } from '../../src/base/errors.ts';
import type { Log } from '../../src/base/log.ts';
import { ProfileBook } from '../../src/meters/profiles/index.ts';
import { RIGHTS } from '../../src/security/roles.ts';
import { type FakeStore, fakeStore } from './fake-store.ts';

/** Who is locked out. */
const LOCKED = {
  id: 'aGVzOng',
  port: 'tcp_server',
  kind: 'hes',
  name: 'tcp_server/10.0.0.9',
  failures: 5,
  until: 86_400_000,
};

export const START_MS = Date.UTC(2026, 2, 15, 10, 30);
/** A session that nobody uses for so long has ended. */
export const SESSION_MS = 30 * 60_000;

export interface FakeServices extends FakeStore {
  readonly services: ApiServices;
  readonly clock: VirtualClock;
  readonly bus: Bus<LiveEvents>;
  /** Makes a session with exactly these rights and hands back its token. */
  signIn(rights?: readonly Right[], mustChangePassword?: boolean): string;
  revoke(token: string): void;
  readonly logged: string[];
}

const lineUse = {
  frames: 120,
  bytes: 4_800,
  bitMs: 5_000,
  busyMs: 6_000,
  badFcs: 3,
  rejectedHeaders: 1,
  retransmissions: 4,
  timeouts: 2,
  ignoredFrames: 0,
  failures: 1,
  lastError: { code: 'link-timeout', message: 'no answer', time: START_MS },
} as const;

const lineLink = { srttMs: 41, timeoutMs: 640, field: 256, window: 7, msPerByte: 1.04 } as const;

export function fakeServices(): FakeServices {
  const base = fakeStore();
  const clock = new VirtualClock(START_MS);
  const bus = new Bus<LiveEvents>((error) => {
    throw error;
  });
  const sessions = new Map<string, Session>();
  const logged: string[] = [];
  let issued = 0;
  let strangerAnswers = true;
  const note = (message: string, facts?: Record<string, unknown>): void => {
    logged.push(`${message} ${JSON.stringify(facts ?? {})}`);
  };
  const log: Log = { debug: note, info: note, warn: note, error: note, child: () => log };
  const signIn = (rights: readonly Right[] = RIGHTS, mustChangePassword = false): string => {
    issued += 1;
    const token = `token-${issued}`;
    const account = { id: 1, name: 'admin', role: 'administrator', mustChangePassword };
    sessions.set(token, { account, rights, expiresAt: clock.now() + SESSION_MS });
    return token;
  };
  const services: ApiServices = {
    store: base.store,
    blacklist: { match: (names) => base.blacklist.match(names) },
    clock,
    log,
    device: { serialNumber: '5500000527', version: '0.1.0', zone: () => 'Europe/Riga' },
    auth: {
      login: async (name, password) => {
        if (name !== 'admin' || password !== 'right-password') {
          throw new DcuError('unauthenticated', 'Name or password is wrong.');
        }
        const token = signIn();
        const session = sessions.get(token);
        if (session === undefined) throw new Error('unreachable');
        return { token, session };
      },
      session: async (token, use) => {
        const session = sessions.get(token);
        if (session === undefined || session.expiresAt <= clock.now()) return undefined;
        if (use === 'action') sessions.set(token, { ...session, expiresAt: clock.now() + SESSION_MS });
        return session;
      },
      logout: async (token) => void sessions.delete(token),
      changePassword: async (token, current) => {
        if (current !== 'right-password') {
          throw new DcuError('invalid-field', 'The current password is wrong.', { field: 'current' });
        }
        sessions.delete(token);
        const next = signIn();
        const session = sessions.get(next);
        if (session === undefined) throw new Error('unreachable');
        return { token: next, session };
      },
    },
    collector: {
      bus,
      snapshot: () => ({
        jobs: [],
        lines: [
          {
            line: 'rs485_1',
            shared: true,
            total: 8,
            done: 3,
            failed: 1,
            queued: 4,
            running: 1,
            current: '0011539465',
            chunksLeft: 2,
            etaMs: 90_000,
          },
        ],
        overall: { total: 8, done: 3, failed: 1, queued: 4, running: 1, etaMs: 90_000 },
      }),
      lastError: () => undefined,
      acceptIdentity: async () => {
        if (!strangerAnswers) throw new DcuError('conflict', 'no other meter has answered');
        strangerAnswers = false;
      },
      accounting: () => [
        {
          line: 'rs485_1',
          channel: 'rs485_1',
          shared: true,
          state: 'busy',
          ageMs: 60_000,
          use: lineUse,
          meters: new Map([[1, { ...lineUse, meterNo: '0011539465', breaker: 'closed', link: lineLink }]]),
        },
      ],
      readNow: async (meterId) => ({
        time: clock.now(),
        meterTime: clock.now() - 2_000,
        relay: 'on',
        relayTime: clock.now(),
        registers: await base.store.readings.registers(meterId),
      }),
      relay: async (_meterId, state) => ({ relay: state, relayTime: clock.now() }),
      runNow: async (meterId) => ({ queued: meterId === undefined ? 10 : 1 }),
      cancel: (id) => id === 'job-1',
    },
    cron: {
      describe: (expression) => `words for ${expression}`,
      next: (expression, fromMs, count) => {
        if (expression.split(' ').length !== 5) throw new DcuError('invalid-cron', 'needs five fields');
        return Array.from({ length: count }, (_, i) => fromMs + i);
      },
    },
    discovery: {
      runs: () => [],
      start: async ({ channel }) => `discovery-${channel}`,
      cancel: (id) => id === 'discovery-1',
    },
    uplinks: {
      views: () => [
        {
          destination: 'mqtt',
          enabled: true,
          link: { connected: true, since: START_MS, inFlight: 2, sent: 7, lastSent: START_MS },
          problem: undefined,
        },
        { destination: 'mqtt_2', enabled: true, link: undefined, problem: 'no broker is set' },
      ],
      clear: async () => 3,
    },
    clockState: () => ({
      synchronised: true,
      lost: false,
      last: { source: 'hes', who: 'the head-end on tcp_server', at: START_MS },
      ntpError: new DcuError('link-timeout', 'no answer'),
    }),
    headend: { views: () => [] },
    lockouts: {
      listLocked: async () => [LOCKED],
      unlock: async (id) => {
        if (id !== LOCKED.id) throw new DcuError('not-found', 'nobody of this id is locked out');
        return LOCKED;
      },
    },
    networkKeys: {
      list: async () => [],
      changes: async () => [],
      set: async () => {},
      plan: async () => {
        throw new DcuError('conflict', 'the present key is not known');
      },
      run: async () => {},
      rollBack: async () => {},
      confirm: async () => {},
    },
    profiles: profilesPort(new ProfileBook(), () => {}),
    modules: {
      list: () => [],
      refresh: async () => 0,
      discover: async () => {},
      endDiscovery: () => {},
      setBand: async () => {},
      upgrade: () => {},
      cancelUpgrade: () => true,
    },
    catalogue: {
      objectName: (obis) => (obis === '1.0.1.8.0.255' ? 'Active energy import (+A)' : null),
      unitSymbol: (unit) => (unit === 30 ? 'Wh' : null),
      eventText: (_profile, _log, code) => (code === 40 ? 'Terminal cover removed' : null),
      meterProfiles: () => [{ name: 'generic', title: 'Generic DLMS meter' }],
    },
  };
  return {
    ...base,
    services,
    clock,
    bus,
    signIn,
    revoke: (token) => void sessions.delete(token),
    logged,
  };
}

export interface Call {
  readonly method?: string;
  readonly body?: unknown;
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: () => Record<string, unknown>;
}

/** One request as the GUI would send it. */
export async function call(
  app: { handle(request: Request): Response | Promise<Response> },
  path: string,
  { method = 'GET', body, token, headers = {} }: Call = {},
): Promise<Answer> {
  const response = await app.handle(
    new Request(`https://dcu.test${path}`, {
      method,
      headers: {
        'x-opendcu': '1',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { cookie: `__Host-opendcu=${token}` }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    }),
  );
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: () => JSON.parse(text) as Record<string, unknown>,
  };
}

export const meterBody = {
  meterNo: '0011539465',
  enabled: true,
  mac: -1,
  channel: 'tcp_meters',
  meterType: 1,
  phase: 1,
  credit: 1,
  task: 'single_phase',
  prepaid: 255,
  wiring: 0,
  profile: 'generic',
  address: {
    framing: 'wrapper',
    host: '127.0.0.1',
    port: 4059,
    clientAddress: 1,
    serverAddress: 1,
    addressBytes: 1,
  },
  security: { auth: 'hls-gmac', policy: 'auth-enc', systemTitle: '4d4d4d0000bc614e' },
  secrets: {
    password: 'meter-password-77',
    encryptionKey: '000102030405060708090a0b0c0d0e0f',
    authenticationKey: 'd0d1d2d3d4d5d6d7d8d9dadbdcdddedf',
  },
};
