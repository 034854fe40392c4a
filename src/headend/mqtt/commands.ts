import type { Clock } from '../../base/clock.ts';
import { toDcuError } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { Meter } from '../../base/model.ts';
import type { BrokerMessage } from './broker.ts';
import type { Topics } from './messages.ts';

/** What may be asked for over MQTT; each has to be allowed by itself. */
export const MQTT_COMMANDS = ['read', 'relay', 'clock'] as const;
export type MqttCommand = (typeof MQTT_COMMANDS)[number];

export interface CommandWork {
  /** Clock, relay and registers of now. Hands back what is told of it. */
  read(meterId: number, signal: AbortSignal): Promise<Readonly<Record<string, unknown>>>;
  relay(meterId: number, to: 'off' | 'on', signal: AbortSignal): Promise<Readonly<Record<string, unknown>>>;
  /** Sets the meter's clock by the concentrator's. */
  clock(meterId: number, signal: AbortSignal): Promise<Readonly<Record<string, unknown>>>;
  /** Each command that is carried out, before it is. */
  audit(command: MqttCommand, meter: Meter, detail: string): Promise<void>;
}

export interface CommandsOptions {
  readonly topics: Topics;
  readonly allowed: ReadonlySet<MqttCommand>;
  readonly work: CommandWork;
  readonly meters: () => Promise<readonly Meter[]>;
  readonly answer: (meterId: number, answer: Readonly<Record<string, unknown>>) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Commands under way at the same time; further ones are answered `busy`. */
const MOST_AT_ONCE = 8;
/** A command that takes longer has failed. */
const LONGEST_MS = 300_000;
/** QoS 1 may bring a request twice: so many are remembered. */
const REMEMBERED = 256;

interface Request {
  readonly id: string;
  readonly state: 'on' | 'off' | undefined;
}

const isCommand = (name: string): name is MqttCommand => MQTT_COMMANDS.some((known) => known === name);

/** Carries out what is asked for over MQTT, as far as it is allowed, and answers through the outbox. */
export class Commands {
  readonly #options: CommandsOptions;
  readonly #seen = new Set<string>();
  readonly #abort = new AbortController();
  #running = 0;

  constructor(options: CommandsOptions) {
    this.#options = options;
  }

  /** What has to be subscribed to. */
  get topics(): readonly string[] {
    return [...this.#options.allowed].map((name) => this.#options.topics.commands(name));
  }

  /** Ends what is under way; it is answered as cancelled. */
  stop(): void {
    this.#abort.abort();
  }

  take(message: BrokerMessage): void {
    this.#take(message).catch((error: unknown) =>
      this.#options.log.error('a command could not be answered', { ...toDcuError(error).toJSON() }),
    );
  }

  async #take({ topic, payload, retained }: BrokerMessage): Promise<void> {
    const { topics, allowed, log } = this.#options;
    const asked = topics.command(topic);
    if (asked === undefined || !isCommand(asked.name) || !allowed.has(asked.name)) return;
    // One that the broker keeps would be carried out again at each connection.
    if (retained) return log.warn('a retained command was left alone', { topic });
    const meter = (await this.#options.meters()).find(
      ({ meterNo }) => topics.levelOf(meterNo) === asked.level,
    );
    if (meter === undefined) return log.warn('a command for a meter that is not there', { topic });
    const request = requestOf(payload);
    if (request === undefined) return log.warn('a command that is no request', { topic });
    await this.#answered(asked.name, meter, request);
  }

  async #answered(command: MqttCommand, meter: Meter, request: Request): Promise<void> {
    const { answer, clock } = this.#options;
    const key = `${meter.id} ${command} ${request.id}`;
    if (this.#seen.has(key)) return;
    this.#remember(key);
    const tell = (outcome: Readonly<Record<string, unknown>>): Promise<void> =>
      answer(meter.id, {
        command,
        request: request.id,
        time: new Date(clock.now()).toISOString(),
        ...outcome,
      });
    if (command === 'relay' && request.state === undefined) {
      return tell({ ok: false, error: { code: 'invalid-field', message: 'state must be on or off' } });
    }
    if (this.#running >= MOST_AT_ONCE) {
      return tell({ ok: false, error: { code: 'rate-limited', message: 'too many commands at once' } });
    }
    this.#running++;
    try {
      await tell({ ok: true, result: await this.#carryOut(command, meter, request) });
    } catch (thrown) {
      const { code, message } = toDcuError(thrown);
      await tell({ ok: false, error: { code, message } });
    } finally {
      this.#running--;
    }
  }

  async #carryOut(
    command: MqttCommand,
    meter: Meter,
    { id, state }: Request,
  ): Promise<Readonly<Record<string, unknown>>> {
    const { work, clock } = this.#options;
    await work.audit(command, meter, [`request ${id}`, ...(state === undefined ? [] : [state])].join(', '));
    const limit = new AbortController();
    const cancel = clock.after(LONGEST_MS, () => limit.abort());
    const signal = AbortSignal.any([limit.signal, this.#abort.signal]);
    try {
      switch (command) {
        case 'read':
          return await work.read(meter.id, signal);
        case 'relay':
          return await work.relay(meter.id, state ?? 'off', signal);
        case 'clock':
          return await work.clock(meter.id, signal);
      }
    } finally {
      cancel();
    }
  }

  #remember(key: string): void {
    this.#seen.add(key);
    const [oldest] = this.#seen;
    if (this.#seen.size > REMEMBERED && oldest !== undefined) this.#seen.delete(oldest);
  }
}

/** Undefined for what is no request. */
function requestOf(payload: Uint8Array): Request | undefined {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const id = 'id' in value ? value.id : undefined;
  const state = 'state' in value ? value.state : undefined;
  if (typeof id !== 'string' || !/^[\x21-\x7e]{1,64}$/.test(id)) return undefined;
  return { id, state: state === 'on' || state === 'off' ? state : undefined };
}
