import { GatewayClientLink, GatewayServerLink } from './gateway-link.ts';
import { HdlcLink } from './hdlc.ts';
import { HdlcServerLink } from './hdlc-server.ts';
import { LineGuard } from './line-guard.ts';
import type { HdlcLinkConfig, LinkConfig, LinkMachine } from './link.ts';
import { OpeningLink } from './opening-link.ts';
import type { CountingLink } from './peer.ts';
import { ClientStation } from './station.ts';
import { createWrapperLink } from './wrapper.ts';

export type * from './link.ts';

/** Bytes of the longest gateway prefix, which come on top of an APDU. */
const LONGEST_PREFIX = 3 + 0xff;

/**
 * The client's side of a data link. HDLC: it polls, so it also retransmits and fails with `link-timeout`.
 * Throws `invalid-field` when an address does not fit its width.
 */
export function createClientLink(config: LinkConfig): LinkMachine {
  const { gateway } = config;
  if (gateway === undefined) return clientLink(config);
  const roomy =
    config.framing === 'wrapper' ? { ...config, maxApdu: config.maxApdu + LONGEST_PREFIX } : config;
  return new GatewayClientLink(clientLink(roomy), gateway);
}

function clientLink(config: LinkConfig): CountingLink {
  if (config.framing === 'wrapper') return createWrapperLink(config, 'client');
  return onLine(new HdlcLink(config, new ClientStation(config)), config, 'client');
}

export interface ServerLinkOptions {
  /** HDLC: upper addresses served behind the physical address; the config's `serverAddress` if not given. */
  readonly logicalDevices?: readonly number[];
  /** A gateway: `peer.gateway` of an APDU tells the meter that it is for. */
  readonly gateway?: boolean;
}

/**
 * The server's side of a data link. The client is learned from what it sends. HDLC: each client and logical device
 * has a link of its own, which events name by their `peer`; `connected` with `again` means that this client has begun
 * anew (SNRM), and whatever stood on its link before is void.
 */
export function createServerLink(config: LinkConfig, options: ServerLinkOptions = {}): LinkMachine {
  const link = serverLink(config, options);
  return options.gateway === true ? new GatewayServerLink(link) : link;
}

function serverLink(config: LinkConfig, { logicalDevices }: ServerLinkOptions): CountingLink {
  if (config.framing === 'wrapper') return createWrapperLink(config, 'server');
  return onLine(new HdlcServerLink(config, logicalDevices), config, 'server');
}

/** The link as the line under it needs it: with an opening, without echo, with quiet between frames. */
function onLine(link: CountingLink, config: HdlcLinkConfig, role: 'client' | 'server'): CountingLink {
  const { opening, echo, interFrameTimeoutMs } = config;
  const opened = opening === undefined ? link : new OpeningLink(link, config, opening, role);
  return (echo !== undefined && echo !== false) || interFrameTimeoutMs !== undefined
    ? new LineGuard(opened, config)
    : opened;
}
