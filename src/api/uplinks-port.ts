/** The ways to head-ends that are brought what there is. */
export interface UplinksPort {
  views(): readonly {
    readonly destination: string;
    readonly enabled: boolean;
    readonly link:
      | {
          readonly connected: boolean;
          readonly since: number;
          readonly inFlight: number;
          readonly sent: number;
          readonly lastSent?: number;
          readonly lastError?: { readonly code: string; readonly message: string; readonly time: number };
        }
      | undefined;
    readonly problem: string | undefined;
  }[];
  /** Gives up all that it is owed. Hands back how many items. */
  clear(destination: string): Promise<number>;
}
