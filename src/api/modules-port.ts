import type { DcuError } from '../base/errors.ts';
import type { PlcModuleView } from '../channels/plc-module.ts';
import type { UpgradeTarget } from '../plc/module-types.ts';

/** The last upgrade of a module. */
export interface UpgradeState {
  readonly state: 'running' | 'done' | 'failed' | 'cancelled';
  readonly target: UpgradeTarget;
  /** Of the whole image. */
  readonly bytes: number;
  /** Pieces of the image. */
  readonly done: number;
  /** 0 before the first piece. */
  readonly total: number;
  readonly startedAt: number;
  readonly finishedAt: number | null;
  readonly error: DcuError | null;
}

/** A module as its channel has it. */
export interface ModuleState extends PlcModuleView {
  readonly channel: string;
  /** Devices that are in no archive may register. */
  readonly searching: boolean;
  /** UTC ms at which that ends; null where it is not known. */
  readonly searchingUntil: number | null;
  readonly network: {
    /** UTC ms of the last look at the network. */
    readonly lookedAt: number | null;
    readonly looking: boolean;
    readonly error: DcuError | null;
  };
  readonly upgrade: UpgradeState | null;
}

/** PLC modules and the networks behind them. A channel without a module ends in DcuError `not-found`, one that is gone in `module-lost`. */
export interface ModulesPort {
  list(): readonly ModuleState[];
  /** Looks at the network now; resolves to the number of nodes. */
  refresh(channel: string): Promise<number>;
  /** Resolves when devices that are in no archive may register. */
  discover(channel: string, minutes: number): Promise<void>;
  endDiscovery(channel: string): void;
  /** The network forms anew then, which takes minutes. @throws DcuError `invalid-field` */
  setBand(channel: string, band: number): Promise<void>;
  /** Begins to hand an image over. @throws DcuError `conflict` while another is under way */
  upgrade(channel: string, image: Uint8Array, target: UpgradeTarget): void;
  /** False when none is under way. */
  cancelUpgrade(channel: string): boolean;
}
