import type { KeyChange } from '../store/types.ts';

/** A meter as the plan of a change shows it. */
interface PlannedMeter {
  readonly meterId: number;
  readonly meterNo: string;
  readonly level: number | null;
  readonly reachable: boolean;
  readonly obstacle: string | null;
}

/** Pre-shared keys of G3-PLC networks: they go in and never come out. Meter 0 = the whole network. */
export interface NetworkKeysPort {
  list(): Promise<
    readonly {
      readonly channel: string;
      readonly meterId: number;
      readonly hasPrevious: boolean;
      readonly changedAt: number;
    }[]
  >;
  changes(): Promise<readonly KeyChange[]>;
  /** @throws DcuError `conflict`, `not-found`, `invalid-field` */
  set(channel: string, meterId: number, key: Uint8Array, actor: string): Promise<void>;
  plan(
    channel: string,
    meterId: number,
    key: Uint8Array,
    actor: string,
  ): Promise<{
    readonly change: KeyChange;
    readonly meters: readonly PlannedMeter[];
    readonly toleratedFailures: number;
  }>;
  /** @throws DcuError `conflict`, `not-found` */
  run(id: number, actor: string): Promise<void>;
  rollBack(id: number, actor: string): Promise<void>;
  confirm(channel: string, actor: string): Promise<void>;
}
