import { toHex } from '../../base/bytes.ts';
import type { LinkEvent, LinkPeer } from '../link/link.ts';

/** An APDU of a client. */
export type Arrival = Pick<Extract<LinkEvent, { readonly type: 'apdu' }>, 'peer' | 'apdu' | 'unconfirmed'>;

/** All together, and of one client; more are dropped. */
const MOST = { apdus: 8, ofOneClient: 4, bytes: 64 * 1024 } as const;

/** APDUs that wait while a device makes up its mind, in the order in which they came. */
export class WaitingRequests {
  #waiting: Arrival[] = [];

  /** Drops what is too much. */
  add({ peer, apdu, unconfirmed }: Arrival): void {
    const waiting = this.#waiting;
    const bytes = waiting.reduce((sum, one) => sum + one.apdu.length, apdu.length);
    const ofClient = waiting.filter((one) => keyOf(one.peer) === keyOf(peer)).length;
    if (waiting.length < MOST.apdus && ofClient < MOST.ofOneClient && bytes <= MOST.bytes) {
      waiting.push({ peer, apdu, unconfirmed });
    }
  }

  next(): Arrival | undefined {
    return this.#waiting.shift();
  }

  forget(isGone: (peer: LinkPeer) => boolean): void {
    this.#waiting = this.#waiting.filter(({ peer }) => !isGone(peer));
  }
}

/** Names the link of a peer; behind a gateway several peers share one. */
export function linkOf(peer: LinkPeer): string {
  return `${peer.clientAddress}/${peer.serverAddress}/${peer.physicalAddress ?? ''}`;
}

/** Names the pair of client and logical device. */
export function keyOf(peer: LinkPeer): string {
  const { gateway } = peer;
  return gateway === undefined
    ? linkOf(peer)
    : `${linkOf(peer)}/${gateway.networkId}/${toHex(gateway.address)}`;
}
