import type { DcuError } from '../../base/errors.ts';

/** A DataNotification on its way out. */
export interface Notification {
  /** Logical device that it comes from: a meter's, or 1 for the concentrator itself. */
  readonly sap: number;
  /** Plain, with its long-invoke-id; whether a confirmation is asked for is said in that. */
  readonly apdu: Uint8Array;
}

/** A way on which notifications reach a head-end: a connection, whoever has dialled it. */
export interface PushWay {
  /**
   * Resolves when the head-end has confirmed or, where no confirmation is asked for, when it has left. Several may be under
   * way at a time.
   * @throws DcuError when it did not come in time, or the way is lost
   */
  send(notification: Notification): Promise<void>;
  /** Resolves with the cause when the way has ended. */
  readonly closed: Promise<DcuError>;
  close(): Promise<void>;
}

/** Opens a way, again and again: after a loss it is simply called once more. The signal ends the opening, not the way. */
export type OpenPushWay = (signal: AbortSignal) => Promise<PushWay>;
