import { type Static, type TSchema, t } from 'elysia';
import { DcuError } from '../base/errors.ts';
import type { ApiServices, Right, Session } from './services.ts';

export type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';

/** What a handler is given: validated input, who asks, and the house. */
export interface RouteContext<Params, Query, Body> {
  readonly services: ApiServices;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly request: Request;
  /** Address of the peer, for lockout and audit. */
  readonly source: string;
  /** The session token as sent; undefined without a cookie. */
  readonly token: string | undefined;
  /** The caller. Throws `unauthenticated` where a public route is called by nobody. */
  readonly session: () => Session;
  /** As `session`, but undefined for nobody. */
  readonly maybeSession: Session | undefined;
  /** Sets or (undefined) clears the session cookie of the answer. */
  readonly setSessionToken: (token: string | undefined) => void;
  /** Writes an audit entry in the caller's name. `detail` must hold no secret. */
  readonly audit: (action: string, subject: string, detail?: string) => Promise<void>;
}

/**
 * A route as data: the table of these is the API. `right` has no default, so a route that forgets it does not
 * compile, and `public` has to be written out.
 */
export interface Route<
  M extends Method = Method,
  P extends string = string,
  Params extends TSchema = TSchema,
  Query extends TSchema = TSchema,
  Body extends TSchema = TSchema,
  Response extends TSchema = TSchema,
> {
  readonly method: M;
  readonly path: P;
  readonly right: Right | 'public';
  readonly summary: string;
  /** Counted per source and minute, since it takes a password. */
  readonly limited?: boolean;
  /** Held open by a page, whoever sits before it: does not move the end of the session on. */
  readonly background?: boolean;
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body;
  /** Answers are reduced to this schema: what it does not name never leaves the process. */
  readonly response?: Response;
  readonly handler: (context: RouteContext<never, never, never>) => unknown;
}

/** A route as it is declared: its handler is given, and gives, what the schemas say. */
type RouteInput<
  M extends Method,
  P extends string,
  Params extends TSchema,
  Query extends TSchema,
  Body extends TSchema,
  Response extends TSchema,
> = Omit<Route<M, P, Params, Query, Body, Response>, 'response' | 'handler'> & {
  readonly response: Response;
  readonly handler: (
    context: RouteContext<Static<Params>, Static<Query>, Static<Body>>,
  ) => Promise<Static<Response>> | Static<Response>;
};

/** Declares a JSON route. */
export function defineRoute<
  const M extends Method,
  const P extends string,
  Response extends TSchema,
  Params extends TSchema = TSchema,
  Query extends TSchema = TSchema,
  Body extends TSchema = TSchema,
>(route: RouteInput<M, P, Params, Query, Body, Response>): Route<M, P, Params, Query, Body, Response> {
  return route;
}

/** Declares a route that answers with a `Response` of its own: CSV, server-sent events. */
export function defineRawRoute<
  const M extends Method,
  const P extends string,
  Params extends TSchema = TSchema,
  Query extends TSchema = TSchema,
  Body extends TSchema = TSchema,
>(
  route: Omit<RouteInput<M, P, Params, Query, Body, TSchema>, 'response' | 'handler'> & {
    readonly handler: (
      context: RouteContext<Static<Params>, Static<Query>, Static<Body>>,
    ) => Promise<globalThis.Response> | globalThis.Response;
  },
): Route<M, P, Params, Query, Body> {
  return route;
}

/** `/:id` of a row. */
export const idParams = t.Object({ id: t.Integer({ minimum: 1 }) });

/** Answer of what only succeeds. */
export const done = t.Object({ ok: t.Literal(true) });
export const ok = { ok: true } as const;

/** The row, or `not-found` with the kind and id in its message. */
export function found<Row>(row: Row | undefined, kind: string, id: number | string): Row {
  if (row === undefined) throw new DcuError('not-found', `There is no ${kind} ${id}.`);
  return row;
}
