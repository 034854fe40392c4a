import type { NamedOutboxRule } from '../../base/outbox.ts';

/** Attributes of the channel that pushes, as far as push setups show them. */
export interface PushChannel {
  readonly host: string;
  readonly port: number;
  readonly client: number;
  readonly confirmed: boolean;
  /** `HH:MM-HH:MM`; empty: there is none. */
  readonly window: string;
  readonly retries: number;
  readonly retryDelayS: number;
  readonly longestRetryDelayS: number;
  /** UTC ms of the last confirmation since the start. */
  readonly lastSent?: number;
  /** The user's rules for it. */
  readonly rules: readonly NamedOutboxRule[];
}

export interface PushSetupsPort {
  /** Name of the channel. */
  readonly channel: string;
  read(): Promise<PushChannel>;
  /** Attributes by key, all of them or none. @throws DcuError `invalid-field` */
  change(attributes: Readonly<Record<string, string>>): Promise<void>;
  /** @throws DcuError `invalid-field` */
  saveRule(rule: Omit<NamedOutboxRule, 'destination'>): Promise<void>;
  /** Looks now whether there is something to push. @throws DcuError `conflict` while the channel is off */
  push(): void;
}
