import { Elysia } from 'elysia';
import { rateLimit } from 'elysia-rate-limit';
import { DcuError } from '../base/errors.ts';
import { requireRight } from '../security/roles.ts';
import { type UiAsset, UiFiles } from './assets.ts';
import { sessionCookie, sessionToken } from './cookie.ts';
import { errorResponse } from './http-error.ts';
import { openApiDocument } from './openapi.ts';
import { refuseForgery, securityHeaders } from './request-guard.ts';
import type { Route, RouteContext } from './route.ts';
import { routes } from './routes/index.ts';
import type { ApiServices, Session } from './services.ts';

export interface ApiOptions {
  /** The built GUI; without it only `/api` answers. */
  readonly ui?: readonly UiAsset[];
  /** Tries of a password per minute and source. */
  readonly loginsPerMinute?: number;
}

/** `1` on what a page asks by itself: it must not keep a session alive that nobody uses. */
const BACKGROUND_HEADER = 'x-opendcu-background';

/** Address of the peer of each request; `serveHttps` fills it in. */
export const peerAddress = new WeakMap<Request, string>();

const sourceOf = (request: Request): string => peerAddress.get(request) ?? 'local';

/**
 * The HTTP side of the concentrator: every route of the table, the OpenAPI document and the GUI. Access is decided
 * before a body is looked at: no session is 401, a session without the route's right is 403, and an account
 * that must change its password reaches nothing but itself.
 */
export function createApi(services: ApiServices, options: ApiOptions = {}): Elysia {
  const log = services.log.child('api');
  const sessions = new WeakMap<Request, Session>();
  const limited = new WeakSet<Request>();
  const byRoute = new Map<string, Route>(routes.map((route) => [`${route.method} ${route.path}`, route]));
  const app = new Elysia({ normalize: true });

  app.onRequest(({ request, set }) => {
    Object.assign(set.headers, securityHeaders);
    if (new URL(request.url).pathname.startsWith('/api/')) set.headers['cache-control'] = 'no-store';
    refuseForgery(request);
  });

  app.onError(({ code, error, request, route, path }) => {
    if (code === 'NOT_FOUND') {
      return errorResponse(
        new DcuError('not-found', `There is nothing at ${request.method} ${path}.`),
        undefined,
        log,
      );
    }
    return errorResponse(error, byRoute.get(`${request.method} ${route}`), log);
  });

  app.use(
    rateLimit({
      scoping: 'global',
      max: options.loginsPerMinute ?? 10,
      duration: 60_000,
      countFailedRequest: true,
      headers: false,
      // By the route that was matched, not by the address: one route can be addressed in many ways.
      skip: (request) => !limited.has(request),
      generator: sourceOf,
      errorResponse: new DcuError('rate-limited', 'Too many attempts. Wait a minute and try again.'),
    }),
  );

  for (const route of routes as readonly Route[]) register(app, route, services, sessions, limited);

  let document: unknown;
  app.get(
    '/api/openapi.json',
    async ({ request }) => {
      await authorise({ right: 'account.self' }, request, services);
      document ??= openApiDocument(app, services.device.version);
      return document;
    },
    { detail: { summary: 'This document', tags: ['session'] } },
  );
  app.get(
    '/api/*',
    ({ path }) => {
      throw new DcuError('not-found', `There is nothing at GET ${path}.`);
    },
    { detail: { hide: true } },
  );
  const ui = options.ui === undefined ? undefined : new UiFiles(options.ui);
  if (ui !== undefined) {
    app.get('/*', ({ request, path }) => ui.respond(request, path), { detail: { hide: true } });
  }
  return app;
}

/** Deny by default: only `public` passes without a session. */
async function authorise(
  { right, background = false }: Pick<Route, 'right' | 'background'>,
  request: Request,
  services: ApiServices,
): Promise<Session | undefined> {
  const token = sessionToken(request);
  const use = background || request.headers.get(BACKGROUND_HEADER) === '1' ? 'background' : 'action';
  const session = token === undefined ? undefined : await services.auth.session(token, use);
  if (right === 'public') return session;
  if (session === undefined) throw new DcuError('unauthenticated', 'Sign in first.');
  requireRight(session, right);
  return session;
}

function register(
  app: { route: Elysia['route'] },
  route: Route,
  services: ApiServices,
  sessions: WeakMap<Request, Session>,
  limited: WeakSet<Request>,
): void {
  const handler = async (context: {
    params: unknown;
    query: unknown;
    body: unknown;
    request: Request;
    set: { headers: Record<string, string | number | string[]> };
  }): Promise<unknown> => {
    const { request, set } = context;
    const session = sessions.get(request);
    const caller = (): Session => {
      if (session === undefined) throw new DcuError('unauthenticated', 'Sign in first.');
      return session;
    };
    const routeContext: RouteContext<unknown, unknown, unknown> = {
      services,
      params: context.params,
      query: context.query,
      body: context.body,
      request,
      source: sourceOf(request),
      token: sessionToken(request),
      session: caller,
      maybeSession: session,
      setSessionToken: (token) => {
        set.headers['set-cookie'] = sessionCookie(token);
      },
      audit: (action, subject, detail = '') =>
        services.store.audit.record({
          time: services.clock.now(),
          actor: caller().account.name,
          action,
          subject,
          detail,
        }),
    };
    return route.handler(routeContext as RouteContext<never, never, never>);
  };
  const [, , tag = 'api'] = route.path.split('/');
  app.route(
    route.method,
    route.path,
    handler as never,
    {
      ...(route.params === undefined ? {} : { params: route.params }),
      ...(route.query === undefined ? {} : { query: route.query }),
      ...(route.body === undefined ? {} : { body: route.body, parse: 'json' }),
      ...(route.response === undefined ? {} : { response: route.response }),
      transform: async ({ request }: { request: Request }) => {
        const session = await authorise(route, request, services);
        if (session !== undefined) sessions.set(request, session);
        if (route.limited === true) limited.add(request);
      },
      detail: {
        summary: route.summary,
        tags: [tag],
        description: route.right === 'public' ? 'Open to everybody.' : `Needs the right \`${route.right}\`.`,
        ...(route.right === 'public' ? { security: [] } : {}),
      },
    } as never,
  );
}
