import { type Clock, sleep } from '../../base/clock.ts';
import { DcuError, toDcuError } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { Meter } from '../../base/model.ts';
import type { OutboxItem, OutboxStore } from '../../base/outbox.ts';
import type { Random } from '../../base/random.ts';
import type { BrokerLink, BrokerOptions, ConnectBroker } from './broker.ts';
import { Commands, type CommandWork, type MqttCommand } from './commands.ts';
import { aboutMeter, type MqttMessage, messageOf, statusPayload, Topics } from './messages.ts';
import { Outgoing } from './outgoing.ts';

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

export interface UplinkState {
  readonly connected: boolean;
  /** UTC ms of the last change of `connected`. */
  readonly since: number;
  /** Messages under way to the broker. */
  readonly inFlight: number;
  /** Messages that were acknowledged since the start. */
  readonly sent: number;
  /** UTC ms of the last acknowledgement. */
  readonly lastSent?: number;
  readonly lastError?: { readonly code: string; readonly message: string; readonly time: number };
}

const FIRST_BACKOFF_MS = 1000;
const LONGEST_BACKOFF_MS = 300_000;
const LEAVE_WITHIN_MS = 3000;

/** Resolves when the signal is aborted. */
const aborted = (signal: AbortSignal): Promise<DcuError> =>
  new Promise((resolve) => {
    const tell = (): void => resolve(new DcuError('cancelled', 'the uplink is stopped'));
    if (signal.aborted) tell();
    else signal.addEventListener('abort', tell, { once: true });
  });

/** Brings what the outbox holds to a broker, for as long as it is not stopped. Nobody ever waits for it. */
export class MqttUplink {
  readonly #options: MqttUplinkOptions;
  readonly #ports: MqttUplinkPorts;
  readonly #topics: Topics;
  readonly #commands: Commands;
  readonly #abort = new AbortController();
  #ended: Promise<void> = Promise.resolve();
  #outgoing: Outgoing | undefined;
  #announceAgain: () => void = () => {};
  #known: Promise<ReadonlyMap<number, Meter>> | undefined;
  #connected = false;
  #since: number;
  #sent = 0;
  #lastSent: number | undefined;
  #lastError: UplinkState['lastError'];
  #backoffMs = FIRST_BACKOFF_MS;

  constructor(options: MqttUplinkOptions, ports: MqttUplinkPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#since = ports.clock.now();
    this.#topics = new Topics(options.prefix, options.serialNumber);
    this.#commands = new Commands({
      topics: this.#topics,
      allowed: options.commands,
      work: ports.work,
      meters: async () => [...(await this.#meters()).values()],
      answer: async (meterId, answer) => {
        await ports.outbox.answer(ports.destination, meterId, answer);
        this.wake();
      },
      clock: ports.clock,
      log: ports.log,
    });
  }

  start(): void {
    this.#ended = this.#run();
  }

  /** Tells the broker that it goes; what is not acknowledged stays in the outbox. */
  async stop(): Promise<void> {
    this.#commands.stop();
    this.#abort.abort();
    await this.#ended;
  }

  /** There may be something to send. */
  wake(): void {
    this.#outgoing?.wake();
  }

  metersChanged(): void {
    this.#known = undefined;
    this.#announceAgain();
  }

  state(): UplinkState {
    return {
      connected: this.#connected,
      since: this.#since,
      inFlight: this.#outgoing?.inFlight ?? 0,
      sent: this.#sent,
      ...(this.#lastSent === undefined ? {} : { lastSent: this.#lastSent }),
      ...(this.#lastError === undefined ? {} : { lastError: this.#lastError }),
    };
  }

  async #run(): Promise<void> {
    const { clock, log, random } = this.#ports;
    const { signal } = this.#abort;
    while (!signal.aborted) {
      const error = await this.#connection();
      this.#note(false);
      if (signal.aborted) return;
      const { code, message } = error;
      this.#lastError = { code, message, time: clock.now() };
      // Half of it by chance, so that a thousand concentrators do not come back at once.
      const waitMs = Math.round(this.#backoffMs * (0.5 + random.next()));
      log.warn('the connection to the broker has ended', { code, message, againInMs: waitMs });
      this.#backoffMs = Math.min(this.#backoffMs * 2, LONGEST_BACKOFF_MS);
      await sleep(clock, waitMs, signal).catch(() => undefined);
    }
  }

  /** One connection from its opening to its end; resolves with what ended it. */
  async #connection(): Promise<DcuError> {
    const { connect, clock, log } = this.#ports;
    const { signal } = this.#abort;
    const { status } = this.#topics;
    let link: BrokerLink | undefined;
    let outgoing: Outgoing | undefined;
    let running: Promise<unknown> = Promise.resolve();
    try {
      const will = { topic: status, payload: statusPayload(false, this.#options.version) };
      link = await connect({ ...this.#options.broker, will }, signal);
      const own = link;
      own.onMessage((message) => this.#commands.take(message));
      await own.publish(status, statusPayload(true, this.#options.version, clock.now()), { retain: true });
      if (this.#commands.topics.length > 0) await own.subscribe(this.#commands.topics);
      this.#note(true);
      log.info('connected to the broker', { host: this.#options.broker.host });
      outgoing = this.#newOutgoing(own);
      this.#outgoing = outgoing;
      const ended = outgoing.run().catch(toDcuError);
      running = ended;
      return await Promise.race([
        ended,
        aborted(signal),
        ...(this.#options.discovery ? [this.#announce(own).catch(toDcuError)] : []),
      ]);
    } catch (error) {
      return toDcuError(error);
    } finally {
      this.#announceAgain();
      outgoing?.halt();
      if (link !== undefined) await this.#leave(link);
      // What the broker has acknowledged to the last is settled before another connection looks.
      await running;
      this.#outgoing = undefined;
    }
  }

  #newOutgoing(link: BrokerLink): Outgoing {
    const { outbox, destination, clock } = this.#ports;
    const { inFlight, ackTimeoutMs, inWindow } = this.#options;
    return new Outgoing(
      {
        outbox,
        destination,
        clock,
        inFlight,
        ackTimeoutMs,
        inWindow,
        messageOf: (item) => this.#message(item),
        onAcknowledged: () => {
          this.#sent++;
          this.#lastSent = clock.now();
          // Only a broker that acknowledges is worth coming back to soon.
          this.#backoffMs = FIRST_BACKOFF_MS;
        },
      },
      link,
    );
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
    const meter = item.meterId === 0 ? undefined : (await this.#meters()).get(item.meterId);
    return messageOf(this.#topics, item, meter);
  }

  #meters(): Promise<ReadonlyMap<number, Meter>> {
    this.#known ??= this.#ports.meters().then((all) => new Map(all.map((meter) => [meter.id, meter])));
    // Nothing is remembered that could not be read.
    this.#known.catch(() => {
      this.#known = undefined;
    });
    return this.#known;
  }

  /** Announces all meters, and again what has changed, until the connection ends. */
  async #announce(link: BrokerLink): Promise<never> {
    const announced = new Map<string, string>();
    for (;;) {
      const changed = new Promise<void>((resolve) => {
        this.#announceAgain = resolve;
      });
      const wanted = [...(await this.#meters()).values()].map((meter) =>
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

  #note(connected: boolean): void {
    if (this.#connected === connected) return;
    this.#connected = connected;
    this.#since = this.#ports.clock.now();
  }
}
