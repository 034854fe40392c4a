import type { Meter } from '../base/model.ts';
import type { ByteChannel } from '../channels/channel.ts';
import type { LinkFor } from './connector.ts';
import type { CountLink } from './line-job.ts';
import type { ProtocolSettings } from './link-settings.ts';

/** One stay on a line: what is sent goes over `channel`; `count` is told the link's counters. */
export type LineStay = (line: VisitedLine) => Promise<'more' | 'done'>;

export interface VisitedLine {
  /** Meters of one name share the line. */
  readonly name: string;
  readonly shared: boolean;
  readonly channel: ByteChannel;
  readonly settings: ProtocolSettings;
  readonly linkFor: LinkFor;
  readonly signal: AbortSignal;
  readonly count: CountLink;
  /** Whether other work waits for the line that could begin now. */
  readonly isWanted: () => boolean;
}

/** How a visit is shown, and when its turn comes. */
export interface VisitKind {
  readonly type: string;
  /** 0 (on demand) to 6. */
  readonly priority: number;
}

/**
 * Stays on the line that leads to `meter`, which need not be of the archive, as often as `stay` says `more`, behind all
 * reading if `kind` does not say otherwise. Rejects with what a stay throws, and with `cancelled`.
 */
export type VisitLine = (
  meter: Meter,
  name: string,
  signal: AbortSignal,
  stay: LineStay,
  kind?: VisitKind,
) => Promise<void>;
