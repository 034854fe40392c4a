import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Meter } from '../../base/model.ts';
import type { OutboxItem, OutboxStore } from '../../base/outbox.ts';
import type { Random } from '../../base/random.ts';
import { LONG_INVOKE } from '../../dlms/apdu/access.ts';
import type { MeterProfile } from '../../meters/meter-profile.ts';
import { KnownMeters } from '../known-meters.ts';
import { MANAGEMENT_SAP, sapOf } from '../meter-saps.ts';
import { type Backoff, OutboxUplink, type Uplink, type UplinkLink, type UplinkState } from '../uplink.ts';
import { ZoneTimes } from '../zone-times.ts';
import { type NotificationContext, notificationsOf } from './notifications.ts';
import type { Notification, OpenPushWay } from './way.ts';

export interface PushUplinkOptions {
  /** Whether the head-end is asked to confirm; without it an item is settled when it has left. */
  readonly confirmed: boolean;
  /** Items that wait for their confirmation at most. */
  readonly inFlight: number;
  /** Not given: the way stands whether there is something to send or not. */
  readonly idleTimeoutMs?: number;
  readonly inWindow: (nowMs: number) => boolean;
  readonly retries: number;
  readonly backoff: Backoff;
}

export interface PushUplinkPorts {
  readonly outbox: Pick<OutboxStore, 'take' | 'acknowledge'>;
  /** Name of this uplink in the outbox. */
  readonly destination: string;
  /** Logical device name of the concentrator. */
  readonly deviceName: string;
  readonly meters: () => Promise<readonly Meter[]>;
  /** Undefined where there is none of that name any more. */
  readonly profileOf: (meter: Meter) => MeterProfile | undefined;
  readonly zone: () => string;
  readonly open: OpenPushWay;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Brings what the outbox holds to a head-end as DataNotifications. */
export class PushUplink implements Uplink {
  readonly #options: PushUplinkOptions;
  readonly #ports: PushUplinkPorts;
  readonly #meters: KnownMeters;
  readonly #uplink: OutboxUplink<readonly Notification[]>;
  /** Begins anywhere, so that a confirmation from before a restart names nothing that is under way. */
  #invokeId: number;

  constructor(options: PushUplinkOptions, ports: PushUplinkPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#meters = new KnownMeters(ports.meters);
    this.#invokeId = Math.floor(ports.random.next() * LONG_INVOKE.id);
    this.#uplink = new OutboxUplink({
      ...ports,
      ...options,
      open: (signal) => this.#open(signal),
      messageOf: (item) => this.#message(item),
    });
  }

  start(): void {
    this.#uplink.start();
  }

  stop(): Promise<void> {
    return this.#uplink.stop();
  }

  wake(): void {
    this.#uplink.wake();
  }

  metersChanged(): void {
    this.#meters.forget();
  }

  state(): UplinkState {
    return this.#uplink.state();
  }

  async #open(signal: AbortSignal): Promise<UplinkLink<readonly Notification[]>> {
    const way = await this.#ports.open(signal);
    return {
      receiveMaximum: Number.POSITIVE_INFINITY,
      closed: way.closed,
      send: async (notifications) => {
        await Promise.all(notifications.map((notification) => way.send(notification)));
      },
      leave: () => way.close(),
    };
  }

  /** Undefined when its meter is not known any more. */
  async #message(item: OutboxItem): Promise<readonly Notification[] | undefined> {
    if (item.meterId === 0) return notificationsOf(item, this.#context(undefined));
    const meter = (await this.#meters.all()).get(item.meterId);
    return meter === undefined ? undefined : notificationsOf(item, this.#context(meter));
  }

  #context(meter: Meter | undefined): NotificationContext {
    const { deviceName, zone, profileOf } = this.#ports;
    return {
      sap: (meter && sapOf(meter.id)) ?? MANAGEMENT_SAP,
      deviceName: meter?.meterNo ?? deviceName,
      profile: meter && profileOf(meter),
      times: new ZoneTimes(zone()),
      confirmed: this.#options.confirmed,
      nextInvokeId: () => {
        this.#invokeId = (this.#invokeId + 1) & LONG_INVOKE.id;
        return this.#invokeId;
      },
    };
  }
}
