import type { Notification } from '../../push/way.ts';
import type { WrapperFrame } from '../wrapper-tap.ts';

/** Between whom, and as whom. */
export interface HeartbeatFacts {
  /** Twelve ASCII characters that the head-end knows the concentrator by. */
  readonly id: string;
  /** wPorts. */
  readonly source: number;
  readonly destination: number;
  /** Whether the head-end grants confirmations of notifications. */
  readonly confirmed: boolean;
  /** How many went before on this connection. */
  readonly count: number;
}

/** What a heartbeat goes over. Both reject when the connection is lost. */
export interface HeartbeatLine {
  /** Resolves when a frame came that is the answer, which nobody else hears of. Rejects when the signal is aborted. */
  exchange(
    frame: WrapperFrame,
    isAnswer: (frame: WrapperFrame) => boolean,
    signal: AbortSignal,
  ): Promise<void>;
  /** As data are pushed: resolves when it is confirmed, or has left where no confirmation is asked for. */
  push(notification: Notification): Promise<void>;
}

/** One kind of heartbeat of a concentrator that dials out. No standard has one, so each head-end has its own. */
export interface Heartbeat {
  /** As the attribute `heartbeat` names it. */
  readonly name: string;
  /** Sends one; resolves to whether the head-end has answered, as not every kind asks for that. */
  beat(facts: HeartbeatFacts, line: HeartbeatLine, signal: AbortSignal): Promise<'answered' | 'sent'>;
}

export const defineHeartbeat = (heartbeat: Heartbeat): Heartbeat => heartbeat;
