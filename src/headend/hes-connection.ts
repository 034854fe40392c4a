import type { Clock } from '../base/clock.ts';
import { DcuError, toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Meter } from '../base/model.ts';
import type { Random } from '../base/random.ts';
import type { ByteChannel } from '../channels/channel.ts';
import { type Pump, pump } from '../channels/pump.ts';
import type { LinkPeer } from '../dlms/link/link.ts';
import {
  type Caller,
  type CosemRequest,
  type CosemResponse,
  createServerMachine,
  type LogicalDevice,
  type ServerCommand,
  type ServerEvent,
  type ServerMachine,
} from '../dlms/server.ts';
import type { ConnectionSecurity } from './connection-security.ts';
import { FetchedDevice, type FetchedDeviceOptions } from './fetched-device.ts';
import { type HesClient, PUBLIC_CLIENT, publicAssociation } from './hes-access.ts';
import { isOpenObject, managementContents } from './management/index.ts';
import { meterContents } from './meter-contents.ts';
import { MANAGEMENT_SAP, meterIdOf } from './meter-saps.ts';
import type { HeadendSources } from './ports.ts';
import { resultOf } from './result-of.ts';

export interface HesConnectionOptions {
  /** Name of the channel that the connection belongs to. */
  readonly channel: string;
  readonly sources: HeadendSources;
  readonly security: ConnectionSecurity;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly onEnd: () => void;
  /** Told of everything that happens on it. */
  readonly onEvent?: (event: ServerEvent) => void;
  /** The head-end has proved who it is. */
  readonly onAssociated: (client: HesClient) => void;
  /** Somebody has failed to be this client; the connection is closed. */
  readonly onFailed: (code: string, client: HesClient) => void;
  /** Something was refused that is nobody's guess. */
  readonly onRefused: (cause: string) => void;
}

const MAX_PDU = 0xffff;
const FAILED = 'authentication-failure';
const IDLE_MS = 300_000;
/** What a meter may take for one answer; a power line meter far out takes its time. */
const LIVE_MS = 180_000;

/** One connection of a head-end: a DLMS server whose logical devices are the concentrator and its meters. */
export class HesConnection {
  readonly #options: HesConnectionOptions;
  readonly #host: string;
  readonly #machine: ServerMachine;
  readonly #pump: Pump<ServerCommand>;
  /** Why the notification that was sent last could not be. */
  #unsent: DcuError | undefined;
  /** What meters are asked for ends with the connection. */
  readonly #gone = new AbortController();
  #ended = false;

  constructor(channel: ByteChannel, options: HesConnectionOptions) {
    this.#options = options;
    this.#host = hostOf(channel);
    const { clock, random } = options;
    this.#machine = createServerMachine({
      link: {
        framing: 'wrapper',
        clientAddress: PUBLIC_CLIENT,
        serverAddress: MANAGEMENT_SAP,
        responseTimeoutMs: IDLE_MS,
        maxApdu: MAX_PDU,
      },
      devices: [this.#managementDevice()],
      deviceAt: (sap) => {
        const device = this.#meterDevice(sap);
        if (device === undefined) options.onRefused('no such logical device');
        return device;
      },
      maxPduSize: MAX_PDU,
      randomBytes: (length) => random.bytes(length),
      idleTimeoutMs: IDLE_MS,
    });
    this.#pump = pump(
      this.#machine,
      watchedEnd(channel, () => this.#end()),
      clock,
      (event) => this.#told(event),
    );
  }

  /** Clients whose associations stand, each with its logical device. */
  get associations(): readonly LinkPeer[] {
    return this.#machine.associated;
  }

  /**
   * Sends a plain DataNotification under the association of a client with a logical device, as that one protects it. Its
   * confirmation is told to `onEvent`. Not to be called from `onEvent`.
   * @throws DcuError `conflict` without this association, `not-granted` where it takes none, `apdu-too-long`
   */
  notify(apdu: Uint8Array, { clientAddress, serverAddress }: LinkPeer): void {
    this.#unsent = undefined;
    this.#pump.command({ type: 'notify', apdu, clientAddress, serverAddress });
    if (this.#unsent !== undefined) throw this.#unsent;
  }

  async close(): Promise<void> {
    this.#end();
    await this.#pump.close();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#gone.abort(new DcuError('cancelled', 'the head-end has gone'));
    this.#options.onEnd();
  }

  #managementDevice(): LogicalDevice {
    const { sources, channel, security } = this.#options;
    const open = publicAssociation(isOpenObject);
    return new FetchedDevice({
      ...this.#common(),
      address: MANAGEMENT_SAP,
      associations: () => [...security.associations, open],
      fetch: (request, caller) =>
        managementContents({ sources, request, caller, channel, host: this.#host, security }),
    });
  }

  #meterDevice(sap: number): LogicalDevice | undefined {
    const { sources, security } = this.#options;
    const meterId = meterIdOf(sap);
    const meterOf = (): Meter | undefined => (meterId === undefined ? undefined : sources.meter(meterId));
    if (meterOf() === undefined) return undefined;
    return new FetchedDevice({
      ...this.#common(),
      address: sap,
      associations: () => security.associations,
      fetch: async (request) => {
        const meter = meterOf();
        return meter && meterContents(sources, meter, request);
      },
      isLive: (caller) => security.clientOf(caller)?.liveClient === caller.clientAddress,
      beyond: async (request, caller) => {
        const meter = meterOf();
        return meter === undefined ? { result: 'object-unavailable' } : this.#ask(meter, request, caller);
      },
    });
  }

  #common(): Pick<FetchedDeviceOptions, 'systemTitle' | 'counters' | 'respond' | 'log'> {
    const { security, log } = this.#options;
    const { systemTitle, counters } = security;
    const respond = (response: CosemResponse): void => this.#pump.command({ type: 'respond', response });
    return { systemTitle, counters, log, respond };
  }

  /** What the store does not know the meter is asked for, in its own time. */
  async #ask(meter: Meter, request: CosemRequest, caller: Caller): Promise<CosemResponse> {
    const { sources, security, clock, log } = this.#options;
    if (request.type !== 'get' && security.clientOf(caller)?.rights !== 'full')
      return { result: 'read-write-denied' };
    const late = new AbortController();
    const cancel = clock.after(LIVE_MS, () =>
      late.abort(new DcuError('link-timeout', 'the meter did not answer in time')),
    );
    try {
      return await sources.ask(meter, request, AbortSignal.any([late.signal, this.#gone.signal]));
    } catch (thrown) {
      const error = toDcuError(thrown);
      log.info('a meter could not be asked for the head-end', { meter: meter.meterNo, ...error.toJSON() });
      return { result: resultOf(error) };
    } finally {
      cancel();
    }
  }

  #told(event: ServerEvent): void {
    const { security, onEvent, onAssociated, onFailed, onRefused, log } = this.#options;
    onEvent?.(event);
    switch (event.type) {
      case 'associated': {
        const client = security.clientOf(event.caller);
        if (client !== undefined) onAssociated(client);
        return;
      }
      case 'security': {
        const client = security.clientOf(event);
        if (event.code === 'replay-detected') {
          onRefused(event.code);
          return;
        }
        if (client !== undefined) onFailed(event.code, client);
        this.#leave();
        return;
      }
      case 'refused':
        log.debug('an association was refused', { client: event.clientAddress, reason: event.diagnostic });
        // Who fails to prove himself is told of as that.
        if (event.diagnostic !== FAILED) onRefused(`association refused: ${event.diagnostic}`);
        return;
      case 'notification-failed':
        this.#unsent = event.error;
        return;
      case 'released':
      case 'notification-confirmed':
        return;
    }
  }

  /** Each try costs a connection of its own; what was said last still leaves. */
  #leave(): void {
    this.#pump
      .sent()
      .then(() => this.close())
      .catch((error: unknown) => {
        this.#options.log.debug('a connection was not closed in order', { ...toDcuError(error).toJSON() });
      });
  }
}

/** Address of the peer without its port. */
export const hostOf = ({ name }: ByteChannel): string => name.replace(/:\d+$/, '');

/** The channel, telling when it is over, by whichever side. */
function watchedEnd(channel: ByteChannel, ended: () => void): ByteChannel {
  return {
    name: channel.name,
    write: (bytes) => channel.write(bytes),
    onBytes: (listener) => channel.onBytes(listener),
    onClosed: (listener) =>
      channel.onClosed((reason) => {
        ended();
        listener(reason);
      }),
    close: () => channel.close(),
  };
}
