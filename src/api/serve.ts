import { DcuError } from '../base/errors.ts';
import { peerAddress } from './app.ts';

export interface HttpsOptions {
  /** What `createApi` made. */
  readonly app: { handle(request: Request): Response | Promise<Response> };
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** PEM. */
  readonly tls: { readonly key: string; readonly certificate: string };
}

export interface HttpsServer {
  /** `https://host:port`, with the port that was bound. */
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** OpenSSL's SSL_OP_NO_SSLv3 | SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1: leaves TLS 1.2 and 1.3. */
const ONLY_TLS_12_AND_13 = 0x02000000 | 0x04000000 | 0x10000000;

/** The most that Bun takes: a read on demand may wait its turn on a slow line, and is silent meanwhile. */
const LONGEST_SILENCE_S = 255;

/** The firmware of a PLC module, in Base64. */
const LARGEST_BODY = 4 * 1024 * 1024;

/**
 * Serves the app over TLS 1.2 and 1.3. A new certificate needs a new server: reloading one keeps the old.
 * Throws DcuError `channel-open-failed` when the address cannot be bound.
 */
export function serveHttps(options: HttpsOptions): HttpsServer {
  const { app, tls } = options;
  const server = bind(options, {
    hostname: options.host,
    port: options.port,
    tls: { key: tls.key, cert: tls.certificate, secureOptions: ONLY_TLS_12_AND_13 },
    maxRequestBodySize: LARGEST_BODY,
    idleTimeout: LONGEST_SILENCE_S,
    fetch(request: Request, bound: { requestIP(request: Request): { address: string } | null }) {
      const peer = bound.requestIP(request);
      if (peer !== null) peerAddress.set(request, peer.address);
      return app.handle(request);
    },
  });
  const port = server.port ?? options.port;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return { url: `https://${host}:${port}`, port, stop: () => server.stop(true) };
}

function bind(
  { host, port }: HttpsOptions,
  options: Parameters<typeof Bun.serve<undefined>>[0],
): ReturnType<typeof Bun.serve<undefined>> {
  try {
    return Bun.serve(options);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DcuError('channel-open-failed', `Cannot listen on ${host}:${port}: ${reason}`, { cause });
  }
}
