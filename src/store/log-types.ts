import type { Page } from './page.ts';

/** The concentrator's own events (manual 7.3 i, 7.5). */
export interface Logbook {
  record(event: { readonly time: number; readonly type: string; readonly detail: string }): Promise<void>;
  list(query: {
    readonly limit: number;
    readonly offset: number;
  }): Promise<
    Page<{ readonly id: number; readonly time: number; readonly type: string; readonly detail: string }>
  >;
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
