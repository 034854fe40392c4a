import type { AuthMechanism } from '../base/model.ts';

/** The TCP port of one meter. */
export interface MeterPortView {
  readonly meterId: number;
  readonly meterNo: string;
  readonly port: number;
  readonly connections: number;
  /** Why nobody can connect; null while it is open. */
  readonly error: string | null;
}

/** A channel towards head-ends. Times in UTC ms. */
export interface HeadendChannelView {
  readonly channel: string;
  /** `client` dials; on the others somebody dials in: a head-end, the local software, who reads balance meters. */
  readonly kind: 'server' | 'local' | 'balance' | 'client';
  readonly enabled: boolean;
  /** Where it listens; undefined while it does not. */
  readonly listening?: { readonly host: string; readonly port: number } | undefined;
  /** How far its dialling is; undefined while it is to dial nobody. */
  readonly dial?:
    | {
        readonly state: 'resting' | 'dialling' | 'connected' | 'probing' | 'pausing';
        readonly since: number;
        readonly mode: 'server' | 'client';
        readonly peer: string | undefined;
        readonly nextTryAt: number | undefined;
        readonly attempts: number;
        readonly lastError:
          | { readonly code: string; readonly message: string; readonly time: number }
          | undefined;
        readonly heartbeats:
          | { readonly sent: number; readonly answered: number; readonly missed: number }
          | undefined;
      }
    | undefined;
  /** Why it does neither, although it is to. */
  readonly problem: string | undefined;
  readonly connections: readonly {
    readonly peer: string;
    readonly since: number;
    readonly associations: readonly {
      readonly client: number;
      /** Address of the logical device. */
      readonly sap: number;
      /** How the client has proved who it is; `none` for the public client. */
      readonly auth: AuthMechanism;
      /** It asks meters themselves instead of the store. */
      readonly live: boolean;
    }[];
  }[];
  /** Ports of single meters; none where it has no range for them. */
  readonly meterPorts?: readonly MeterPortView[];
}

/** The channels towards head-ends, whoever dials. */
export interface HeadendPort {
  views(): readonly HeadendChannelView[];
}
