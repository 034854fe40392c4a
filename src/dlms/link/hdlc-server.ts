import type { DcuError } from '../../base/errors.ts';
import type { HdlcFrame } from '../../kernels/types.ts';
import { type HdlcAddress, splitServerAddress } from './address.ts';
import { HdlcConnection } from './connection.ts';
import { decodeControl } from './frame.ts';
import { HdlcLine } from './hdlc.ts';
import type { HdlcLinkConfig, LinkCommand, LinkPeer } from './link.ts';
import { TIMER_KEY } from './output.ts';
import { ServerStation } from './station.ts';

/** Clients and logical devices connected at once on one line; to a further one the server is not ready (DM). */
export const MAX_CONNECTIONS = 8;

const keyOf = ({ clientAddress, serverAddress, physicalAddress }: LinkPeer): string =>
  `${clientAddress}/${serverAddress}/${physicalAddress ?? ''}`;

/**
 * The server's side of an HDLC line: each pair of client and logical device has a connection of its own, with its own
 * numbers, parameters and idle time. Frames of a pair that has none are answered as a disconnected station does.
 */
export class HdlcServerLink extends HdlcLine {
  readonly #config: HdlcLinkConfig;
  readonly #logicalDevices: readonly number[] | undefined;
  readonly #connections = new Map<string, HdlcConnection>();
  /** Stands for every pair without a connection. */
  #lobby: { readonly connection: HdlcConnection; readonly station: ServerStation; key: string };
  /** The connected pair whose APDU came last; what a stranger sends in a UI frame makes nobody turn to it. */
  #last: string | undefined;

  /** Throws `invalid-field` for an address, size or window that HDLC does not have. */
  constructor(config: HdlcLinkConfig, logicalDevices: readonly number[] | undefined) {
    super(config);
    this.#config = config;
    this.#logicalDevices = logicalDevices;
    this.#lobby = this.#newcomer('');
  }

  get connections(): number {
    return this.#connections.size;
  }

  protected frame(frame: HdlcFrame): void {
    const key = frameKey(frame);
    const known = this.#connections.get(key);
    if (known !== undefined) {
      this.#run(key, known, () => known.frame(frame));
      return;
    }
    if (decodeControl(frame.control).kind === 'snrm' && this.#connections.size < MAX_CONNECTIONS) {
      const { connection } = this.#newcomer(key);
      this.#run(key, connection, () => connection.frame(frame));
      if (connection.state !== 'disconnected') this.#connections.set(key, connection);
      return;
    }
    // Segments of unnumbered information are joined only where one sender's follow one another.
    if (this.#lobby.key !== key) this.#lobby = this.#newcomer(key);
    const { connection, station } = this.#lobby;
    const destination = { value: frame.destination, bytes: frame.destinationBytes };
    const toAll = decodeControl(frame.control).kind === 'ui';
    if (station.serves(destination, toAll)) station.meet(frame);
    this.#run(key, connection, () => connection.visit(frame));
  }

  protected command(command: LinkCommand): void {
    switch (command.type) {
      case 'send':
      case 'send-unconfirmed': {
        const key = command.peer === undefined ? this.#last : keyOf(command.peer);
        const connection = key === undefined ? undefined : this.#connections.get(key);
        if (key !== undefined && connection !== undefined)
          this.#run(key, connection, () => connection.command(command));
        else this.#apart(command);
        return;
      }
      case 'disconnect':
        if (this.#connections.size === 0) this.#lobby.connection.command(command);
        for (const [key, connection] of this.#connections) {
          this.#run(key, connection, () => connection.command(command));
        }
        return;
      case 'busy':
        this.#lobby.connection.command(command);
        for (const connection of this.#connections.values()) connection.command(command);
        return;
      case 'connect':
        return;
    }
  }

  /** To somebody without a connection: unnumbered information goes, an answer has nowhere to go. */
  #apart(command: Extract<LinkCommand, { type: 'send' | 'send-unconfirmed' }>): void {
    const { connection, station } = this.#newcomer('');
    if (command.peer !== undefined) station.turnTo(command.peer);
    connection.command(command);
  }

  protected timer(timer: string): void {
    const at = timer.indexOf(TIMER_KEY);
    if (at < 0) return;
    const key = timer.slice(at + TIMER_KEY.length);
    const connection = this.#connections.get(key);
    if (connection !== undefined) this.#run(key, connection, () => connection.timer(timer.slice(0, at)));
  }

  protected closed(reason: DcuError | undefined): void {
    for (const [key, connection] of this.#connections) {
      this.#run(key, connection, () => connection.closed(reason));
    }
  }

  /** One input of a connection; it is forgotten when that ends it. */
  #run(key: string, connection: HdlcConnection, input: () => void): void {
    const before = this.effects.length;
    input();
    for (const effect of this.effects.slice(before)) {
      if (effect.do !== 'emit' || effect.event.type !== 'apdu') continue;
      const from = keyOf(effect.event.peer);
      if (this.#connections.has(from)) this.#last = from;
    }
    if (connection.state === 'disconnected') this.#connections.delete(key);
  }

  #newcomer(key: string): {
    readonly connection: HdlcConnection;
    readonly station: ServerStation;
    key: string;
  } {
    const station = new ServerStation(this.#config, this.#logicalDevices);
    return { connection: new HdlcConnection(this.#config, station, this, key), station, key };
  }
}

/** Two- and four-byte forms of one address are the same station. */
function frameKey(frame: HdlcFrame): string {
  const destination: HdlcAddress = { value: frame.destination, bytes: frame.destinationBytes };
  const { upper, lower } = splitServerAddress(destination);
  return `${frame.source}/${upper}/${lower ?? ''}`;
}
