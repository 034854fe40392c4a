import type { Page } from './page.ts';

export interface BlacklistRow {
  readonly id: number;
  /** MeterNo, address of a communication unit, IP address with or without port, or system title, as it was typed in. */
  readonly address: string;
  readonly reason: string;
  readonly createdAt: number;
}

/** Devices that may not communicate. */
export interface BlacklistStore {
  list(): Promise<readonly BlacklistRow[]>;
  /** @throws DcuError `invalid-field`, `conflict` when it is on the list already, in whatever spelling */
  add(address: string, reason: string): Promise<BlacklistRow>;
  /** Hands back what was taken off. @throws DcuError `not-found` */
  remove(id: number): Promise<BlacklistRow>;
}

/** How it was found: the network told, it was looked for, or a line was scanned. */
export type FoundVia = 'report' | 'search' | 'scan';
export type FoundState = 'new' | 'accepted' | 'ignored';

/** A device that was found and is no meter of the archive (yet). */
export interface FoundDevice {
  readonly id: number;
  readonly channel: string;
  /** As the channel names it: address of the communication unit, HDLC address, IP address and port. */
  readonly address: string;
  readonly via: FoundVia;
  readonly state: FoundState;
  readonly foundAt: number;
  readonly seenAt: number;
  /** What it said of itself and the meter that it would be; `{}` when it was not asked. */
  readonly proposal: unknown;
}

export interface FoundNote extends Pick<FoundDevice, 'channel' | 'address' | 'via' | 'seenAt'> {
  /** Absent leaves the one of before. */
  readonly proposal?: unknown;
}

export interface FoundQuery {
  readonly channel?: string;
  readonly state?: FoundState;
  /** Matches anywhere in the address. */
  readonly search?: string;
  readonly limit: number;
  readonly offset: number;
}

export interface FoundDevices {
  /** Last seen first. */
  list(query: FoundQuery): Promise<Page<FoundDevice>>;
  get(id: number): Promise<FoundDevice | undefined>;
  /** True when it is news; one that was ignored stays ignored. */
  note(device: FoundNote): Promise<boolean>;
  /** @throws DcuError `not-found` */
  setState(id: number, state: FoundState): Promise<FoundDevice>;
}
