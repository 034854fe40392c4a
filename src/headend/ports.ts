import type { Balances } from '../base/balance.ts';
import type {
  EventLog,
  Interval,
  Meter,
  MeterEvent,
  ProfileKind,
  ProfileRows,
  RegisterReading,
} from '../base/model.ts';
import type { CosemRequest, CosemResponse } from '../dlms/server.ts';
import type { MeterProfile } from '../meters/meter-profile.ts';
import type {
  BlacklistPort,
  ChangeRecorder,
  ChannelsPort,
  ClockPort,
  FirmwarePort,
  IdentityPort,
  LockoutPort,
  LogbookPort,
  MeterListPort,
  ModemPort,
  NetworkPort,
  NtpPort,
  RefusalsPort,
  SettingsPort,
  TasksPort,
} from './management/ports.ts';
import type { PushSetupsPort } from './push/setup-port.ts';

/** What was read of meters, as the head-end's servers need it. */
export interface MeterReadings {
  /** Rows with time in the interval, ascending; undefined when nothing was ever read. */
  profile(meterId: number, kind: ProfileKind, interval: Interval): Promise<ProfileRows | undefined>;
  /** Newest first. */
  events(
    meterId: number,
    query: { readonly log: EventLog; readonly interval: Interval; readonly limit: number },
  ): Promise<{ readonly rows: readonly MeterEvent[]; readonly total: number }>;
  registers(meterId: number): Promise<readonly RegisterReading[]>;
}

/** What the concentrator says of itself, and what of it may be changed: a port for each group of objects. */
export interface Management extends FirmwarePort {
  readonly serialNumber: string;
  readonly firmwareVersion: string;
  readonly identity: IdentityPort;
  readonly clock: ClockPort;
  readonly ntp: NtpPort;
  readonly logbook: LogbookPort;
  readonly settings: SettingsPort;
  readonly channels: ChannelsPort;
  readonly tasks: TasksPort;
  readonly blacklist: BlacklistPort;
  readonly meterList: MeterListPort;
  readonly network: NetworkPort;
  readonly modem: ModemPort;
  readonly pushSetups: PushSetupsPort;
  /** Who has changed what, and why something was not changed. */
  readonly recorder: ChangeRecorder;
  readonly refusals: RefusalsPort;
}

/** Everything that the servers serve, and where it comes from. */
export interface HeadendSources {
  readonly readings: MeterReadings;
  readonly management: Management;
  /** Balances of transformers, served by their balance meters. */
  readonly balances: Pick<Balances, 'transformer' | 'intervals'>;
  /** Meters in use, by their id. */
  readonly meters: () => ReadonlyMap<number, Meter>;
  /** One of them. */
  readonly meter: (id: number) => Meter | undefined;
  /** @throws DcuError `not-found` */
  readonly profileOf: (meter: Meter) => MeterProfile;
  /**
   * Asks the meter itself. Refusals are answers in the standard's names; rejects with what kept the meter from being
   * asked. Ends when the signal is aborted.
   */
  readonly ask: (meter: Meter, request: CosemRequest, signal: AbortSignal) => Promise<CosemResponse>;
  /** Who is locked out of the concentrator's interfaces. */
  readonly lockouts: LockoutPort;
  /** IANA name of the zone that times are told in. */
  readonly zone: () => string;
  /** UTC milliseconds. */
  readonly now: () => number;
}
