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
    readonly associations: readonly { readonly client: number; readonly sap: number }[];
  }[];
}

/** The channels towards head-ends, whoever dials. */
export interface HeadendPort {
  views(): readonly HeadendChannelView[];
}
