import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { createApi } from '../../src/api/app.ts';
import { type HttpsServer, serveHttps } from '../../src/api/serve.ts';
import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { serverCertificate } from '../../src/security/certificate.ts';
import { fakeServices } from './fake-services.ts';

/** Offers no more than TLS 1.1 (RFC 4346) and hands back the alert that answers; 70 is protocol_version. */
function offerTls11(port: number): Promise<{ contentType: number; level: number; description: number }> {
  const suites = [0xc0, 0x13, 0xc0, 0x14, 0xc0, 0x09, 0xc0, 0x0a, 0x00, 0x2f, 0x00, 0x35];
  const hello = [0x03, 0x02, ...Array<number>(32).fill(7), 0, 0, suites.length, ...suites, 1, 0];
  const handshake = [1, 0, 0, hello.length, ...hello];
  const record = Uint8Array.from([0x16, 0x03, 0x01, 0, handshake.length, ...handshake]);
  return new Promise((resolve, reject) => {
    Bun.connect({
      hostname: '127.0.0.1',
      port,
      socket: {
        open: (socket) => void socket.write(record),
        data: (socket, data) => {
          resolve({ contentType: data[0] ?? 0, level: data[5] ?? 0, description: data[6] ?? 0 });
          socket.end();
        },
        close: () => reject(new Error('closed without an alert')),
      },
    }).catch(reject);
  });
}

describe('HTTPS server', () => {
  let directory: string;
  let server: HttpsServer;
  let tls: { key: string; certificate: string };
  const fake = fakeServices();
  const html = '<!doctype html><title>OpenDCU</title>';
  const script = `console.log(${'1'.repeat(500)})`;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'opendcu-serve-'));
    await Bun.write(join(directory, 'index.html.gz'), gzipSync(html));
    await Bun.write(join(directory, 'app-abc.js.gz'), gzipSync(script));
    const made = await serverCertificate({
      directory,
      clock: systemClock,
      random: systemRandom,
      names: ['127.0.0.1'],
      commonName: 'test',
    });
    tls = { key: made.privateKey, certificate: made.certificate };
    const ui = [
      { name: 'index.html', file: join(directory, 'index.html.gz'), etag: '"h1"' },
      { name: 'app-abc.js', file: join(directory, 'app-abc.js.gz'), etag: '"s1"' },
    ];
    server = serveHttps({ app: createApi(fake.services, { ui }), host: '127.0.0.1', port: 0, tls });
  });

  afterAll(async () => {
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  });

  const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${server.url}${path}`, { headers, tls: { rejectUnauthorized: false } });

  const handshake = (version: 'TLSv1.2' | 'TLSv1.3'): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect(
        {
          host: '127.0.0.1',
          port: server.port,
          rejectUnauthorized: false,
          minVersion: version,
          maxVersion: version,
        },
        () => {
          resolve(socket.getProtocol() ?? 'none');
          socket.destroy();
        },
      );
      socket.on('error', () => resolve('refused'));
    });

  test('TLS 1.2 and 1.3 only', async () => {
    expect(await handshake('TLSv1.3')).toBe('TLSv1.3');
    expect(await handshake('TLSv1.2')).toBe('TLSv1.2');
    expect(await offerTls11(server.port)).toEqual({ contentType: 21, level: 2, description: 70 });
  });

  test('pages of the GUI are the one HTML file, never kept without asking', async () => {
    for (const path of ['/', '/meters', '/meters/7?tab=events']) {
      const answer = await get(path);
      expect(await answer.text()).toBe(html);
      expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(answer.headers.get('cache-control')).toBe('no-cache');
      expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    }
    expect((await get('/', { 'if-none-match': '"h1"' })).status).toBe(304);
  });

  test('files with a hash are kept for ever, compressed for whoever takes that', async () => {
    const answer = await get('/app-abc.js', { 'accept-encoding': 'gzip' });
    expect(answer.headers.get('content-encoding')).toBe('gzip');
    expect(answer.headers.get('cache-control')).toContain('immutable');
    expect(await answer.text()).toBe(script);
    const plain = await get('/app-abc.js', { 'accept-encoding': 'identity' });
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(await plain.text()).toBe(script);
  });

  test.each(['/nothing.js', '/../package.json', '/%2e%2e/package.json', '/index.html.gz', '/.env'])(
    '%s is a 404',
    async (path) => {
      expect((await get(path)).status).toBe(404);
    },
  );

  test('the peer is known to sign-in', async () => {
    const sources: string[] = [];
    const auth = {
      ...fake.services.auth,
      login: (name: string, password: string, source: string) => {
        sources.push(source);
        return fake.services.auth.login(name, password, source);
      },
    };
    const other = serveHttps({ app: createApi({ ...fake.services, auth }), host: '127.0.0.1', port: 0, tls });
    await fetch(`${other.url}/api/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-opendcu': '1' },
      body: JSON.stringify({ name: 'admin', password: 'right-password' }),
      tls: { rejectUnauthorized: false },
    });
    await other.stop();
    expect(sources).toEqual(['127.0.0.1']);
  });

  test('a body that is too large is refused', async () => {
    const answer = await fetch(`${server.url}/api/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-opendcu': '1' },
      body: 'x'.repeat(4 * 1024 * 1024 + 1),
      tls: { rejectUnauthorized: false },
    });
    expect(answer.status).toBe(413);
  });

  test('an event stream reaches the browser while it is open, and leaves nothing behind', async () => {
    const abort = new AbortController();
    const answer = await fetch(`${server.url}/api/events/stream`, {
      headers: { cookie: `__Host-opendcu=${fake.signIn()}` },
      tls: { rejectUnauthorized: false },
      signal: abort.signal,
    });
    const reader = answer.body?.getReader();
    let text = '';
    while (!text.includes('event: progress')) {
      text += new TextDecoder().decode((await reader?.read())?.value);
    }
    fake.bus.emit('meter-data', { meterId: 3, kind: 'energy', added: 96 });
    while (!text.includes('event: meter-data')) {
      text += new TextDecoder().decode((await reader?.read())?.value);
    }
    expect(text).toContain('data: {"meterId":3,"kind":"energy","added":96}');
    abort.abort();
  });

  test('a port that is taken is a typed error', () => {
    expect(() =>
      serveHttps({ app: createApi(fake.services), host: '127.0.0.1', port: server.port, tls }),
    ).toThrow(expect.objectContaining({ code: 'channel-open-failed' }));
  });
});
