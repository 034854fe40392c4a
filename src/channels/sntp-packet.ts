import { DcuError } from '../base/errors.ts';

export const NTP_PACKET_LENGTH = 48;

/** What a server answers (RFC 5905 §7.3), as far as a client that only asks for the time needs it. */
export interface NtpAnswer {
  /** UTC milliseconds at which the request came and the answer left, by the server's clock. */
  readonly receivedMs: number;
  readonly sentMs: number;
  readonly stratum: number;
  /** Root delay half and root dispersion: how far the server may be off, milliseconds. */
  readonly rootDistanceMs: number;
}

/** A kiss-o'-death packet (RFC 5905 §7.4): four letters, `DENY`, `RSTR`, `RATE` and others. */
export interface NtpKiss {
  readonly kiss: string;
}

const VERSION = 4;
const CLIENT = 3;
const SERVER = 4;
const UNSYNCHRONISED = 3;
const MOST_STRATUM = 15;
/** A server further away from its source is of no use (RFC 5905, MAXDIST is 1 s; this leaves room for poor links). */
const MOST_ROOT_DISTANCE_MS = 3000;
const AT = { stratum: 1, rootDelay: 4, rootDispersion: 8, reference: 12, origin: 24, received: 32, sent: 40 };
/** Seconds from 1900 to 1970. */
const EPOCH_S = 2_208_988_800;
const ERA_S = 2 ** 32;

/**
 * A request. Its transmit time is eight random bytes in place of the time: the server gives them back, which is what
 * tells its answer from a forged one, and it learns nothing of this clock.
 */
export function ntpRequest(nonce: Uint8Array): Uint8Array {
  const packet = new Uint8Array(NTP_PACKET_LENGTH);
  packet[0] = (VERSION << 3) | CLIENT;
  packet.set(nonce.subarray(0, 8), AT.sent);
  return packet;
}

/** Whether a datagram is an answer to the request with this nonce, or at least means to be one. */
export function isAnswerTo(packet: Uint8Array, nonce: Uint8Array): boolean {
  return (
    packet.length >= NTP_PACKET_LENGTH &&
    ((packet[0] ?? 0) & 7) === SERVER &&
    nonce.every((byte, i) => packet[AT.origin + i] === byte)
  );
}

/**
 * An answer that `isAnswerTo` has taken.
 * @throws DcuError `link-protocol` for one of a server that does not know the time
 */
export function readNtpAnswer(packet: Uint8Array): NtpAnswer | NtpKiss {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
  const stratum = view.getUint8(AT.stratum);
  if (stratum === 0) {
    const letters = packet.subarray(AT.reference, AT.reference + 4);
    return { kiss: String.fromCharCode(...letters).replaceAll(/[^A-Z0-9]/g, '') };
  }
  const rootDistanceMs = shortMs(view, AT.rootDelay) / 2 + shortMs(view, AT.rootDispersion);
  const isSet = view.getUint32(AT.sent) !== 0 && view.getUint32(AT.received) !== 0;
  if (view.getUint8(0) >> 6 === UNSYNCHRONISED || stratum > MOST_STRATUM || !isSet) {
    throw new DcuError('link-protocol', 'the time server does not know the time itself', {
      facts: { stratum },
    });
  }
  if (rootDistanceMs > MOST_ROOT_DISTANCE_MS) {
    throw new DcuError('link-protocol', 'the time server is too far from its own source', {
      facts: { rootDistanceMs: Math.round(rootDistanceMs) },
    });
  }
  return {
    receivedMs: timestampMs(view, AT.received),
    sentMs: timestampMs(view, AT.sent),
    stratum,
    rootDistanceMs,
  };
}

/** 16.16 seconds. */
const shortMs = (view: DataView, at: number): number => (view.getUint32(at) / 65_536) * 1000;

/** 32.32 seconds from 1900; with the first bit clear from 2036 (RFC 4330 §3). */
function timestampMs(view: DataView, at: number): number {
  const seconds = view.getUint32(at);
  const era = seconds >= ERA_S / 2 ? 0 : ERA_S;
  return (seconds + era - EPOCH_S) * 1000 + (view.getUint32(at + 4) / ERA_S) * 1000;
}
