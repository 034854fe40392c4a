import { HdlcLink } from './hdlc.ts';
import type { LinkConfig, LinkMachine } from './link.ts';
import { ClientStation, ServerStation } from './station.ts';
import { createWrapperLink } from './wrapper.ts';

export type * from './link.ts';

/**
 * The client's side of a data link. HDLC: it polls, so it also retransmits and fails with `link-timeout`.
 * Throws `invalid-field` when an address does not fit its width.
 */
export function createClientLink(config: LinkConfig): LinkMachine {
  if (config.framing === 'wrapper') return createWrapperLink(config, 'client');
  return new HdlcLink(config, new ClientStation(config));
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
  return new HdlcLink(config, new ServerStation(config, options.logicalDevices));
}
