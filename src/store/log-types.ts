import type { Page } from './page.ts';

/** The concentrator's own events (manual 7.3 i, 7.5). */
export interface Logbook {
  record(event: { readonly time: number; readonly type: string; readonly detail: string }): Promise<void>;
  /** Newest first; of all types if none are named. */
  list(query: {
    readonly limit: number;
    readonly offset: number;
    readonly types?: readonly string[];
  }): Promise<
    Page<{ readonly id: number; readonly time: number; readonly type: string; readonly detail: string }>
  >;
  /** How many entries there are of each type that has any. */
  counts(): Promise<readonly { readonly type: string; readonly count: number }[]>;
}

/** Who changed what, when. Values of secrets are never in it. */
export interface AuditTrail {
  record(entry: {
    readonly time: number;
    readonly actor: string;
    readonly action: string;
    readonly subject: string;
    readonly detail: string;
  }): Promise<void>;
  list(query: { readonly limit: number; readonly offset: number }): Promise<
    Page<{
      readonly id: number;
      readonly time: number;
      readonly actor: string;
      readonly action: string;
      readonly subject: string;
      readonly detail: string;
    }>
  >;
}
