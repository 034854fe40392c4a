import type { Clock } from '../../base/clock.ts';
import { type DcuError, toDcuError } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { Meter } from '../../base/model.ts';
import type { ByteChannel } from '../../channels/channel.ts';
import { type Pump, pump } from '../../channels/pump.ts';
import { createServerLink } from '../../dlms/link/index.ts';
import type { LinkCommand, LinkEvent } from '../../dlms/link/link.ts';
import { MANAGEMENT_SAP } from '../meter-saps.ts';
import type { PipeUser } from './meter-pipe.ts';
import type { MeterPipes } from './meter-pipes.ts';
import type { HesPorts, MeterRequest } from './meter-request.ts';
import { exceptionOf } from './refusals.ts';

const LONGEST_APDU = 0xffff;
/** A server's wrapper link arms no timer; what is idle the listener closes. */
const NO_RESPONSE_MS = 0;

export interface PortConnectionOptions {
  readonly pipes: MeterPipes;
  /** The meter of the port as it is now. @throws DcuError `not-found`, `conflict`, `blacklisted` */
  readonly meter: () => Meter;
  readonly clock: Clock;
  readonly log: Log;
  readonly onEnd: () => void;
}

/**
 * A connection to a meter's own TCP port: wrapper frames go to the meter and back with their wPorts, and with their APDUs as
 * they are. It ends with what is no wrapper frame.
 */
export class PortConnection implements PipeUser {
  /** The peer's address. */
  readonly host: string;
  readonly #options: PortConnectionOptions;
  readonly #name: string;
  readonly #pump: Pump<LinkCommand>;
  #ended = false;

  constructor(channel: ByteChannel, host: string, options: PortConnectionOptions) {
    this.host = host;
    this.#options = options;
    this.#name = channel.name;
    const link = createServerLink({
      framing: 'wrapper',
      clientAddress: MANAGEMENT_SAP,
      serverAddress: MANAGEMENT_SAP,
      responseTimeoutMs: NO_RESPONSE_MS,
      maxApdu: LONGEST_APDU,
    });
    this.#pump = pump(link, channel, options.clock, (event) => this.#told(event));
  }

  deliver(_meter: Meter, apdu: Uint8Array, ports: HesPorts): void {
    this.#respond(apdu, ports);
  }

  unanswered(_meter: Meter, request: MeterRequest, error: DcuError): void {
    this.#refuse(request, error);
  }

  async close(): Promise<void> {
    this.#end();
    await this.#pump.close();
  }

  #told(event: LinkEvent): void {
    if (event.type === 'disconnected') this.#end();
    else if (event.type === 'apdu' && !this.#ended) {
      const { clientAddress: client, serverAddress: server } = event.peer;
      this.#take({ apdu: event.apdu, ports: { client, server } });
    }
  }

  #take(request: MeterRequest): void {
    const { meter, pipes } = this.#options;
    try {
      pipes.send(meter(), request, this);
    } catch (thrown) {
      this.#refuse(request, toDcuError(thrown));
    }
  }

  #refuse({ ports }: MeterRequest, error: DcuError): void {
    const { log } = this.#options;
    log.debug('a meter has not answered on its own port', { peer: this.#name, ...error.toJSON() });
    this.#respond(exceptionOf(error), ports);
  }

  #respond(apdu: Uint8Array, { client, server }: HesPorts): void {
    if (this.#ended) return;
    const peer = { clientAddress: client, serverAddress: server };
    this.#pump.command({ type: 'send', apdu, peer });
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    void this.#options.pipes.leave(this);
    this.#options.onEnd();
  }
}
