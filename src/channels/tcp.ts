import { type Clock, systemClock } from '../base/clock.ts';
import { DcuError } from '../base/errors.ts';
import type { ByteChannel, ChannelOpener } from './channel.ts';
import { TcpChannel, type TcpChannelHolder, type TcpTuning, tcpHandlers } from './tcp-channel.ts';

export interface TcpClientOptions extends TcpTuning {
  readonly host: string;
  readonly port: number;
  readonly connectTimeoutMs: number;
}

/**
 * Opens a TCP connection. Throws `channel-open-failed` when it is refused or takes longer than
 * `connectTimeoutMs`, `cancelled` when the signal is aborted.
 */
export async function openTcp(
  options: TcpClientOptions,
  clock: Clock = systemClock,
  signal?: AbortSignal,
): Promise<ByteChannel> {
  const name = `${options.host}:${options.port}`;
  if (signal?.aborted) throw cancelled(name);
  const { promise, resolve, reject } = Promise.withResolvers<TcpChannel>();
  let settled = false;
  const settle = (done: () => void): void => {
    if (settled) return;
    settled = true;
    stopTimer();
    signal?.removeEventListener('abort', onAbort);
    done();
  };
  const fail = (error: DcuError): void => settle(() => reject(error));
  const onAbort = (): void => fail(cancelled(name));
  const stopTimer = clock.after(options.connectTimeoutMs, () =>
    fail(new DcuError('channel-open-failed', `${name} did not answer within ${options.connectTimeoutMs} ms`)),
  );
  signal?.addEventListener('abort', onAbort, { once: true });
  const refused = (error: unknown): void => {
    const reason = error instanceof Error ? error.message : String(error);
    fail(new DcuError('channel-open-failed', `${name}: ${reason}`, { cause: error }));
  };
  Bun.connect<TcpChannelHolder>({
    hostname: options.host,
    port: options.port,
    data: {},
    socket: {
      ...tcpHandlers,
      open(socket) {
        if (settled) {
          socket.terminate();
          return;
        }
        const channel = new TcpChannel(name, socket, clock, options);
        socket.data.channel = channel;
        settle(() => resolve(channel));
      },
      connectError(_socket, error) {
        refused(error);
      },
    },
  }).catch(refused);
  return promise;
}

function cancelled(name: string): DcuError {
  return new DcuError('cancelled', `opening ${name} was cancelled`);
}

/** Opens the same peer again and again. */
export function tcpOpener(options: TcpClientOptions, clock: Clock = systemClock): ChannelOpener {
  return {
    name: `${options.host}:${options.port}`,
    open: (signal) => openTcp(options, clock, signal),
  };
}
