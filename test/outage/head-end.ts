import type { Delivery } from './ledger.ts';

/** The far end of an uplink, made of something that is not OpenDCU's, and what came there. */
export interface HeadEnd {
  /** The channel that leads to it. */
  readonly channel: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** In the order of coming, what came twice twice. */
  readonly deliveries: readonly Delivery[];
  /** It is there from now on. */
  open(): Promise<void>;
  /** It goes away and comes back. */
  disturb(): Promise<void>;
  close(): Promise<void>;
}

/** How many different items came. */
export const distinct = ({ deliveries }: HeadEnd): number => new Set(deliveries.map(({ id }) => id)).size;
