import { equalBytes } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import type { Input } from '../../base/machine.ts';
import { checkGateway, decodeGateway, encodeGateway, type GatewayAddress } from '../apdu/gateway.ts';
import type { LinkCommand, LinkEvent, LinkPeer } from './link.ts';
import { type CountingLink, isUnsolicited, type LinkEffect } from './peer.ts';

type SendCommand = Extract<LinkCommand, { readonly apdu: Uint8Array }>;

const sameMeter = (a: GatewayAddress, b: GatewayAddress): boolean =>
  a.networkId === b.networkId && equalBytes(a.address, b.address);

/** What both sides share: every APDU of the link below passes through here. */
abstract class PrefixedLink implements CountingLink {
  readonly counters: CountingLink['counters'];
  readonly #link: CountingLink;

  constructor(link: CountingLink) {
    this.#link = link;
    this.counters = link.counters;
  }

  step(input: Input<LinkCommand>, nowMs: number): LinkEffect[] {
    const inner =
      input.on === 'command' && 'apdu' in input.command
        ? { ...input, command: this.outgoing(input.command) }
        : input;
    return this.#link.step(inner, nowMs).flatMap((effect) => {
      if (effect.do !== 'emit' || effect.event.type !== 'apdu') return [effect];
      return this.#received(effect.event, nowMs);
    });
  }

  #received(event: LinkEvent & { type: 'apdu' }, nowMs: number): LinkEffect[] {
    try {
      const taken = this.incoming(event);
      if (taken !== undefined) return [{ do: 'emit', event: taken }];
      this.counters.ignoredFrames++;
      return [];
    } catch (error) {
      if (!(error instanceof DcuError)) throw error;
      return this.refused(error, nowMs);
    }
  }

  protected drive(input: Input<LinkCommand>, nowMs: number): LinkEffect[] {
    return this.#link.step(input, nowMs);
  }

  protected abstract outgoing(command: SendCommand): LinkCommand;
  /** Undefined: not for us. Throws when the link cannot go on. */
  protected abstract incoming(event: LinkEvent & { type: 'apdu' }): LinkEvent | undefined;
  protected abstract refused(error: DcuError, nowMs: number): LinkEffect[];
}

/**
 * The client's side of a link to a meter behind a gateway: E6 goes in front of each APDU, E7 must stand in front of each
 * answer. An answer of another meter, or without a prefix, ends the link with `link-protocol`; what another meter sends
 * unasked is passed over.
 */
export class GatewayClientLink extends PrefixedLink {
  readonly #gateway: GatewayAddress;

  /** Throws `invalid-field` for a network id or address that the prefix cannot state. */
  constructor(link: CountingLink, gateway: GatewayAddress) {
    checkGateway(gateway);
    super(link);
    this.#gateway = gateway;
  }

  protected outgoing(command: SendCommand): LinkCommand {
    return { ...command, apdu: encodeGateway('request', this.#gateway, command.apdu) };
  }

  protected incoming(event: LinkEvent & { type: 'apdu' }): LinkEvent | undefined {
    const { apdu, peer } = event;
    const found = decodeGateway(apdu);
    const ours = found?.direction === 'response' && sameMeter(found.gateway, this.#gateway);
    if (found !== undefined && ours) {
      return { ...event, apdu: found.apdu.slice(), peer: { ...peer, gateway: found.gateway } };
    }
    if (event.unconfirmed || isUnsolicited(found?.apdu ?? apdu)) return undefined;
    const who = found === undefined ? 'the gateway itself' : `meter ${found.gateway.address.toHex()}`;
    throw new DcuError('link-protocol', `${who} answered instead of meter ${this.#gateway.address.toHex()}`);
  }

  /** The answers cannot be told apart any more. */
  protected refused(error: DcuError, nowMs: number): LinkEffect[] {
    return this.drive({ on: 'closed', reason: error }, nowMs).concat({ do: 'close', reason: error });
  }
}

/**
 * The server's side: an APDU behind E6 has its meter in `peer.gateway`, and what is sent to such a peer gets E7. APDUs
 * without a prefix are for the server itself.
 */
export class GatewayServerLink extends PrefixedLink {
  #last: LinkPeer | undefined;

  protected outgoing(command: SendCommand): LinkCommand {
    const peer = ('peer' in command ? command.peer : undefined) ?? this.#last;
    if (peer?.gateway === undefined) return command;
    return { ...command, apdu: encodeGateway('response', peer.gateway, command.apdu) };
  }

  protected incoming(event: LinkEvent & { type: 'apdu' }): LinkEvent | undefined {
    const found = decodeGateway(event.apdu);
    if (found !== undefined && found.direction !== 'request') return undefined;
    const peer = found === undefined ? event.peer : { ...event.peer, gateway: found.gateway };
    this.#last = peer;
    return { ...event, peer, apdu: found?.apdu.slice() ?? event.apdu };
  }

  /** A prefix that is none is not worth an answer. */
  protected refused(): LinkEffect[] {
    this.counters.ignoredFrames++;
    return [];
  }
}
