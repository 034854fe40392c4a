import type { G3Path } from '../base/g3.ts';

/** A node of a power line network, addresses as its channel names them; null = not known. */
export interface NetworkNode {
  readonly address: string;
  /** TEI, or G3 short address. */
  readonly shortAddress: number | null;
  /** Address of the node through which it is reached; null = the coordinator, or not known. */
  readonly parent: string | null;
  /** Hops to the coordinator. */
  readonly level: number | null;
  readonly role: 'coordinator' | 'proxy' | 'station';
  /** 0 (worst) to 15. */
  readonly quality: number | null;
  /** Bit n-1 = phase n. */
  readonly phases: number | null;
  /** What else the network says. */
  readonly detail: Readonly<Record<string, unknown>>;
  /** UTC ms of the last look that has shown it. */
  readonly seenAt: number;
}

/** What is known of power line networks. */
export interface Networks {
  /** Also those that the last look did not show. */
  nodes(channel: string): Promise<readonly NetworkNode[]>;
  /** What one look at a network has shown. */
  saveNodes(channel: string, nodes: readonly Omit<NetworkNode, 'seenAt'>[], seenAt: number): Promise<void>;
}

/** Ways through G3-PLC networks. */
export interface G3Ways {
  /** Undefined before anything was told. @throws DcuError `not-found` for a meter that is not there */
  path(meterId: number): Promise<G3Path | undefined>;
}

/** A change of pre-shared keys: `failed` = it could not be taken back at every meter. */
export type KeyChangeState = 'planned' | 'running' | 'done' | 'rolling-back' | 'rolled-back' | 'failed';
export type KeyStepState = 'waiting' | 'sent' | 'confirmed' | 'failed' | 'rolled-back';

export interface KeyStep {
  readonly meterId: number;
  readonly state: KeyStepState;
  readonly message?: string;
  readonly at?: number;
}

export interface KeyChange {
  readonly id: number;
  readonly channel: string;
  /** 0 = the whole network. */
  readonly meterId: number;
  readonly state: KeyChangeState;
  readonly actor: string;
  readonly startedAt: number;
  readonly finishedAt?: number;
  readonly steps: readonly KeyStep[];
}

/** A pre-shared key that is known, 16 bytes. It never leaves the process but to a meter. */
export interface KnownNetworkKey {
  /** 0 = the whole network's; a meter's own goes before it. */
  readonly meterId: number;
  readonly key: Uint8Array;
  /** The one before, for as long as the change can be taken back, or one that the meter may have as well. */
  readonly previous?: Uint8Array;
  readonly changedAt: number;
}

/** Pre-shared keys of G3-PLC networks and their changes. While one is under way, another ends in DcuError `conflict`. */
export interface NetworkKeyStore {
  /** Which there are, without the keys. */
  list(): Promise<
    readonly {
      readonly channel: string;
      readonly meterId: number;
      readonly hasPrevious: boolean;
      readonly changedAt: number;
    }[]
  >;
  /** @throws what the sealer throws when a key was moved or changed */
  keys(channel: string): Promise<readonly KnownNetworkKey[]>;
  save(channel: string, meterId: number, key: Uint8Array): Promise<void>;
  /** All of a channel anew. */
  replace(channel: string, keys: readonly KnownNetworkKey[]): Promise<void>;
  plan(change: {
    readonly channel: string;
    readonly meterId: number;
    readonly key: Uint8Array;
    readonly actor: string;
    readonly meterIds: readonly number[];
  }): Promise<KeyChange>;
  /** Newest first. */
  changes(): Promise<readonly KeyChange[]>;
  /** @throws DcuError `not-found` */
  change(id: number): Promise<KeyChange>;
  /** The key that a change brings; undefined once it has ended. */
  changeKey(id: number): Promise<Uint8Array | undefined>;
  step(id: number, meterId: number, state: KeyStepState, message?: string): Promise<void>;
  /** @throws DcuError `conflict` when the change is in another state than `from` */
  move(id: number, from: readonly KeyChangeState[], to: KeyChangeState): Promise<void>;
  /**
   * All keys of the channel anew and the change's state in one transaction; without `key` the change has ended.
   * @throws DcuError `conflict` when the change is in another state than `from`
   */
  settle(
    id: number,
    settled: {
      readonly from: KeyChangeState;
      readonly state: KeyChangeState;
      readonly key?: Uint8Array;
      readonly keys: readonly KnownNetworkKey[];
    },
  ): Promise<void>;
}
