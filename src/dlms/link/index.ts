import { HdlcLink } from './hdlc.ts';
import type { HdlcLinkConfig, LinkConfig, LinkMachine } from './link.ts';
import { type CountingLink, OpeningLink } from './opening-link.ts';
import { ClientStation, ServerStation } from './station.ts';
import { createWrapperLink } from './wrapper.ts';

export type * from './link.ts';

/**
 * The client's side of a data link. HDLC: it polls, so it also retransmits and fails with `link-timeout`.
 * Throws `invalid-field` when an address does not fit its width.
 */
export function createClientLink(config: LinkConfig): LinkMachine {
  if (config.framing === 'wrapper') return createWrapperLink(config, 'client');
  return onLine(new HdlcLink(config, new ClientStation(config)), config, 'client');
}

export interface ServerLinkOptions {
  /** HDLC: upper addresses served behind the physical address; the config's `serverAddress` if not given. */
  readonly logicalDevices?: readonly number[];
}

/**
 * The server's side of a data link. The client is learned from what it sends. HDLC: a further `connected` without
 * `disconnected` means that the client has begun anew (SNRM); whatever stood on the link before is void.
 */
export function createServerLink(config: LinkConfig, options: ServerLinkOptions = {}): LinkMachine {
  if (config.framing === 'wrapper') return createWrapperLink(config, 'server');
  return onLine(new HdlcLink(config, new ServerStation(config, options.logicalDevices)), config, 'server');
}

/** The link as the line under it needs it: with an opening, without echo, with quiet between frames. */
function onLine(link: CountingLink, config: HdlcLinkConfig, role: 'client' | 'server'): LinkMachine {
  const { opening } = config;
  return opening === undefined ? link : new OpeningLink(link, config, opening, role);
}
