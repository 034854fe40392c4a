import type { DcuError } from '../base/errors.ts';
import type { LineSettings, Machine } from '../base/machine.ts';
import type { Edition } from './codec.ts';
import type { LifeState } from './module-tables.ts';
import type { ReceiverCounters } from './receiver.ts';
import type { ModuleMode, ModuleVersion } from './units/afn-03.ts';
import type { ReportedDevice } from './units/afn-06.ts';
import type { PhaseNode, RoutedNode, TopologyNode } from './units/afn-10.ts';

/** How the concentrator deals with its module. Addresses are twelve digits everywhere. */
export interface ModuleConfig {
  /** Address that the module is to have as the master node of the network. */
  readonly masterAddress: string;
  /** Rate of the UART to change to with 05F10; the one found if not given. */
  readonly baudRate?: number;
  /** Of the UART; even if not given. */
  readonly parity?: LineSettings['parity'];
  /** Edition to speak; found out if not given. */
  readonly edition?: Edition;
  /** Longest frame, bytes, both ways; the module's own limit counts too. 2048 if not given. */
  readonly maxFrame?: number;
  /** Protocol of forwarded messages: 0 (transparent, DLMS) if not given. */
  readonly protocol?: number;
  /** Requests on their way at once; 128 if not given. */
  readonly maxConcurrent?: number;
  /** Addresses in one frame of 11F1 and 11F2, entries of one of 10F2; 32 if not given. */
  readonly batch?: number;
  /** Time for the module to answer; 6 s if not given. */
  readonly uartTimeoutMs?: number;
  /** Time for a meter to answer through the module; 60 s if not given. */
  readonly forwardTimeoutMs?: number;
  /** Requests that wait, at most; 4096 if not given. */
  readonly queueLimit?: number;
  /** Local time for a module that asks (14F2) or begins a search: BCD second, minute, hour, day, month, year. */
  readonly localTime?: () => Uint8Array;
}

export type UpgradeTarget = 'module' | 'stations' | 'all';

/** `id` names what is asked for; events that answer it carry the same. */
export type ModuleCommand =
  | { readonly type: 'start' }
  | { readonly type: 'stop' }
  /** The nodes that the module is to have, in this order. Kept over restarts of the module. */
  | { readonly type: 'set-archive'; readonly nodes: readonly string[] }
  | ForwardCommand
  /** A request that waits or is on its way: it fails with `cancelled`, an answer is dropped. */
  | { readonly type: 'cancel'; readonly id: string }
  | JobCommand;

export interface ForwardCommand {
  readonly type: 'forward';
  readonly id: string;
  readonly address: string;
  /** What the meter is to get: a whole frame of its own link layer. */
  readonly bytes: Uint8Array;
  /**
   * How often it may be sent when it is not known whether the meter has got it; 1 if not given. What the module has
   * refused was not sent, and is tried again in any case.
   */
  readonly attempts?: number;
  /** One more of it does no harm, for the meter's link layer numbers its frames: it goes again after a restart of the module. */
  readonly numbered?: boolean;
  /** 0 (on demand, ahead of all) to 5; 3 if not given. */
  readonly priority?: number;
}

export type JobCommand =
  | { readonly type: 'topology'; readonly id: string }
  | { readonly type: 'phases'; readonly id: string }
  /** What the router knows of each node: level, quality, phases. */
  | { readonly type: 'nodes'; readonly id: string }
  /** Index of the frequency band. */
  | { readonly type: 'set-band'; readonly id: string; readonly band: number }
  /** Nodes that are in no archive may register for so long. */
  | { readonly type: 'discover'; readonly id: string; readonly minutes: number }
  | {
      readonly type: 'upgrade';
      readonly id: string;
      readonly image: Uint8Array;
      readonly target: UpgradeTarget;
    };

export type FailureReason =
  | 'no-answer'
  | 'meter-silent'
  | 'not-in-network'
  | 'unknown-address'
  | 'refused'
  | 'unsupported'
  | 'too-long'
  | 'queue-full'
  | 'cancelled'
  | 'module-lost';

export type ModuleEvent =
  /** The module answers and is set up. `swapped`: it is not the one that was there before. */
  | {
      readonly type: 'ready';
      readonly edition: Edition;
      readonly baudRate: number;
      readonly version?: ModuleVersion;
      readonly mode?: ModuleMode;
      readonly swapped: boolean;
    }
  /** The module has what `set-archive` asked for, but for what it refused. */
  | {
      readonly type: 'archive';
      readonly added: number;
      readonly deleted: number;
      readonly refused: readonly string[];
    }
  /** The module refuses its start-up, which is tried again, or its archive, without which it is used. */
  | { readonly type: 'setup-failed'; readonly step: 'start-up' | 'archive'; readonly error: DcuError }
  | { readonly type: 'answer'; readonly id: string; readonly address: string; readonly bytes: Uint8Array }
  | {
      readonly type: 'failed';
      readonly id: string;
      readonly address: string;
      readonly reason: FailureReason;
      readonly error: DcuError;
    }
  | { readonly type: 'topology'; readonly id: string; readonly nodes: readonly TopologyNode[] }
  | { readonly type: 'phases'; readonly id: string; readonly nodes: readonly PhaseNode[] }
  | { readonly type: 'nodes'; readonly id: string; readonly nodes: readonly RoutedNode[] }
  | { readonly type: 'band'; readonly id: string; readonly band: number }
  | { readonly type: 'discovery'; readonly id: string; readonly state: 'begun' | 'ended' }
  | { readonly type: 'upgrade-progress'; readonly id: string; readonly done: number; readonly total: number }
  | { readonly type: 'upgraded'; readonly id: string }
  | { readonly type: 'job-failed'; readonly id: string; readonly error: DcuError }
  /** The module does not answer at any rate; asking goes on. */
  | { readonly type: 'silent' }
  /** It has started anew by itself. */
  | { readonly type: 'restarted' }
  | ReportEvent
  | { readonly type: 'stopped'; readonly error?: DcuError };

export type ReportEvent =
  /** `known`: it is in the archive. */
  | {
      readonly type: 'nodes-found';
      readonly nodes: readonly (ReportedDevice & { readonly known: boolean })[];
    }
  | {
      readonly type: 'data-reported';
      readonly address?: string;
      readonly sequence: number;
      readonly bytes: Uint8Array;
    }
  | { readonly type: 'work-finished'; readonly work: 'reading' | 'search' | 'district' | 'other' }
  | { readonly type: 'power'; readonly on: boolean; readonly addresses: readonly string[] }
  | { readonly type: 'nodes-rejected'; readonly addresses: readonly string[] }
  | {
      readonly type: 'node-event';
      readonly deviceType: number;
      readonly protocol: number;
      readonly message: Uint8Array;
    }
  /** A report of another kind; confirmed, so that it does not come again. */
  | { readonly type: 'report'; readonly unit: string; readonly data: Uint8Array };

export interface ModuleCounters {
  sent: number;
  received: number;
  /** Answers to nothing: late, twice, or with a sequence that nobody waits for. */
  stale: number;
  /** Answers and reports whose data cannot be read. */
  garbled: number;
  /** Frames that are not the module's: the line has an echo. */
  foreign: number;
  /** Reports that came again. */
  repeated: number;
  timeouts: number;
  denied: number;
}

export interface ModuleMachine extends Machine<ModuleCommand, ModuleEvent> {
  readonly state: LifeState;
  readonly counters: Readonly<ModuleCounters>;
  /** Frames and noise on the line. */
  readonly line: Readonly<ReceiverCounters>;
  /** How requests are forwarded, how many may be on their way at once, are, and wait. */
  readonly traffic: TrafficState;
}

export interface TrafficState {
  /** Many at once (F1F1), or one after the other (13F1, and 13F2 for what does not fit it). */
  readonly way: 'concurrent' | 'single';
  readonly concurrency: number;
  readonly flying: number;
  readonly waiting: number;
}
