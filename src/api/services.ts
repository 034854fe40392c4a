import type { Clock } from '../base/clock.ts';
import type { DcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { EventLog, MeterState } from '../base/model.ts';
import type { Blacklist } from '../device/blacklist.ts';
import type { ClockState } from '../device/clock-sync.ts';
import type { Discovery } from '../meters/discovery/discovery.ts';
import type { LineAccount } from '../meters/line-job.ts';
import type { ProfileBook } from '../meters/profiles/index.ts';
import type { Right } from '../security/roles.ts';
import type { Store } from '../store/types.ts';
import type { LastError } from '../tasks/attempt-book.ts';
import type { CollectorSnapshot } from '../tasks/events.ts';
import type { ReadNowResult } from '../tasks/read-now.ts';
import type { HeadendPort } from './headend-port.ts';
import type { LockoutsPort } from './lockouts-port.ts';
import type { ModulesPort } from './modules-port.ts';
import type { NetworkKeysPort } from './network-keys-port.ts';
import type { UplinksPort } from './uplinks-port.ts';

export type { CollectorSnapshot, Right };

/** Who makes a request. */
export interface Session {
  readonly account: {
    readonly id: number;
    readonly name: string;
    readonly role: string;
    readonly mustChangePassword: boolean;
  };
  readonly rights: readonly Right[];
  /** UTC milliseconds. */
  readonly expiresAt: number;
}

/** Whether somebody did something, or a page that stands open asked by itself. */
export type SessionUse = 'action' | 'background';

/** Accounts and sessions. Refusals are DcuErrors: `unauthenticated`, `locked-out`, `invalid-field`. */
export interface AuthPort {
  /** `source` is the peer's address: lockout counts per account and per source. */
  login(name: string, password: string, source: string): Promise<{ token: string; session: Session }>;
  /** Undefined for a token that is unknown, expired or revoked. Only an `action` moves the session's end on. */
  session(token: string, use: SessionUse): Promise<Session | undefined>;
  logout(token: string): Promise<void>;
  /** Ends all other sessions of the account. The token handed back is the one to use from then on. */
  changePassword(
    token: string,
    current: string,
    next: string,
    source: string,
  ): Promise<{ token: string; session: Session }>;
}

/** What happens while collecting, for the GUI's live view. */
export interface LiveEvents extends Record<string, unknown> {
  readonly 'meter-state': {
    readonly meterId: number;
    readonly state: MeterState;
    readonly lastSeen: number | null;
  };
  readonly progress: CollectorSnapshot;
  readonly 'meter-data': { readonly meterId: number; readonly kind: string; readonly added: number };
}

export interface LiveBus {
  on<Name extends keyof LiveEvents>(name: Name, listener: (payload: LiveEvents[Name]) => void): () => void;
}

/** Live work on the lines. */
export interface CollectorPort {
  snapshot(): CollectorSnapshot;
  /** The last failed attempt at a meter that the store had no room for; undefined when all is recorded. */
  lastError(meterId: number): LastError | undefined;
  /** What each line and meter has used since the start, and what went wrong there. */
  accounting(): readonly LineAccount[];
  /** Reads clock, relay and the registers of now; waits for its turn on the meter's line. */
  readNow(meterId: number, signal: AbortSignal): Promise<ReadNowResult>;
  relay(
    meterId: number,
    state: 'off' | 'on',
    signal: AbortSignal,
  ): Promise<{ readonly relay: 'on' | 'off' | 'ready' | null; readonly relayTime: number | null }>;
  /** Puts what is due and missing into the queue now, for one meter or for all; returns how many reads. */
  runNow(meterId?: number): Promise<{ readonly queued: number }>;
  /** The other meter that has answered at a meter's address is the right one. @throws DcuError `conflict` when there was none */
  acceptIdentity(meterId: number): Promise<void>;
  /** False when there is no such job any more. */
  cancel(jobId: string): boolean;
  readonly bus: LiveBus;
}

export interface DevicePort {
  readonly serialNumber: string;
  readonly version: string;
  /** IANA name, e.g. `Europe/Riga`; asked at each request because it is a setting. */
  zone(): string;
}

export interface CronPort {
  /** Plain English; DcuError `invalid-cron` for what is none. */
  describe(expression: string): string;
  /** The next instants after `fromMs`, UTC milliseconds, in the concentrator's zone. */
  next(expression: string, fromMs: number, count: number): readonly number[];
}

/** Who has set the clock. */
export interface ClockView extends ClockState {
  /** Why the time server gave no time; undefined while it does, or none is asked. */
  readonly ntpError: DcuError | undefined;
}

/** Names of what a meter holds; pure tables of the reading side. */
export interface CataloguePort {
  objectName(obis: string): string | null;
  unitSymbol(unit: number): string | null;
  eventText(profile: string, log: EventLog, code: number): string | null;
  meterProfiles(): readonly { readonly name: string; readonly title: string }[];
}

/** Kinds of meters that are known. */
export interface ProfilesPort extends Pick<ProfileBook, 'all' | 'event' | 'isBuiltIn' | 'problems'> {
  /** Reads the user's files again. */
  reload(): void;
}

/** All that the API stands on; the composition root hands it over. */
export interface ApiServices {
  readonly store: Pick<
    Store,
    | 'archive'
    | 'configuration'
    | 'readings'
    | 'audit'
    | 'logbook'
    | 'usage'
    | 'blacklist'
    | 'found'
    | 'networks'
    | 'g3'
    | 'outbox'
    | 'balances'
  >;
  readonly auth: AuthPort;
  /** Whom nobody may talk to, at hand without waiting. */
  readonly blacklist: Pick<Blacklist, 'match'>;
  readonly collector: CollectorPort;
  readonly modules: ModulesPort;
  readonly device: DevicePort;
  readonly cron: CronPort;
  readonly catalogue: CataloguePort;
  readonly discovery: Pick<Discovery, 'runs' | 'start' | 'cancel'>;
  readonly profiles: ProfilesPort;
  readonly networkKeys: NetworkKeysPort;
  readonly uplinks: UplinksPort;
  readonly headend: HeadendPort;
  readonly lockouts: LockoutsPort;
  readonly clock: Clock;
  readonly clockState: () => ClockView;
  readonly log: Log;
}
