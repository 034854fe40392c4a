import type { DiscoveryCredentials } from './examine.ts';
import type { FoundDeviceView } from './found-view.ts';
import type { HdlcRange } from './targets.ts';

/** Where to look. What does not apply to the kind of the channel is not looked at. */
export interface DiscoveryRequest extends HdlcRange {
  readonly channel: string;
  /** Networks with IP addresses: names, addresses, IPv4 networks. */
  readonly hosts?: readonly string[];
  /** 4059 if not given. */
  readonly ports?: readonly number[];
  /** Behind a PLC module: addresses of nodes; those that the network has told of and nobody accepted if not given. */
  readonly nodes?: readonly string[];
  readonly probeTimeoutMs?: number;
  readonly credentials?: DiscoveryCredentials;
}

export type DiscoveryState = 'running' | 'done' | 'cancelled' | 'failed';

export interface DiscoveryRun {
  readonly id: string;
  readonly channel: string;
  readonly state: DiscoveryState;
  readonly startedAt: number;
  readonly finishedAt: number | null;
  /** Addresses in all, and those that had their turn. */
  readonly total: number;
  readonly asked: number;
  readonly found: readonly FoundDeviceView[];
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** A run while it goes on. */
export type OpenRun = { -readonly [Key in keyof DiscoveryRun]: DiscoveryRun[Key] } & {
  found: FoundDeviceView[];
};
