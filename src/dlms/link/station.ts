import type { HdlcFrame } from '../../kernels/types.ts';
import {
  allStations,
  callingDevice,
  clientAddress,
  type HdlcAddress,
  serverAddress,
  splitServerAddress,
} from './address.ts';
import type { FrameKind } from './frame.ts';
import type { HdlcLinkConfig, LinkPeer } from './link.ts';

/** Addresses of one side of an HDLC link: whose frames it takes and where its own ones go. */
export interface Station {
  readonly role: 'client' | 'server';
  readonly local: HdlcAddress;
  readonly remote: HdlcAddress;
  readonly peer: LinkPeer;
  /** Whether a frame is for this station. `connected`: it comes within a link that stands. */
  admits(frame: HdlcFrame, kind: FrameKind, connected: boolean): boolean;
  /** Server: the sender of this SNRM is the peer from now on. */
  meet(frame: HdlcFrame): void;
  /** Addresses of an answer to a frame of somebody who need not be the peer. */
  answerTo(frame: HdlcFrame): { readonly source: HdlcAddress; readonly destination: HdlcAddress };
  /** For error messages. */
  describe(): string;
}

const destinationOf = (frame: HdlcFrame): HdlcAddress => ({
  value: frame.destination,
  bytes: frame.destinationBytes,
});
const sourceOf = (frame: HdlcFrame): HdlcAddress => ({ value: frame.source, bytes: frame.sourceBytes });

const answerTo = (frame: HdlcFrame): { readonly source: HdlcAddress; readonly destination: HdlcAddress } => ({
  source: destinationOf(frame),
  destination: sourceOf(frame),
});

/** No-station and all-station are nobody's own address. */
function isClient({ source, sourceBytes }: HdlcFrame): boolean {
  return sourceBytes === 1 && source !== 0 && source !== allStations(1);
}

/** Two- and four-byte forms of the same logical and physical address are the same station. */
function sameServer(a: HdlcAddress, b: HdlcAddress): boolean {
  const [left, right] = [splitServerAddress(a), splitServerAddress(b)];
  return left.upper === right.upper && left.lower === right.lower;
}

export class ClientStation implements Station {
  readonly role = 'client';
  readonly local: HdlcAddress;
  readonly remote: HdlcAddress;
  readonly peer: LinkPeer;

  constructor(config: HdlcLinkConfig) {
    this.local = clientAddress(config.clientAddress);
    this.remote = serverAddress(config.serverAddress, config.physicalAddress, config.addressBytes);
    this.peer = peerOf(config.clientAddress, this.remote);
  }

  /** UI frames may also go to all stations: that is how meters push. */
  admits(frame: HdlcFrame, kind: FrameKind): boolean {
    if (!sameServer(sourceOf(frame), this.remote) || frame.destinationBytes !== 1) return false;
    const toAll = kind === 'ui' && frame.destination === allStations(1);
    return frame.destination === this.local.value || toAll;
  }

  meet(): void {}

  answerTo = answerTo;

  describe(): string {
    const { serverAddress: upper, physicalAddress: lower } = this.peer;
    return lower === undefined ? `HDLC server ${upper}` : `HDLC server ${upper}/${lower}`;
  }
}

export class ServerStation implements Station {
  readonly role = 'server';
  readonly #config: HdlcLinkConfig;
  readonly #logicalDevices: ReadonlySet<number>;
  readonly #own: HdlcAddress;
  local: HdlcAddress;
  remote: HdlcAddress;
  peer: LinkPeer;

  /** `logicalDevices`: upper addresses that are served; the config's one if not given. */
  constructor(config: HdlcLinkConfig, logicalDevices: readonly number[] = [config.serverAddress]) {
    this.#config = config;
    this.#logicalDevices = new Set(logicalDevices);
    this.#own = serverAddress(config.serverAddress, config.physicalAddress, config.addressBytes);
    this.local = this.#own;
    this.remote = clientAddress(config.clientAddress);
    this.peer = peerOf(config.clientAddress, this.local);
  }

  admits(frame: HdlcFrame, kind: FrameKind, connected: boolean): boolean {
    if (!isClient(frame)) return false;
    const destination = destinationOf(frame);
    if (!this.serves(destination, kind === 'ui')) return false;
    const newcomer = kind === 'snrm' || kind === 'ui' || !connected;
    return newcomer || (frame.source === this.remote.value && sameServer(destination, this.local));
  }

  /** The all-station address is for UI only: several stations would answer at once. No-station (0) is for nobody. */
  serves(destination: HdlcAddress, broadcast: boolean): boolean {
    const { upper, lower } = splitServerAddress(destination);
    const all = broadcast ? allStations(destination.bytes) : undefined;
    if (!this.#logicalDevices.has(upper) && upper !== all) return false;
    if (lower !== undefined && lower === all) return true;
    const { physicalAddress, addressBytes, onlyServer } = this.#config;
    if (destination.bytes === 1) return addressBytes === 1 || onlyServer === true;
    return lower === physicalAddress || (onlyServer === true && lower === callingDevice(destination.bytes));
  }

  /** The peer is this one, whatever it sends. */
  turnTo({ clientAddress: client, serverAddress: upper, physicalAddress: lower }: LinkPeer): void {
    const bytes = lower === undefined ? 1 : this.#own.bytes === 1 ? 2 : this.#own.bytes;
    this.local = serverAddress(upper, lower, bytes);
    this.remote = clientAddress(client);
    this.peer = peerOf(client, this.local);
  }

  /** A frame to all stations is one to this station's own address. */
  meet(frame: HdlcFrame): void {
    const destination = destinationOf(frame);
    const { upper, lower } = splitServerAddress(destination);
    const all = allStations(destination.bytes);
    this.local = upper === all || lower === all ? this.#own : destination;
    this.remote = sourceOf(frame);
    this.peer = peerOf(frame.source, this.local);
  }

  answerTo = answerTo;

  describe(): string {
    return `HDLC client ${this.peer.clientAddress}`;
  }
}

function peerOf(client: number, server: HdlcAddress): LinkPeer {
  const { upper, lower } = splitServerAddress(server);
  return {
    clientAddress: client,
    serverAddress: upper,
    ...(lower === undefined ? {} : { physicalAddress: lower }),
  };
}
