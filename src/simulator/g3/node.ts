export interface G3Node {
  /** Undefined for the coordinator and for strangers. */
  readonly meterNo: string | undefined;
  readonly shortAddress: number;
  readonly feeder: number;
  /** Metres of cable from the transformer. */
  readonly distance: number;
  /** Bit n-1 = it is connected to phase n. */
  readonly phaseBits: number;
}

/** A neighbour as a node hears it. */
export interface G3Neighbour {
  readonly node: G3Node;
  readonly lqi: number;
}

/** A line of a node's routing table. */
export interface G3Route {
  readonly destination: number;
  readonly nextHop: number;
  readonly cost: number;
  readonly hops: number;
  readonly weakLinks: number;
}
