import { DcuError } from '../base/errors.ts';
import type { DialTiming } from '../headend/dial/dial-machine.ts';
import type { HeartSettings } from '../headend/dial/dialled-use.ts';
import type { DialAddress } from '../headend/dial/dialler.ts';
import { heartbeatOf } from '../headend/dial/heartbeats/index.ts';
import { isInWindow, parseWindow } from '../tasks/window.ts';
import type { UplinkSettings } from './uplink-kinds.ts';

/** How a channel dials, from its attributes and those of its protocol. */
export interface DialSettings {
  readonly addresses: readonly DialAddress[];
  readonly timing: DialTiming;
  readonly connectTimeoutMs: number;
  readonly isWanted: (nowMs: number) => boolean;
  readonly heart: HeartSettings | undefined;
  /** Table 5: who is the DLMS server on the connection. */
  readonly role: 'server' | 'client';
  /** wPort of the head-end's server, where it is one. */
  readonly hesServer: number;
  readonly ciphered: boolean;
  /** Longest APDU that is pushed in one piece. */
  readonly maxPdu: number;
  /** How long an answer, or a confirmation, may take. */
  readonly answerWithinMs: number;
}

const ID_LENGTH = 12;

/**
 * Undefined for a channel that is to dial nobody: it has no address, or is told not to.
 * @throws DcuError `invalid-field` for what cannot be read
 */
export function dialSettings(
  channel: UplinkSettings,
  protocol: UplinkSettings,
  { serialNumber, zone }: { readonly serialNumber: string; readonly zone: () => string },
): DialSettings | undefined {
  const addresses = addressesOf(channel);
  const connect = channel.text('connect', 'always');
  if (addresses.length === 0 || connect === 'off') return undefined;
  const window = connect === 'always' ? undefined : parseWindow(connect);
  const firstPauseMs = channel.seconds('redial.first', 5);
  return {
    addresses,
    timing: {
      firstPauseMs,
      longestPauseMs: Math.max(firstPauseMs, channel.seconds('redial.max', 600)),
      returnAfterMs: channel.seconds('return.after', 3600),
    },
    connectTimeoutMs: channel.seconds('connect.timeout', 5),
    isWanted: (nowMs) => window === undefined || isInWindow(window, nowMs, zone()),
    heart: heartOf(channel, serialNumber),
    role: protocol.text('server.mode', '1') === '0' ? 'client' : 'server',
    hesServer: channel.number('hes.server', 1),
    ciphered: channel.isYes('push.ciphered', 'yes'),
    maxPdu: protocol.number('max.bytes', 1024),
    answerWithinMs: protocol.seconds('send.timeout', 10),
  };
}

/** Those of the first `ip.size` that are set. */
function addressesOf(channel: UplinkSettings): DialAddress[] {
  return Array.from({ length: channel.number('ip.size', 1) }, (_, i) => ({
    host: channel.text(`ip.${i + 1}`),
    port: channel.number(`port.${i + 1}`, 0),
  })).filter(({ host, port }) => host !== '' && port !== 0);
}

function heartOf(channel: UplinkSettings, serialNumber: string): HeartSettings | undefined {
  const name = channel.text('heartbeat', 'off');
  if (name === 'off') return undefined;
  const heartbeat = heartbeatOf(name);
  if (heartbeat === undefined) {
    throw new DcuError('invalid-field', `there is no heartbeat ${name}`, { field: 'heartbeat' });
  }
  return {
    heartbeat,
    intervalMs: channel.seconds('heartbeat.interval', 60),
    timeoutMs: channel.seconds('heartbeat.timeout', 10),
    mostMissed: channel.number('heartbeat.misses', 3),
    id: idOf(channel.text('heartbeat.id', serialNumber)),
    confirmed: channel.isYes('confirmed', 'yes'),
  };
}

/** The last twelve ASCII characters, with zeros before a shorter one. */
const idOf = (text: string): string =>
  text
    .replaceAll(/[^\x21-\x7e]/g, '')
    .slice(-ID_LENGTH)
    .padStart(ID_LENGTH, '0');
