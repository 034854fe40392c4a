import type { ApiContract, Endpoint, ErrorBody } from '../../src/api/contract.ts';
import { watchPresence } from './presence.ts';

/** What went wrong, as the API says it; `field` names the field of a form. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: string;
  readonly status: number;
  readonly field: string | undefined;

  constructor(status: number, code: string, message: string, field?: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.field = field;
  }
}

type Part<Name extends string, Type> = unknown extends Type ? object : Record<Name, Type>;
type Input<E extends Endpoint> = Part<'params', ApiContract[E]['params']> &
  Part<'body', ApiContract[E]['body']> &
  (unknown extends ApiContract[E]['query'] ? object : { query?: ApiContract[E]['query'] });
type Arguments<E extends Endpoint> = object extends Input<E> ? [input?: Input<E>] : [input: Input<E>];
export type Result<E extends Endpoint> = ApiContract[E]['response'];

const somebodyIsThere = watchPresence(globalThis, Date.now);

/** Calls a route of the API, typed by its table: `request('GET /api/meters/:id', { params: { id: 3 } })`. */
export async function request<E extends Endpoint>(endpoint: E, ...[input]: Arguments<E>): Promise<Result<E>> {
  const {
    params = {},
    query,
    body,
  } = (input ?? {}) as {
    params?: Record<string, string | number>;
    query?: Record<string, unknown>;
    body?: unknown;
  };
  const [method = 'GET', path = '/'] = endpoint.split(' ');
  const filled = path.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(params[name])));
  const response = await send(`${filled}${queryString(query)}`, {
    method,
    headers: {
      'x-opendcu': '1',
      ...(method === 'GET' && !somebodyIsThere() ? { 'x-opendcu-background': '1' } : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (response.ok) return (await response.json()) as Result<E>;
  const answer = (await response.json().catch(() => undefined)) as ErrorBody | undefined;
  const error = answer?.error;
  throw new ApiError(
    response.status,
    error?.code ?? 'internal',
    error?.message ?? `The concentrator answered with status ${response.status}.`,
    error?.field,
  );
}

/** `?a=1&b=x` of what is set; empty text counts as not set. */
export function queryString(query: Readonly<Record<string, unknown>> | undefined): string {
  const set = Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== '');
  return set.length === 0 ? '' : `?${new URLSearchParams(set.map(([key, value]) => [key, String(value)]))}`;
}

async function send(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch {
    throw new ApiError(0, 'unreachable', 'The concentrator cannot be reached. Check the network connection.');
  }
}
