import type { Clock } from '../base/clock.ts';
import { toDcuError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { FaultReport, type ToldFault } from '../channels/fault-report.ts';
import {
  listenPushes,
  PUSH_TRANSPORTS,
  type PushFault,
  type PushListener,
  type PushListenOptions,
  type PushTransports,
} from '../channels/push-listen.ts';
import type { PushIntake, RefusedPush } from '../meters/push/intake.ts';
import type { Configuration } from '../store/types.ts';

const PUSHED_DATA = 13;
/** Refusals that say that somebody tries something, rather than that something is broken. */
const SECURITY: ReadonlySet<string> = new Set([
  'replay-detected',
  'decryption-failed',
  'security-required',
  'authentication-failed',
]);

/** What goes into the concentrator's own logbook. */
export type PushIncident = 'push-unknown-sender' | 'push-refused';

export interface PushChannelsOptions {
  readonly configuration: Pick<Configuration, 'channels' | 'channelAttributes'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly record: (type: PushIncident, detail: string) => void;
}

interface Open {
  readonly options: PushListenOptions;
  readonly listener: PushListener;
}

/** The channels that listen for pushed data, as configured: each enabled one has its port open. */
export class PushChannels {
  readonly #options: PushChannelsOptions;
  readonly #faults: FaultReport;
  readonly #refusals: FaultReport;
  readonly #open = new Map<string, Open>();
  #intake: Pick<PushIntake, 'take'> | undefined;
  #changing: Promise<void> = Promise.resolve();

  constructor(options: PushChannelsOptions) {
    this.#options = options;
    const { clock } = options;
    this.#faults = new FaultReport(clock, (told) => this.#log('bytes that are no pushed data', told));
    this.#refusals = new FaultReport(clock, (told) => this.#log('pushed data refused', told));
  }

  /** Opens the ports; what comes goes to `intake`. */
  start(intake: Pick<PushIntake, 'take'>): Promise<void> {
    this.#intake = intake;
    return this.reload();
  }

  /** To be called whenever a channel or one of its attributes has changed. A port that cannot be had is in the log. */
  reload(): Promise<void> {
    this.#changing = this.#changing.then(() => this.#reload());
    return this.#changing;
  }

  /** Port of an open channel; undefined while it is closed. */
  port(channel: string): number | undefined {
    return this.#open.get(channel)?.listener.port;
  }

  /** Told once a minute for each host and cause. */
  refused({ arrival, error, systemTitle, meter }: RefusedPush): void {
    const { transport, from, host } = arrival;
    const who = meter?.meterNo ?? systemTitle ?? 'nobody named';
    this.#refusals.tell({ transport, from, host: `${host} ${who}`, error });
  }

  /** What came and was no notification; told as `refused`. */
  fault(fault: PushFault): void {
    this.#faults.tell(fault);
  }

  async close(): Promise<void> {
    await this.#changing;
    await Promise.all([...this.#open.keys()].map((name) => this.#shut(name)));
  }

  async #reload(): Promise<void> {
    const wanted = await this.#wanted();
    for (const [name, { options }] of this.#open) {
      if (!Bun.deepEquals(wanted.get(name), options, true)) await this.#shut(name);
    }
    for (const [name, options] of wanted) {
      if (!this.#open.has(name)) await this.#start(name, options);
    }
  }

  async #wanted(): Promise<Map<string, PushListenOptions>> {
    const { configuration } = this.#options;
    const [channels, attributes] = await Promise.all([
      configuration.channels(),
      configuration.channelAttributes(),
    ]);
    const listening = channels.filter(({ commType, enabled }) => commType === PUSHED_DATA && enabled);
    return new Map(
      listening.flatMap((channel) => {
        const own = attributes.filter(({ owner }) => owner === channel.name);
        const values = new Map(own.map(({ key, value }) => [key, value]));
        // Without a port it is closed, as every channel that listens.
        return values.get('port') === '' ? [] : [[channel.name, listenOptions(values)] as const];
      }),
    );
  }

  async #start(name: string, options: PushListenOptions): Promise<void> {
    const { clock, log } = this.#options;
    try {
      const listener = await listenPushes(
        options,
        {
          onArrival: (arrival) => this.#intake?.take(arrival),
          onFault: (fault) => this.fault(fault),
        },
        clock,
      );
      this.#open.set(name, { options, listener });
      log.info('listening for pushed data', { channel: name, host: options.host, port: listener.port });
    } catch (error) {
      log.error('a channel cannot listen', { channel: name, ...toDcuError(error).toJSON() });
    }
  }

  async #shut(name: string): Promise<void> {
    const open = this.#open.get(name);
    this.#open.delete(name);
    await open?.listener.close();
  }

  #log(what: string, { fault, repeated }: ToldFault): void {
    const { error, from, host } = fault;
    const { code, message } = error;
    this.#options.log.warn(what, { from, code, message, repeated });
    const again = repeated === 0 ? '' : `, and ${repeated} times before`;
    if (code === 'not-found') this.#options.record('push-unknown-sender', `${host}${again}`);
    else if (SECURITY.has(code)) this.#options.record('push-refused', `${host}: ${message}${again}`);
  }
}

function listenOptions(attributes: ReadonlyMap<string, string>): PushListenOptions {
  const transport = attributes.get('transport');
  return {
    host: attributes.get('host') ?? '0.0.0.0',
    port: Number(attributes.get('port') ?? '0'),
    transport: isTransport(transport) ? transport : 'both',
  };
}

const isTransport = (text: string | undefined): text is PushTransports =>
  PUSH_TRANSPORTS.some((known) => known === text);
