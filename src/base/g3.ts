/** What meters of G3-PLC networks tell of them (Blue Book, classes 90 to 92; ITU-T G.9903). Clauses were not checked. */

/** macNeighbourTable, class 91 attribute 11: with whom a node has exchanged frames, and how it would send to them. */
export interface G3Neighbour {
  readonly shortAddress: number;
  /** 0 (-10 dB) to 255 (53.75 dB), a quarter of a decibel each. */
  readonly lqi: number;
  readonly modulation: string;
  /** False: differential; absent where the row does not say. */
  readonly coherent?: boolean;
  /** Groups of tones in use, bits as hexadecimal digits. */
  readonly toneMap?: string;
  /** Steps of the transmit gain and decibels of a step. */
  readonly txGain?: number;
  readonly txStepDb?: 3 | 6;
  /** Sixths of a mains period by which the peer's phase differs. */
  readonly phaseDifferential?: number;
  /** Minutes for which the tone map and the row are valid. */
  readonly toneMapMinutes?: number;
  readonly validMinutes?: number;
}

/** macPOSTable, class 91 attribute 25: everybody that a node hears. */
export interface G3Heard {
  readonly shortAddress: number;
  readonly lqi: number;
  readonly validMinutes?: number;
}

/** adpRoutingTable, class 92 attribute 8. */
export interface G3Route {
  readonly destination: number;
  readonly nextHop: number;
  readonly cost: number;
  readonly hops: number;
  readonly weakLinks: number;
  readonly validMinutes?: number;
}

/** adpBlacklistTable, class 92 attribute 10: neighbours that a node does not route through at present. */
export interface G3Blacklisted {
  readonly shortAddress: number;
  readonly validMinutes?: number;
}

/** adpContextInformationTable, class 92 attribute 9: prefixes that headers are compressed with. */
export interface G3Context {
  readonly prefix: string;
  readonly bits: number;
  readonly compression: boolean;
}

/** Attributes 2 to 10 of class 90. */
export const G3_COUNTERS = [
  'txData',
  'rxData',
  'txCommands',
  'rxCommands',
  'csmaFailures',
  'withoutAck',
  'badCrc',
  'txBroadcast',
  'rxBroadcast',
] as const;
export type G3Counters = Partial<Record<(typeof G3_COUNTERS)[number], number>>;

/** What a meter's own objects tell of its network. What it refuses or does not have is absent or empty. */
export interface G3View {
  readonly panId: number;
  readonly shortAddress: number;
  /** 0 unless the meter says otherwise. */
  readonly coordinator: number;
  /** Cost of the route to the coordinator as the MAC has it. */
  readonly routeCost?: number;
  readonly toneMask?: string;
  readonly maxHops?: number;
  readonly weakLqi?: number;
  readonly pathDiscoveryTimeS?: number;
  readonly defaultRoute?: boolean;
  readonly deviceType?: number;
  readonly neighbours: readonly G3Neighbour[];
  readonly heard: readonly G3Heard[];
  readonly routes: readonly G3Route[];
  readonly blacklist: readonly G3Blacklisted[];
  readonly contexts: readonly G3Context[];
  readonly destinations: readonly number[];
  readonly counters: G3Counters;
  /** Rows of all tables that could not be read. */
  readonly skippedRows: number;
}

/** A node's way to the coordinator as its own tables have it. */
export interface G3Way {
  /** Short address of the next hop; the coordinator's where it is heard directly. Undefined: no way is known. */
  readonly nextHop: number | undefined;
  /** Hops to the coordinator; 0 = the coordinator itself. */
  readonly hops: number | undefined;
  readonly weakLinks: number;
  readonly cost: number | undefined;
  /** Of the link to the next hop, 0 to 255; undefined where no table has it. */
  readonly lqi: number | undefined;
  /** The same, 0 (worst) to 15. */
  readonly quality: number | undefined;
}

/** Name of a node of which only PAN and short address are known: `781D:0012`. */
export const g3Name = (panId: number, shortAddress: number): string => `${word(panId)}:${word(shortAddress)}`;

const word = (value: number): string => value.toString(16).toUpperCase().padStart(4, '0');

/** What one meter told at one time. */
export interface G3Finding {
  readonly meterId: number;
  /** UTC ms. */
  readonly time: number;
  readonly view: G3View;
  readonly way: G3Way;
}

/** A node that others hear and no meter of the archive claims to be. */
export interface G3Stranger {
  readonly channel: string;
  readonly panId: number;
  readonly shortAddress: number;
}

/** A node on the way of a meter to the coordinator. */
export interface G3Hop {
  /** MeterNo, or PAN and short address of a node that no meter claims. */
  readonly address: string;
  readonly shortAddress: number | null;
  readonly role: 'coordinator' | 'proxy' | 'station';
  /** Of its link to the next hop, 0 to 15. */
  readonly quality: number | null;
  readonly meterId?: number;
  /** UTC ms of what is known of it. */
  readonly seenAt: number;
}

/** What a meter told last, and its way as all on it told it. */
export interface G3Path {
  readonly seenAt: number;
  /** Whether the hops end at the coordinator. */
  readonly complete: boolean;
  /** The meter first. */
  readonly hops: readonly G3Hop[];
  readonly detail: G3View & { readonly way: G3Way };
}
