import { connect as connectTcp, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { type Clock, systemClock } from '../base/clock.ts';
import { DcuError } from '../base/errors.ts';

export interface BrokerTls {
  /** Certificates that the broker's must come from, PEM; those of the system if not given. */
  readonly ca?: string;
  /** SHA-256 of the broker's certificate in hex: this one alone is trusted, whoever has signed it and for whatever name. */
  readonly fingerprint?: string;
  /** Our own certificate and its key, PEM. */
  readonly certificate?: string;
  readonly key?: string;
}

export interface BrokerStreamOptions {
  readonly host: string;
  readonly port: number;
  readonly tls?: BrokerTls;
  readonly connectTimeoutMs: number;
}

/**
 * Opens a stream to a broker; with TLS it is handed over once the peer has proven who it is, so that no password goes to anybody else.
 * @throws DcuError `channel-open-failed` (also for a certificate that is not trusted), `cancelled`
 */
export function openBrokerStream(
  options: BrokerStreamOptions,
  signal: AbortSignal,
  clock: Clock = systemClock,
): Promise<Duplex> {
  const { host, port, tls } = options;
  const name = `${host}:${port}`;
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
  if (signal.aborted) throw new DcuError('cancelled', `the connection to ${name} was given up`);
  const socket = tls === undefined ? connectTcp({ host, port }) : openTls(host, port, tls);
  let settled = false;
  const settle = (done: () => void): void => {
    if (settled) return;
    settled = true;
    stopTimer();
    signal.removeEventListener('abort', onAbort);
    done();
  };
  const fail = (code: 'channel-open-failed' | 'cancelled', why: string): void =>
    settle(() => {
      socket.destroy();
      reject(new DcuError(code, `${name}: ${why}`));
    });
  const onAbort = (): void => fail('cancelled', 'the connection was given up');
  const stopTimer = clock.after(options.connectTimeoutMs, () =>
    fail('channel-open-failed', `no connection within ${options.connectTimeoutMs} ms`),
  );
  signal.addEventListener('abort', onAbort, { once: true });
  // Stays for the life of the socket: what fails later is told by its closing.
  socket.on('error', (error: Error) => fail('channel-open-failed', error.message));
  socket.on('close', () => fail('channel-open-failed', 'closed while it was opened'));
  socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
    const why = tls === undefined ? undefined : distrust(socket, tls);
    if (why !== undefined) return fail('channel-open-failed', why);
    socket.setNoDelay(true);
    settle(() => resolve(socket));
  });
  return promise;
}

type TlsSocket = ReturnType<typeof connectTls>;

function openTls(host: string, port: number, tls: BrokerTls): TlsSocket {
  return connectTls({
    host,
    port,
    // An address is no server name (RFC 6066 §3).
    ...(isIP(host) === 0 ? { servername: host } : {}),
    // A pinned certificate needs no other judge; `distrust` compares it.
    rejectUnauthorized: tls.fingerprint === undefined,
    minVersion: 'TLSv1.2',
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.certificate === undefined ? {} : { cert: tls.certificate }),
    ...(tls.key === undefined ? {} : { key: tls.key }),
  });
}

const plainHex = (text: string): string => text.replaceAll(/[^\da-f]/gi, '').toLowerCase();

/** Why the peer of a connection is not trusted; undefined when it is. */
function distrust(socket: Socket | TlsSocket, { fingerprint }: BrokerTls): string | undefined {
  if (!('getPeerCertificate' in socket)) return 'no TLS';
  if (fingerprint === undefined) {
    return socket.authorized ? undefined : 'the certificate of the broker is not trusted';
  }
  const shown = plainHex(socket.getPeerCertificate().fingerprint256 ?? '');
  return shown === plainHex(fingerprint) ? undefined : `the broker shows another certificate (${shown})`;
}
