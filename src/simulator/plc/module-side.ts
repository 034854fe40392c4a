import type { Edition } from '../../plc/codec.ts';
import type { DownFrame } from '../../plc/frame.ts';
import type { Unit } from '../../plc/unit.ts';
import type { ModuleMode, ModuleVersion } from '../../plc/units/afn-03.ts';
import type { PlcNetwork } from './network.ts';
import type { Station } from './station.ts';

export const MAX_FRAME = 2048;

export interface SimulatedModuleOptions {
  readonly network: PlcNetwork;
  /** Who stands behind an address; an address without anybody is silent. */
  readonly station: (address: string) => Station | undefined;
  /** 10376.2 if not given. */
  readonly edition?: Edition;
  /** 2040 if not given. */
  readonly maxNodes?: number;
  /** Readings at once; 128 if not given. */
  readonly maxConcurrent?: number;
  /** Addresses in one frame; 32 if not given. */
  readonly maxBatch?: number;
  /** Longest frame, bytes; 2048 if not given. */
  readonly maxFrame?: number;
  /** Units that it does not know, as `F1F1`. */
  readonly without?: readonly string[];
  /** Until it says that a meter is silent; 20 s if not given. */
  readonly meterTimeoutMs?: number;
  /** Whether it reports nodes that it does not let in, because they are in no archive; no if not given. */
  readonly tellsRejected?: boolean;
  /** What a meter takes to answer; 60 ms if not given. */
  readonly meterReplyMs?: number;
  /** From power to the first frame; 3 s if not given. */
  readonly bootMs?: number;
}

export type SimulatedModuleEvent =
  /** A message has reached a meter. */
  | { readonly type: 'delivered'; readonly address: string }
  | { readonly type: 'upgraded'; readonly image: Uint8Array };

/** What a module knows. All but the last four is kept over a reset. */
export interface ModuleMemory {
  /** Protocol of each node by its address, in the order in which they came. */
  readonly archive: Map<string, number>;
  masterAddress: string;
  band: number;
  version: ModuleVersion;
  pieces: Uint8Array[];
  paused: boolean;
  reporting: boolean;
  registering: boolean;
  readonly reading: Set<string>;
}

/** A command of the concentrator, decoded. */
export interface Handled {
  readonly frame: DownFrame;
  readonly value: unknown;
  readonly nowMs: number;
}

/** What the handling of commands needs of the module. */
export interface ModuleSide {
  readonly options: SimulatedModuleOptions;
  readonly memory: ModuleMemory;
  readonly edition: Edition;
  mode(): ModuleMode;
  /** Answers with a unit. */
  reply<Up>(to: DownFrame, unit: Unit<unknown, Up>, value: Up): void;
  /** `waitS`: so long it wants to be left alone. */
  confirm(to: DownFrame, waitS?: number): void;
  deny(to: DownFrame, code: number): void;
  /** Reports until it is confirmed, three times at most. `from`: the node that it comes from. */
  report<Up>(unit: Unit<unknown, Up>, value: Up, nowMs: number, from?: string): void;
  emit(event: SimulatedModuleEvent): void;
  later(atMs: number, run: (atMs: number) => void): void;
  /** The UART goes to another rate, by its number, after what was sent. */
  configure(index: number): void;
  /** Starts anew, as the hardware does. */
  restart(nowMs: number): void;
}
