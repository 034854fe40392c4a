import type { Clock } from '../base/clock.ts';
import { DcuError, toDcuError } from '../base/errors.ts';
import { HostRanges, portRange } from '../base/host-ranges.ts';
import type { Log } from '../base/log.ts';
import type { Meter } from '../base/model.ts';
import type { ByteChannel } from '../channels/channel.ts';
import {
  GATEWAY_RIGHTS,
  type GatewayAccess,
  GatewayChannel,
  type GatewayRight,
} from '../headend/transparent/gateway.ts';
import { MeterNames } from '../headend/transparent/meter-names.ts';
import { MeterPipes } from '../headend/transparent/meter-pipes.ts';
import type { Store } from '../store/types.ts';
import type { Collector } from '../tasks/collector.ts';
import { attributesOf, hesGate } from './headend-access.ts';
import type { HesIncidents } from './headend-incidents.ts';
import { type MeterPortSettings, MeterPorts, type MeterPortView } from './meter-ports.ts';

const TCP_SERVER = 9;

export interface TransparentOptions {
  readonly store: Pick<Store, 'configuration' | 'collection' | 'accounts'>;
  readonly collector: Pick<Collector, 'visit'>;
  readonly incidents: Pick<HesIncidents, 'tell'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** The ways on which a head-end talks to a meter itself: the gateway protocol, and a TCP port for each meter. */
export class Transparent {
  readonly #options: TransparentOptions;
  readonly #pipes: MeterPipes;
  /** By channel. */
  readonly #ports = new Map<string, MeterPorts>();
  #meters: ReadonlyMap<number, Meter> = new Map();
  #names = new MeterNames(this.#meters);
  #changing: Promise<void> = Promise.resolve();

  constructor(options: TransparentOptions) {
    this.#options = options;
    const { collector, clock, log } = options;
    this.#pipes = new MeterPipes({ visit: (...visit) => collector.visit(...visit), clock, log });
  }

  /** To be called at start, and whenever a channel, one of its attributes or a meter has changed. */
  reload(): Promise<void> {
    this.#changing = this.#changing
      .then(() => this.#reload())
      .catch((error: unknown) => {
        const { log } = this.#options;
        log.error('the ports of meters could not be set up', { ...toDcuError(error).toJSON() });
      });
    return this.#changing;
  }

  /** Ports of meters on a channel, by meter id; none where it has no range. */
  views(channel: string): readonly MeterPortView[] {
    return this.#ports.get(channel)?.views() ?? [];
  }

  /** Puts the gateway in front of a connection of a head-end. @param shown which meters it may ask for */
  async gatewayOn(
    channel: string,
    connection: ByteChannel,
    shown: (meter: Meter) => boolean,
  ): Promise<GatewayChannel> {
    const { store, incidents, log } = this.#options;
    const host = hostOf(connection);
    return new GatewayChannel(connection, {
      access: gatewayAccess(await attributesOf(store.configuration, channel)),
      pipes: this.#pipes,
      meterAt: (address) => standing(this.#names.find(address), shown),
      log,
      onRefused: (cause) => incidents.tell(channel, 'hes-refused', host, cause),
    });
  }

  async close(): Promise<void> {
    await this.#changing;
    await Promise.all([...this.#ports.values()].map((ports) => ports.close()));
    this.#ports.clear();
    await this.#pipes.close();
  }

  async #reload(): Promise<void> {
    const { configuration, collection } = this.#options.store;
    const meters = await collection.meters();
    this.#meters = new Map(meters.map((meter) => [meter.id, meter]));
    this.#names = new MeterNames(this.#meters);
    const wanted = new Map<string, MeterPortSettings>();
    for (const { name, commType, enabled } of await configuration.channels()) {
      if (commType !== TCP_SERVER || !enabled) continue;
      const settings = portSettings(await attributesOf(configuration, name));
      if (settings !== undefined) wanted.set(name, settings);
    }
    for (const [name, ports] of this.#ports) {
      if (wanted.has(name)) continue;
      this.#ports.delete(name);
      await ports.close();
    }
    for (const [name, settings] of wanted) await this.#portsOf(name).update(settings, meters);
  }

  #portsOf(channel: string): MeterPorts {
    const known = this.#ports.get(channel);
    if (known !== undefined) return known;
    const { store, incidents, clock, log } = this.#options;
    const made = new MeterPorts({
      pipes: this.#pipes,
      meterOf: (id) => standing(this.#meters.get(id), () => true),
      gate: hesGate(store, channel, clock),
      onRefused: (host, cause) => incidents.tell(channel, 'hes-refused', host, `port of a meter: ${cause}`),
      clock,
      log,
    });
    this.#ports.set(channel, made);
    return made;
  }
}

/** A meter that may be talked to; who is on the blacklist its line refuses. */
function standing(meter: Meter | undefined, shown: (meter: Meter) => boolean): Meter {
  if (meter === undefined || !shown(meter)) throw new DcuError('not-found', 'there is no such meter');
  if (!meter.enabled) throw new DcuError('conflict', `meter ${meter.meterNo} is disabled or was replaced`);
  return meter;
}

const isRight = (text: string | undefined): text is GatewayRight =>
  GATEWAY_RIGHTS.some((right) => right === text);

function gatewayAccess(attributes: ReadonlyMap<string, string>): GatewayAccess {
  const right = attributes.get('gateway');
  return {
    right: isRight(right) ? right : 'off',
    networkId: Number(attributes.get('gateway.network') ?? '0'),
  };
}

function portSettings(attributes: ReadonlyMap<string, string>): MeterPortSettings | undefined {
  const range = portRange(attributes.get('meter.ports') ?? '');
  if (range === undefined) return undefined;
  const from = new HostRanges(attributes.get('meter.ports.from') ?? '');
  return { ...range, host: attributes.get('host') ?? '0.0.0.0', from };
}

const hostOf = ({ name }: ByteChannel): string => name.replace(/:\d+$/, '');
