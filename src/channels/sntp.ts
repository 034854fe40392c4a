import type { Clock } from '../base/clock.ts';
import { DcuError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import { isAnswerTo, type NtpKiss, ntpRequest, readNtpAnswer } from './sntp-packet.ts';
import { openUdp } from './udp.ts';

export interface SntpServer {
  readonly host: string;
  readonly port: number;
}

/** One look at a time server. */
export interface TimeSample {
  /** Milliseconds that its clock is ahead of ours. */
  readonly offsetMs: number;
  /** Milliseconds that both ways took together; the offset is off by half of it at most. */
  readonly roundTripMs: number;
  readonly stratum: number;
}

export interface SntpPorts {
  readonly clock: Clock;
  readonly random: Random;
}

const ANSWER_MS = 3000;

/**
 * Asks a time server once (SNTP, RFC 5905 §14; a client of four dozen lines, as those at hand read the system's clock
 * by themselves and step over what a server asks for by a kiss-o'-death).
 * @throws DcuError `link-timeout` without an answer, `channel-open-failed` for a host that nobody knows, `link-protocol`
 *   for a server that does not know the time, `cancelled`
 */
export async function askSntp(
  { host, port }: SntpServer,
  { clock, random }: SntpPorts,
  signal: AbortSignal,
): Promise<TimeSample | NtpKiss> {
  const channel = await openUdp({ host, port, datagrams: 'any' }, clock, signal);
  const hangUp = (): void => void channel.close();
  signal.addEventListener('abort', hangUp, { once: true });
  try {
    const nonce = random.bytes(8);
    const sentMonotonicMs = clock.monotonicMs();
    // The wall clock is read once, so that a jump in between does not become part of the result.
    const sentMs = clock.now();
    const packet = await new Promise<Uint8Array>((resolve, reject) => {
      const cancel = clock.after(ANSWER_MS, () =>
        reject(new DcuError('link-timeout', `the time server ${host} does not answer`)),
      );
      const end = (error: unknown): void => {
        cancel();
        reject(error);
      };
      channel.onBytes((bytes) => {
        if (!isAnswerTo(bytes, nonce)) return;
        cancel();
        resolve(bytes);
      });
      channel.onClosed((reason) =>
        end(reason ?? new DcuError('cancelled', 'asking for the time was cancelled')),
      );
      channel.write(ntpRequest(nonce)).catch(end);
    });
    const passedMs = clock.monotonicMs() - sentMonotonicMs;
    const answer = readNtpAnswer(packet);
    if ('kiss' in answer) return answer;
    const { receivedMs, sentMs: leftMs, stratum } = answer;
    return {
      offsetMs: (receivedMs - sentMs + (leftMs - (sentMs + passedMs))) / 2,
      roundTripMs: Math.max(0, passedMs - (leftMs - receivedMs)),
      stratum,
    };
  } finally {
    signal.removeEventListener('abort', hangUp);
    await channel.close();
  }
}
