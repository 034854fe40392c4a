import type { Effect } from '../../base/machine.ts';
import { hasGatewayPrefix } from '../apdu/gateway.ts';
import type { LinkCounters, LinkEvent, LinkMachine } from './link.ts';

/** Timers of every link begin with `link-`, so that an owner can pass them on and name its own ones freely. */
export const RESPONSE_TIMER = 'link-response';
export const IDLE_TIMER = 'link-idle';
export const POLL_TIMER = 'link-poll';
export const OCTET_TIMER = 'link-octet';

export type LinkEffect = Effect<LinkEvent>;

/** A link whose counters its wrapper may add to. */
export interface CountingLink extends LinkMachine {
  readonly counters: LinkCounters;
}

export function newLinkCounters(): LinkCounters {
  return {
    bytesReceived: 0,
    bytesSent: 0,
    framesReceived: 0,
    framesSent: 0,
    rejectedHeaders: 0,
    badFcs: 0,
    retransmissions: 0,
    timeouts: 0,
    ignoredFrames: 0,
  };
}

/** DataNotification, EventNotification and its global and dedicated ciphered forms (Green Book, APDU tags). */
const UNSOLICITED_TAGS: ReadonlySet<number> = new Set([0x0f, 0xc2, 0xca, 0xd2]);

/**
 * Whether an APDU, also one behind a gateway prefix, comes unasked, so that it is no answer to what was sent. A general-ciphering APDU hides what
 * it carries and counts as an answer.
 */
export function isUnsolicited(apdu: Uint8Array): boolean {
  const tag = hasGatewayPrefix(apdu) ? apdu[3 + (apdu[2] ?? 0)] : apdu[0];
  return tag !== undefined && UNSOLICITED_TAGS.has(tag);
}
