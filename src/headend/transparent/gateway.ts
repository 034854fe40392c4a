import { DcuError, toDcuError } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { Meter } from '../../base/model.ts';
import type { ByteChannel } from '../../channels/channel.ts';
import { encodeGateway, type GatewayAddress, type GatewayApdu } from '../../dlms/apdu/gateway.ts';
import { encodeWrapperFrame } from '../../dlms/link/wrapper.ts';
import { GatewaySplitter } from './gateway-splitter.ts';
import type { PipeUser } from './meter-pipe.ts';
import type { MeterPipes } from './meter-pipes.ts';
import type { HesPorts, MeterRequest } from './meter-request.ts';
import { exceptionOf } from './refusals.ts';

/** Who may use the gateway: nobody; whoever has associated on the same connection; everybody. */
export const GATEWAY_RIGHTS = ['off', 'associated', 'open'] as const;
export type GatewayRight = (typeof GATEWAY_RIGHTS)[number];

export interface GatewayAccess {
  readonly right: GatewayRight;
  /** The one network behind the concentrator. */
  readonly networkId: number;
}

export interface GatewayOptions {
  readonly access: GatewayAccess;
  readonly pipes: MeterPipes;
  /** Whom a physical device address means. @throws DcuError `not-found`, `conflict` (disabled), `blacklisted` */
  readonly meterAt: (address: Uint8Array) => Meter;
  readonly log: Log;
  /** Why something was refused; the same words for the same cause. */
  readonly onRefused: (cause: string) => void;
}

const LONGEST_APDU = 0xffff;

/** What a refusal is told as; nothing in it that a flood could vary. */
const CAUSES: Readonly<Record<string, string>> = {
  'not-found': 'unknown meter or network',
  conflict: 'a meter that is disabled or was replaced',
  blacklisted: 'a meter on the blacklist',
  unsupported: 'the gateway is off',
  forbidden: 'not associated',
  overflow: 'too many meters or requests at once',
  'invalid-field': 'a wPort that the link of the meter does not have',
  'apdu-invalid': 'a malformed prefix',
  'apdu-unexpected': 'a response that nobody asked for',
};

/**
 * The gateway protocol on the connection of a head-end: a channel that keeps the frames whose APDU begins with E6 to itself and
 * hands everything else on. What is behind the prefix goes to the meter as it is, the AARQ and what it protects
 * included; what the meter says comes back behind E7, with the network id and address that were asked for. Many
 * meters may be talked to at once.
 */
export class GatewayChannel implements ByteChannel, PipeUser {
  readonly name: string;
  readonly #channel: ByteChannel;
  readonly #options: GatewayOptions;
  readonly #splitter = new GatewaySplitter();
  /** By meter: how it was named last on this connection. */
  readonly #names = new Map<number, GatewayAddress>();
  #isAssociated: () => boolean = () => false;
  #over = false;

  constructor(channel: ByteChannel, options: GatewayOptions) {
    this.name = channel.name;
    this.#channel = channel;
    this.#options = options;
  }

  /** Whose word it takes for whether the head-end has an association on this connection now, by which it has proved who it is. */
  asks(isAssociated: () => boolean): void {
    this.#isAssociated = isAssociated;
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#channel.write(bytes);
  }

  onBytes(listener: (bytes: Uint8Array) => void): void {
    this.#channel.onBytes((bytes) => {
      for (const part of this.#splitter.push(bytes)) {
        if ('passed' in part) listener(part.passed);
        else if ('bad' in part) this.#tell(part.bad);
        else this.#take(part.gateway, part.ports);
      }
    });
  }

  onClosed(listener: (reason?: DcuError) => void): void {
    this.#channel.onClosed((reason) => {
      this.#leave();
      listener(reason);
    });
  }

  async close(): Promise<void> {
    this.#leave();
    await this.#channel.close();
  }

  #take({ direction, gateway, apdu }: GatewayApdu, ports: HesPorts): void {
    if (this.#over) return;
    if (direction === 'response') {
      this.#tell(new DcuError('apdu-unexpected', 'a head-end has sent a response of the gateway protocol'));
      return;
    }
    try {
      const meter = this.#permitted(gateway);
      this.#names.set(meter.id, gateway);
      this.#options.pipes.send(meter, { apdu, ports }, this);
    } catch (thrown) {
      this.#refuse(gateway, ports, toDcuError(thrown));
    }
  }

  #permitted({ networkId, address }: GatewayAddress): Meter {
    const { access, meterAt } = this.#options;
    if (access.right === 'off') throw new DcuError('unsupported', 'the gateway is off');
    if (access.right === 'associated' && !this.#isAssociated()) {
      throw new DcuError('forbidden', 'the head-end has not associated on this connection');
    }
    if (networkId !== access.networkId) {
      throw new DcuError('not-found', `there is no network ${networkId}`, { field: 'networkId' });
    }
    return meterAt(address);
  }

  deliver({ id }: Meter, apdu: Uint8Array, ports: HesPorts): void {
    const gateway = this.#names.get(id);
    if (gateway !== undefined) this.#respond(gateway, apdu, ports);
  }

  unanswered({ id }: Meter, { ports }: MeterRequest, error: DcuError): void {
    const gateway = this.#names.get(id);
    if (gateway !== undefined) this.#refuse(gateway, ports, error);
  }

  #refuse(gateway: GatewayAddress, ports: HesPorts, error: DcuError): void {
    this.#tell(error);
    this.#respond(gateway, exceptionOf(error), ports);
  }

  #tell(error: DcuError): void {
    this.#options.log.debug('the gateway has refused', { peer: this.name, ...error.toJSON() });
    const cause = CAUSES[error.code];
    if (cause !== undefined) this.#options.onRefused(`gateway: ${cause}`);
  }

  #respond(gateway: GatewayAddress, apdu: Uint8Array, { client, server }: HesPorts): void {
    if (this.#over) return;
    const response = encodeGateway('response', gateway, apdu);
    if (response.length > LONGEST_APDU) {
      const error = new DcuError('apdu-too-long', 'an answer of the meter leaves no room for the prefix');
      this.#respond(gateway, exceptionOf(error), { client, server });
      return;
    }
    this.#channel.write(encodeWrapperFrame(server, client, response)).catch((thrown: unknown) => {
      this.#options.log.debug('a response did not leave', {
        peer: this.name,
        ...toDcuError(thrown).toJSON(),
      });
    });
  }

  #leave(): void {
    if (this.#over) return;
    this.#over = true;
    void this.#options.pipes.leave(this);
    this.#names.clear();
  }
}
