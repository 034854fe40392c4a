import { DcuError } from '../../base/errors.ts';

const EVERY_MS = 1000;
const PAGES = ['/api/home', '/api/lines', '/api/meters?limit=50'];

export interface GuiClient {
  /** Leaves, and says what came meanwhile. @throws DcuError `internal` when a page or the live view failed */
  close(): Promise<{ readonly events: number; readonly pages: number }>;
}

/** Somebody signed in who keeps the live view open and looks at pages. @throws DcuError `internal` when signing in fails */
export async function openGui(access: {
  readonly url: string;
  readonly user: string;
  readonly password: string;
}): Promise<GuiClient> {
  const { url, user, password } = access;
  const trusting = { tls: { rejectUnauthorized: false } };
  const post = (path: string, body: object, cookie = ''): Promise<Response> =>
    fetch(`${url}${path}`, {
      ...trusting,
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-opendcu': '1', cookie },
      body: JSON.stringify(body),
    });
  const first = await cookieOf(await post('/api/session', { name: user, password }));
  const next = crypto.randomUUID();
  const cookie = await cookieOf(await post('/api/account/password', { current: password, next }, first));
  const leave = new AbortController();
  let trouble: string | undefined;
  const failed = (error: unknown): void => {
    if (!leave.signal.aborted) trouble ??= error instanceof Error ? error.message : String(error);
  };
  let events = 0;
  let pages = 0;
  const request = { ...trusting, headers: { cookie }, signal: leave.signal };
  const stream = await fetch(`${url}/api/events/stream`, request);
  const watching = (async () => {
    for await (const chunk of stream.body ?? []) if (chunk.length > 0) events++;
  })().catch(failed);
  const look = async (): Promise<void> => {
    for (const path of PAGES) {
      const response = await fetch(`${url}${path}`, request);
      await response.arrayBuffer();
      if (response.ok) pages++;
      else trouble ??= `${path} answered ${response.status}`;
    }
  };
  const timer = setInterval(() => void look().catch(failed), EVERY_MS);
  let left: Promise<{ readonly events: number; readonly pages: number }> | undefined;
  return {
    close: () => {
      left ??= (async () => {
        clearInterval(timer);
        leave.abort();
        await watching;
        if (trouble !== undefined) throw new DcuError('internal', `the GUI failed: ${trouble}`);
        return { events, pages };
      })();
      return left;
    },
  };
}

async function cookieOf(response: Response): Promise<string> {
  const cookie = response.headers.get('set-cookie')?.split(';')[0];
  if (response.ok && cookie !== undefined) return cookie;
  throw new DcuError('internal', `signing in failed: ${response.status} ${await response.text()}`);
}
