import type { Clock } from '../../base/clock.ts';
import { toDcuError } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { Meter } from '../../base/model.ts';
import type { OutboxItem, OutboxStore } from '../../base/outbox.ts';
import type { Random } from '../../base/random.ts';
import { KnownMeters } from '../known-meters.ts';
import { OutboxUplink, type Uplink, type UplinkLink, type UplinkState } from '../uplink.ts';
import type { BrokerLink, BrokerOptions, ConnectBroker } from './broker.ts';
import { Commands, type CommandWork, type MqttCommand } from './commands.ts';
import { aboutMeter, type MqttMessage, messageOf, statusPayload, Topics } from './messages.ts';

export interface MqttUplinkOptions {
  readonly broker: Omit<BrokerOptions, 'will'>;
  readonly prefix: string;
  readonly serialNumber: string;
  /** Of the program. */
  readonly version: string;
  /** Whether meters are announced. */
  readonly discovery: boolean;
  readonly commands: ReadonlySet<MqttCommand>;
  readonly inFlight: number;
  readonly ackTimeoutMs: number;
  readonly inWindow: (nowMs: number) => boolean;
}

export interface MqttUplinkPorts {
  readonly outbox: Pick<OutboxStore, 'take' | 'acknowledge' | 'answer'>;
  /** Name of this uplink in the outbox. */
  readonly destination: string;
  readonly meters: () => Promise<readonly Meter[]>;
  readonly work: CommandWork;
  readonly connect: ConnectBroker;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

const LEAVE_WITHIN_MS = 3000;

/** Brings what the outbox holds to a broker, announces meters there, and takes commands. */
export class MqttUplink implements Uplink {
  readonly #options: MqttUplinkOptions;
  readonly #ports: MqttUplinkPorts;
  readonly #topics: Topics;
  readonly #commands: Commands;
  readonly #meters: KnownMeters;
  readonly #uplink: OutboxUplink<MqttMessage>;
  #announceAgain: () => void = () => {};

  constructor(options: MqttUplinkOptions, ports: MqttUplinkPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#topics = new Topics(options.prefix, options.serialNumber);
    this.#meters = new KnownMeters(ports.meters);
    this.#commands = new Commands({
      topics: this.#topics,
      allowed: options.commands,
      work: ports.work,
      meters: async () => [...(await this.#meters.all()).values()],
      answer: async (meterId, answer) => {
        await ports.outbox.answer(ports.destination, meterId, answer);
        this.wake();
      },
      clock: ports.clock,
      log: ports.log,
    });
    const { inFlight, ackTimeoutMs, inWindow } = options;
    this.#uplink = new OutboxUplink({
      ...ports,
      inFlight,
      ackTimeoutMs,
      inWindow,
      open: (signal) => this.#open(signal),
      messageOf: (item) => this.#message(item),
    });
  }

  start(): void {
    this.#uplink.start();
  }

  /** Tells the broker that it goes; what is not acknowledged stays in the outbox. */
  stop(): Promise<void> {
    this.#commands.stop();
    return this.#uplink.stop();
  }

  wake(): void {
    this.#uplink.wake();
  }

  metersChanged(): void {
    this.#meters.forget();
    this.#announceAgain();
  }

  state(): UplinkState {
    return this.#uplink.state();
  }

  async #open(signal: AbortSignal): Promise<UplinkLink<MqttMessage>> {
    const { connect, clock } = this.#ports;
    const { broker, version, discovery } = this.#options;
    const { status } = this.#topics;
    const will = { topic: status, payload: statusPayload(false, version) };
    const link = await connect({ ...broker, will }, signal);
    try {
      link.onMessage((message) => this.#commands.take(message));
      await link.publish(status, statusPayload(true, version, clock.now()), { retain: true });
      if (this.#commands.topics.length > 0) await link.subscribe(this.#commands.topics);
    } catch (error) {
      await this.#leave(link);
      throw error;
    }
    return {
      receiveMaximum: link.receiveMaximum,
      closed: link.closed,
      send: ({ topic, payload, retain }) => link.publish(topic, payload, { retain }),
      leave: () => this.#leave(link),
      ...(discovery ? { beside: this.#announce(link) } : {}),
    };
  }

  /** In order where the connection still stands: the status comes behind all that is under way. */
  async #leave(link: BrokerLink): Promise<void> {
    const cancel = this.#ports.clock.after(LEAVE_WITHIN_MS, () => link.destroy());
    try {
      const { status } = this.#topics;
      const payload = statusPayload(false, this.#options.version, this.#ports.clock.now());
      await link.publish(status, payload, { retain: true });
      link.leave();
    } catch (error) {
      this.#ports.log.debug('the broker was left without a word', { ...toDcuError(error).toJSON() });
      link.destroy();
    }
    await link.closed;
    cancel();
  }

  async #message(item: OutboxItem): Promise<MqttMessage | undefined> {
    const meter = item.meterId === 0 ? undefined : (await this.#meters.all()).get(item.meterId);
    return messageOf(this.#topics, item, meter);
  }

  /** Announces all meters, and again what has changed, until the connection ends. */
  async #announce(link: BrokerLink): Promise<never> {
    const announced = new Map<string, string>();
    for (;;) {
      const changed = new Promise<void>((resolve) => {
        this.#announceAgain = resolve;
      });
      const wanted = [...(await this.#meters.all()).values()].map((meter) =>
        aboutMeter(this.#topics, meter, this.#options.commands),
      );
      for (const { topic, payload } of wanted) {
        if (announced.get(topic) === payload) continue;
        await link.publish(topic, payload, { retain: true });
        announced.set(topic, payload);
      }
      const topics = new Set(wanted.map(({ topic }) => topic));
      for (const topic of announced.keys()) {
        if (topics.has(topic)) continue;
        // An empty message takes away what the broker keeps (MQTT 5 §3.3.1.3).
        await link.publish(topic, '', { retain: true });
        announced.delete(topic);
      }
      await Promise.race([changed, link.closed.then((error) => Promise.reject(error))]);
    }
  }
}
